"""EventBridge's language of event patterns, as far as it says what a pattern may be.

EventBridge refuses a pattern that it cannot compile when the rule is made, in the middle of a deployment. A test holds
this against AWS's own compiler (github.com/aws/event-ruler).

Sources: EventBridge User Guide, "Comparison operators for use in event patterns" and "Amazon EventBridge quotas"; Event
Ruler's README, "Rule combinations".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import inf, isfinite
from typing import Any

# The quota; it can be raised by request only for a whole account, and the API takes no more than 4,096.
MAX_CHARACTERS = 2_048
MAX_COMBINATIONS = 1_000
# EventBridge documents no limit; the embedded AWS has this one.
MAX_DEPTH = 100

_NUMERIC_LIMIT = 5e9
_OR = "$or"
# Beside `$or` a field cannot be called as an operator is, or as one may be called some day.
_NOT_BESIDE_OR = frozenset(
    (
        *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
        *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-before"),
        *("date-on-or-after", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range"),
    )
)


def check(pattern: Mapping[str, Any]) -> None:
    """Refuse a pattern that EventBridge would refuse.

    Raises:
        ValueError: With the field and what is wrong with it.
    """
    _fields(pattern, (), beside_or=False)
    if (several := _combinations(pattern)) > MAX_COMBINATIONS:
        raise ValueError(f"its $or make {several} combinations, and EventBridge takes {MAX_COMBINATIONS}: say less")


def _fields(pattern: object, path: tuple[str, ...], *, beside_or: bool) -> None:
    where = ".".join(path) or "the pattern"
    if not isinstance(pattern, Mapping):
        raise ValueError(f"{where} must be a mapping")
    if not pattern:
        raise ValueError(f"{where} must not be empty: name a field, or leave it out")
    if len(path) > MAX_DEPTH:
        raise ValueError(f"{'.'.join(path[:3])} is nested more than {MAX_DEPTH} levels deep")
    for name, value in pattern.items():
        here = ".".join((*path, str(name)))
        if not isinstance(name, str):
            raise ValueError(f"{here} must be text: put the field's name in quotes")
        if name == _OR:
            if not isinstance(value, list) or len(value) < 2:
                raise ValueError(f"{here} must be a list of at least two patterns")
            for each in value:
                _fields(each, (*path, _OR), beside_or=True)
        elif beside_or and name in _NOT_BESIDE_OR:
            raise ValueError(f"{here}: inside $or no field can be called {name}")
        elif isinstance(value, Mapping):
            _fields(value, (*path, name), beside_or=beside_or)
        elif isinstance(value, list):
            _values(value, here)
        else:
            raise ValueError(f"{here} must be a list of what it may be: write [{value}]")


def _values(values: list[Any], where: str) -> None:
    if not values:
        raise ValueError(f"{where} must not be an empty list: say what it may be")
    for value in values:
        if isinstance(value, Mapping):
            operator, operand = _only(value, where)
            if operator not in _OPERATORS:
                raise ValueError(f"{where}: there is no operator {operator!r}: use one of {', '.join(_OPERATORS)}")
            _OPERATORS[operator](operand, f"{where}: {operator}")
        elif not _is_plain(value):
            raise ValueError(f"{where} may hold text, numbers, true, false, null and operators, not {value!r}")


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | bool) or _is_number(value)


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and (isinstance(value, int) or isfinite(value))
    )


def _only(value: Mapping[Any, Any], where: str) -> tuple[Any, Any]:
    if len(value) != 1:
        raise ValueError(f"{where}: an operator stands alone in its braces, and here are {len(value)}")
    return next(iter(value.items()))


def _text(value: object, where: str) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{where} takes text: put it in quotes")


def _not_empty(value: object, where: str) -> None:
    _text(value, where)
    if not value:
        raise ValueError(f"{where} takes text that is not empty")


def _affix(value: object, where: str) -> None:
    if isinstance(value, Mapping):
        inner, value = _only(value, where)
        if inner != "equals-ignore-case":
            raise ValueError(f"{where} takes text or equals-ignore-case")
    _text(value, where)


def _wildcard(value: object, where: str) -> None:
    _text(value, where)
    if not re.fullmatch(r"(?:[^*\\]|\\[*\\]|\*(?!\*))*", str(value), re.DOTALL):
        raise ValueError(f"{where} takes no two * in a row, and \\ before * and \\ alone")


def _number(value: object, where: str) -> float:
    if not isinstance(value, int | float) or not _is_number(value) or abs(value) > _NUMERIC_LIMIT:
        raise ValueError(f"{where} takes numbers from -5e9 to 5e9")
    return float(value)


def _numeric(value: object, where: str) -> None:
    match value:
        case ["=" | "<" | "<=", number]:
            _number(number, where)
        case [">" | ">=", number]:
            _number(number, where)
        case [">" | ">=", low, "<" | "<=", high]:
            if not _number(low, where) < _number(high, where):
                raise ValueError(f"{where}: {low} must be less than {high}")
        case _:
            raise ValueError(
                f'{where} takes a comparison like ["=", 1], or a range, lower end first: [">", 0, "<=", 5]'
            )


def _exists(value: object, where: str) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{where} takes true or false")


def _cidr(value: object, where: str) -> None:
    _text(value, where)
    address, _, bits = str(value).partition("/")
    limits: Mapping[type, float] = {IPv4Address: 31, IPv6Address: 127}
    try:
        parsed = ip_address(address) if re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]+", address) else None
    except ValueError:
        parsed = None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if not re.fullmatch("[0-9]{1,3}", bits) or int(bits) > limits.get(type(parsed), -inf):
        raise ValueError(f"{where} takes a block like 10.0.0.0/8, of more than one address")


def _anything_but(value: object, where: str) -> None:
    if isinstance(value, Mapping):
        operator, value = _only(value, where)
        if operator not in _NEGATED:
            raise ValueError(f"{where} takes values or one of {', '.join(_NEGATED)}")
        several = value if isinstance(value, list) else [value]
        for each in several:
            _NEGATED[operator](each, f"{where}: {operator}")
    else:
        several = value if isinstance(value, list) else [value]
        texts = sum(isinstance(each, str) for each in several)
        if texts not in (0, len(several)):
            raise ValueError(f"{where} takes text or numbers, not both")
        for each in several if not texts else ():
            _number(each, where)
    if not several:
        raise ValueError(f"{where} must not be an empty list")


_NEGATED: Mapping[str, Callable[[object, str], None]] = {
    "prefix": _not_empty,
    "suffix": _not_empty,
    "equals-ignore-case": _text,
    "wildcard": _wildcard,
}
_OPERATORS: Mapping[Any, Callable[[object, str], object]] = {
    "prefix": _affix,
    "suffix": _affix,
    "anything-but": _anything_but,
    "equals-ignore-case": _text,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "exists": _exists,
    "cidr": _cidr,
    "exactly": _text,
}


def _combinations(pattern: Mapping[str, Any]) -> int:
    """How many rules EventBridge makes of a pattern: the product of the lengths of all its $or."""
    several = 1
    for name, value in pattern.items():
        inner: Iterable[Any] = [value]
        if name == _OR:
            several *= len(value)
            inner = value
        for each in inner:
            if isinstance(each, Mapping):
                several *= _combinations(each)
    return several
