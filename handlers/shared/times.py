"""Times: now, and as RFC 3339 text."""

import re
from datetime import UTC, datetime

_YEAR = r"(?!0000)\d{4}"
_MINUTES, _SECONDS = r"(?:[01]\d|2[0-3]):[0-5]\d", r":(?:[0-5]\d|60)(?:\.\d{1,9})?"
# Days that every year has, in UTC: nearly every time there is, and one match tells.
_UTC = re.compile(
    rf"{_YEAR}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    rf"T{_MINUTES}{_SECONDS}Z",
    re.ASCII,
)
_RFC3339 = re.compile(rf"({_YEAR}-\d\d-\d\d)[Tt]({_MINUTES})({_SECONDS})([Zz]|[+-]{_MINUTES})", re.ASCII)


def utc_text(text: str) -> str | None:
    """An RFC 3339 time as the same instant in UTC, its seconds as they were written; None if it is not a time."""
    if _UTC.fullmatch(text):
        return text
    match = _RFC3339.fullmatch(text)
    if not match:
        return None
    day, minutes, seconds, offset = match.groups()
    try:
        # datetime has no leap second (:60), and no offset has seconds: so they are kept apart.
        start = datetime.fromisoformat(f"{day}T{minutes}{'+00:00' if offset in 'Zz' else offset}").astimezone(UTC)
    except (ValueError, OverflowError):  # 30 February; or before year 1 once in UTC
        return None
    return f"{start:%Y-%m-%dT%H:%M}".rjust(16, "0") + f"{seconds}Z"


def is_utc(valid: str) -> bool:
    """Whether a valid RFC 3339 time is written as `utc_text` would write it."""
    return valid[-1] == "Z" and valid[10] == "T"


def timestamp(moment: datetime) -> str:
    """A moment in UTC with milliseconds, as in 2026-01-01T00:00:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)
