"""The function that takes signals from clients and puts them on the ingress bus."""
