"""A pattern that the settings take is one that EventBridge takes: held against AWS's own compiler of patterns."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ministack.services import eventbridge

from components import event_pattern
from components.setting_groups import Consumer

RULER = Path(__file__).parent / "event-ruler"
Says = Callable[[Any], str]


def refused(pattern: Any) -> str:
    """Why `event_pattern` refuses a pattern; empty: it does not."""
    try:
        event_pattern.check(pattern)
    except ValueError as problem:
        return str(problem)
    return ""


@pytest.fixture(scope="module")
def ruler() -> Iterator[Says]:
    """Why AWS's Event Ruler refuses a pattern; empty: it does not."""
    if not shutil.which("java") or not shutil.which("mvn"):
        reason = "needs java and mvn, for software.amazon.event.ruler"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    jars = RULER / "target/dependency"
    if not jars.is_dir():
        command = ["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies"]
        subprocess.run([*command, "-DincludeScope=runtime"], cwd=RULER, check=True)
    with subprocess.Popen(
        ["java", "-cp", f"{jars}/*", RULER / "Check.java"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        asked, answers = process.stdin, process.stdout

        def says(pattern: Any) -> str:
            asked.write(json.dumps(pattern) + "\n")
            asked.flush()
            return answers.readline().strip()

        yield says
        asked.close()


texts = st.sampled_from(["", "a", "order.", "*", "**", "a*b", "\\", "\\*", "a\\b", "é", '"', "10.0.0.0/8", "::1"])
cidrs = st.builds(
    "{}/{}".format,
    st.sampled_from(["10.0.0.0", "1.2.3", "256.1.1.1", "01.2.3.4", "::", "2001:db8::", "::ffff:a00:1", "1::2::3", "x"]),
    st.sampled_from(["0", "8", "31", "32", "33", "127", "128", "-1", "+8", "", "a", "8/8", "99999999999"]),
)
numbers = st.one_of(st.sampled_from([0, 1, -1, 5e9, -5e9, 5e9 + 1, 1.5, 1e-7, 10**12, 10**400]), st.integers(-9, 9))
leaves = st.one_of(texts, numbers, st.none(), st.booleans())
nested = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=1), max_leaves=3
)
comparisons = st.lists(st.one_of(st.sampled_from(["=", "<", "<=", ">", ">=", "!"]), numbers, leaves), max_size=5)
ranges = st.tuples(
    st.sampled_from([">", ">=", "<"]), numbers, st.sampled_from(["<", "<=", ">"]), numbers
).map(list)  # fmt: skip
operands: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("equals-ignore-case", "wildcard", "exactly"), texts | nested),
    **dict.fromkeys(
        ("prefix", "suffix"), texts | st.dictionaries(st.sampled_from(["equals-ignore-case", "prefix"]), texts) | nested
    ),
    "numeric": comparisons | ranges | nested,
    "exists": st.booleans() | nested,
    "cidr": cidrs | nested,
    "anything-but": st.one_of(
        leaves,
        st.lists(numbers, max_size=3),
        st.lists(texts, max_size=3),
        st.lists(leaves, max_size=3),
        st.dictionaries(
            st.sampled_from(["prefix", "suffix", "equals-ignore-case", "wildcard", "numeric"]),
            texts | st.lists(texts, max_size=2) | nested,
            max_size=2,
        ),
    ),
    "regex": texts,
}
matches = st.one_of(
    leaves,
    *(st.fixed_dictionaries({name: operand}) for name, operand in operands.items()),
    st.fixed_dictionaries({"prefix": texts, "suffix": texts}),
    nested,
)
# One match expression alone, which is where most can be wrong; and the structure around plain values.
single = matches.map(lambda match: {"detail": {"total": [match]}})
fields = st.sampled_from(["detail", "detail-type", "total", "a.b", "", "prefix", "="])
plain = st.one_of(*[st.just(["x"])] * 6, st.just([]), st.just([["x"]]), leaves)
structures = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.dictionaries(fields, inner, min_size=1, max_size=3),
        st.lists(st.dictionaries(fields, inner, min_size=1, max_size=2), min_size=1, max_size=3).map(
            lambda several: {"$or": several}
        ),
        st.just({}),
    ),
    max_leaves=6,
)
whole = st.one_of(single, single, st.dictionaries(fields, structures, max_size=3), structures)
many = hypothesis_settings(
    max_examples=3_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

# What EventBridge's compiler would take and the settings do not, since it would not do what it looks like.
STRICTER = (
    "-5e9 to 5e9",  # the documented range; the compiler takes more
    "must be a list of at least two patterns",  # read as a field of that name
    "inside $or no field",  # likewise
    "must not be an empty list",  # after an operator: compiles, and cannot be evaluated
    "a block like 10.0.0.0/8",  # octets with leading zeros, a plus before the bits
)


@pytest.mark.slow
@many
@given(pattern=whole)
@example(pattern={"detail": {"total": [{"anything-but": {"prefix": ""}}]}})
@example(pattern={"detail": {"total": [{"anything-but": {"suffix": [""]}}]}})
@example(pattern={"detail": {"total": [{"anything-but": {"wildcard": "**"}}]}})
@example(pattern={"detail": {"total": [{"cidr": "::ffff:a00:1/32"}]}})
@example(pattern={"detail": {"total": [{"cidr": "::/128"}]}})
def test_the_settings_take_no_pattern_that_eventbridge_refuses(ruler: Says, pattern: Any) -> None:
    ours, theirs = refused(pattern), ruler(pattern)
    assert ours or not theirs, theirs
    if ours and not theirs:
        assert any(reason in ours for reason in STRICTER), ours


@pytest.mark.slow
@many
@given(pattern=whole)
def test_the_settings_take_no_pattern_that_the_embedded_aws_refuses(pattern: Any) -> None:
    assert refused(pattern) or not eventbridge._event_pattern_error(json.dumps(pattern))


def _nested(depth: int) -> dict[str, Any]:
    return {"a": _nested(depth - 1) if depth else [1]}


def _or(*lengths: int) -> dict[str, Any]:
    """As many $or, each in the first alternative of the one before."""
    first, *rest = lengths
    return {"$or": [{"a": [1], **(_or(*rest) if rest else {})}, *({"b": [n]} for n in range(first - 1))]}


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ({"detail": {"total": 5}}, "detail.total must be a list of what it may be: write [5]"),
        ({"detail": {}}, "detail must not be empty"),
        ({"detail-type": []}, "detail-type must not be an empty list"),
        ({"detail": {"total": [{"more-than": 5}]}}, "there is no operator 'more-than'"),
        ({"detail": {"total": [{"numeric": [">", 5, "<", 5]}]}}, "5 must be less than 5"),
        ({"detail-type": [{"wildcard": "order**"}]}, "no two * in a row"),
        ({"detail": {1: ["x"]}}, "put the field's name in quotes"),
        (_nested(101), "nested more than 100 levels deep"),
        (_or(10, 10, 11), "1100 combinations"),
        ({"detail": {"total": [float("nan")]}}, "may hold text, numbers"),
    ],
)
def test_what_is_wrong_with_a_pattern_is_said_with_its_field(pattern: Any, says: str) -> None:
    assert says in refused(pattern)


@pytest.mark.parametrize("pattern", [_nested(99), _or(10, 10, 10), {"time": [{"prefix": ""}]}])
def test_a_pattern_at_its_limits_is_taken(pattern: Any) -> None:
    assert not refused(pattern)
    assert not eventbridge._event_pattern_error(json.dumps(pattern))


def test_the_platform_alone_says_the_source() -> None:
    for pattern in ({"source": ["x"]}, {"$or": [{"source": ["x"]}, {"detail-type": ["y"]}]}):
        with pytest.raises(ValueError, match="the platform sets source itself"):
            Consumer.model_validate({"name": "orders", "kind": "queue", "pattern": pattern})


def test_a_rules_pattern_has_at_most_2048_characters() -> None:
    def consumer(length: int) -> Consumer:
        return Consumer.model_validate({"name": "orders", "kind": "queue", "pattern": {"detail-type": ["x" * length]}})

    rest = len(json.dumps(consumer(1).rule_pattern)) - 1
    assert len(json.dumps(consumer(2_048 - rest).rule_pattern)) == 2_048
    with pytest.raises(ValueError, match="has 2049 characters"):
        consumer(2_049 - rest)
