"""Sends signals to a stack, shows its status and finds signals in it."""
