"""Stacks drawn at the limits of their settings and beyond them, each with what the settings take."""

import typing
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from components.errors import SettingsError
from components.setting_groups import LogRetentionDays
from components.settings import load_settings
from signals.stack_files import stack_settings


def near(*limits: int) -> st.SearchStrategy[int]:
    return st.sampled_from([limit + step for limit in limits for step in (-1, 0, 1)])


def names(longest: int) -> st.SearchStrategy[str]:
    some = st.from_regex(r"[a-z][a-z0-9-]{1,10}[a-z0-9]", fullmatch=True)
    return some | some | st.sampled_from(["a" * n for n in (1, 2, longest, longest + 1)] + ["a--b", "a-", "ä", "a.b"])


letters = st.characters(codec="utf-8", categories=["L", "N", "Zs"]) | st.sampled_from("_.:/=+-@")
words = st.text(letters, max_size=8) | st.sampled_from(["", "aws:x", "a,b", "*", "a" * 128, "a" * 256, "a" * 257])
label = st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,10}", fullmatch=True)
labels = label | label | st.sampled_from(["a" * 52, "a" * 63, "a" * 64, "xn--p1ai", "xn--a", "ü", "-a", "a_b", ""])
domains = st.builds(
    lambda one, several, last: ".".join([one, *several, last]),
    labels,
    st.lists(label, max_size=2),
    st.sampled_from(["com", "example", "xn--p1ai", "x", "c0m"]),
)
regions = st.permutations(["us-west-2", "us-east-1", "eu-south-1", "ap-northeast-3", "af-south-1"])
matches = st.one_of(
    words,
    st.integers() | st.none() | st.booleans(),
    st.builds(lambda name, text: {name: text}, st.sampled_from(["prefix", "suffix", "wildcard", "exactly"]), words),
    st.builds(lambda text: {"anything-but": text}, words | st.lists(words, max_size=2)),
    st.builds(lambda low, high: {"numeric": [">", low, "<=", high]}, near(0, 5), near(5, 5_000_000_000)),
    st.builds(lambda block: {"cidr": block}, st.sampled_from(["10.0.0.0/8", "::/0", "10.0.0.0/33", "::1"])),
    st.builds(lambda yes: {"exists": yes}, st.booleans()),
)
fields = st.lists(matches, min_size=1, max_size=3)
branch = st.builds(lambda values: {"detail-type": values}, fields)
patterns = st.one_of(
    st.builds(lambda type_, data: {"detail-type": type_, "detail": {"data": {"a b": data}}}, fields, fields),
    st.builds(lambda several: {"$or": several}, st.lists(branch, min_size=1, max_size=3)),
    st.builds(lambda length: {"detail-type": ["x" * length]}, near(2_000, 2_006, 4_050)),
    st.sampled_from([{}, {"source": ["x"]}, {"detail": {}}, {"detail-type": "x"}]),
)
consumers = st.builds(
    lambda queue, lake, mode, pattern: [
        {"name": queue, "kind": "queue", "mode": mode, "pattern": pattern},
        {"name": lake, "kind": "lake"},
        {"name": "profile", "kind": "function", "handler": "profile", "mode": mode},
    ],
    names(15),
    names(15),
    st.sampled_from(["active-archive", "active-active"]),
    patterns,
)

# Each setting alone, at the ends of what AWS takes and a step beyond.
DRAWN: Mapping[str, st.SearchStrategy[Any]] = {
    "name": names(24),
    "account_id": st.sampled_from(["000000000000", "444455556666", "1", "44445555666a"]),
    "regions": regions.map(lambda some: {"primary": some[0], "secondary": some[1]}),
    "domain": st.fixed_dictionaries({"name": domains, "hosted_zone_id": st.sampled_from(["Z1", "Z" + "A" * 31])}),
    "domain.hosted_zone_id": st.sampled_from(["Z" + "A" * 31, "Z" + "A" * 32, "x"]),
    "archive.retention_days": near(2, 2**31 - 1),
    "archive.primary": st.booleans(),
    "failover.latency_threshold_ms": near(0, 2**31 - 1),
    "failover.evaluation_periods": near(1, 60),
    "failover.heartbeat": st.booleans(),
    "failover.missing_data": st.sampled_from(["breaching", "missing", "ignore", "notBreaching"]),
    "failover.inverted": st.none() | st.booleans(),
    "functions.log_retention_days": st.sampled_from([0, 2, *typing.get_args(LogRetentionDays)]),
    "functions.tracing": st.booleans(),
    "functions.platform_log_level": st.sampled_from(["DEBUG", "INFO", "WARN"]),
    "ingest.memory_mb": near(128, 10_240),
    "ingest.timeout_seconds": near(5, 29),
    "ingest.snap_start": st.booleans(),
    "ingest.requests_per_second": near(1, 2**31 - 1),
    "ingest.burst_requests": near(1, 5_000),
    "ingest.reserved_concurrency": st.none() | near(1, 2**31 - 1),
    "ingest.max_signal_bytes": near(1_024, 240_000),
    "ingest.allowed_origins": st.lists(
        st.sampled_from(["*", "https://*", "https://a.example", "http://[::1]:1", "a.example", "https://a/"]),
        max_size=2,
    ),
    "enrichment.memory_mb": near(128, 10_240),
    "enrichment.timeout_seconds": near(1, 900),
    "lake.buffer_seconds": near(0, 60, 900),
    "lake.buffer_mb": near(1, 128),
    "lake.infrequent_access_after_days": near(30, 90, 2**31 - 2),
    "lake.expire_after_days": st.none() | near(31, 2**31 - 1),
    "tables.warm_reads_per_second": st.none() | near(12_000, 2**31 - 1),
    "tables.warm_writes_per_second": st.none() | near(4_000, 2**31 - 1),
    "consumers": consumers,
    "tags": st.dictionaries(words, words.filter(bool), max_size=3)
    | near(48).map(lambda n: {f"t{i}": "x" for i in range(n)}),
    "alarm_topics": st.builds(
        lambda region, length: {region: f"arn:aws:sns:{region}:444455556666:{'t' * length}"},
        st.sampled_from(["us-west-2", "us-east-1", "eu-south-1"]),
        near(256),
    ),
}
# What `signals terraform` refuses, since the provider whose schema it writes by does not know it.
NOT_IN_TERRAFORM = ("tables.warm_reads_per_second", "tables.warm_writes_per_second")
stacks = st.fixed_dictionaries({path: st.lists(drawn, min_size=1, max_size=4) for path, drawn in DRAWN.items()})


def taken(drawn: Mapping[str, list[Any]], stack: str = "prod", without: Sequence[str] = ()) -> dict[str, Any]:
    """A stack's settings with the last of the drawn values for each that they take, but for some settings."""
    settings: dict[str, Any] = {**stack_settings(stack), "protection": False, "alarm_topics": {}}
    for path, several in drawn.items():
        if path in without:
            continue
        group, _, name = path.partition(".")
        for value in several:
            changed = {**settings, group: {**settings.get(group, {}), name: value} if name else value}
            try:
                load_settings(changed)
            except SettingsError:
                continue
            settings = changed
    return settings
