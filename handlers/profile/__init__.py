"""The function that keeps customer profiles that come out the same in both Regions."""
