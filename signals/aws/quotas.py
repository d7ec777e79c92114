"""What an account's quotas are where they are not AWS's defaults."""

from collections.abc import Iterable

from components.aws_quotas import QUOTAS, Quota
from signals.errors import Misuse


def overridden(given: Iterable[str]) -> dict[str, Quota]:
    """Every quota, and in its place what an account really has, as `name=value`.

    Raises:
        Misuse: No such quota, or not a number above zero.
    """
    found = dict(QUOTAS)
    for text in given:
        name, _, value = text.partition("=")
        if name not in found:
            raise Misuse(f"there is no quota {name!r}: choose one of {', '.join(found)}, as put_events=20000")
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not number > 0:
            raise Misuse(f"{text!r} is not a quota: write {name}= and a number above zero")
        found[name] = found[name].raised_to(number)
    return found
