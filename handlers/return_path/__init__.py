"""The function that brings replayed batches from the secondary's archive back to the primary."""
