"""The function that brings signals to the standard form and puts them on the data platform bus."""
