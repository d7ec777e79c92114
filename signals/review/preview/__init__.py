"""What a change does to a stack, found without credentials: two recordings, compared."""
