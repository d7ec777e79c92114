"""What every alarm says of itself: what happened, and where the runbook tells what to do."""


def see(anchor: str, what: str) -> str:
    """An alarm's description; `anchor` is a heading of the runbook as its links name it."""
    return f"{what} Runbook: docs/runbook.md#{anchor}"
