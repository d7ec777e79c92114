"""`make bench`; each topic has a function `run` that measures and returns its rows."""

Row = tuple[str, str]
