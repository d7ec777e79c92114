"""The function that puts a probe through the global endpoint once a minute."""
