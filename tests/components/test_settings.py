"""Impossible stacks are refused, before anything is registered, with the setting's name and the remedy."""

from collections.abc import Callable
from typing import Any

import pytest

from components.errors import SettingsError
from components.resource_types import ARCHIVE, BUCKET, FUNCTION, QUEUE, ROLE, RULE
from components.setting_groups import INT32_MAX, Settings
from components.settings import PlatformSettings, load_settings
from signals.errors import RecordError
from signals.recording.record import record

SettingsOf = Callable[[str], dict[str, Any]]
SHA = "a" * 64
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "one region twice": (
        {"regions": {"primary": "us-west-2", "secondary": "us-west-2"}},
        "regions",
        "choose two different Regions",
    ),
    "a region without global endpoints": (
        {"regions": {"primary": "us-west-2", "secondary": "af-south-1"}},
        "regions.secondary",
        "choose one of",
    ),
    "no heartbeat while missing data breaches": (
        {"failover": {"heartbeat": False}},
        "failover",
        "set heartbeat: true or missing_data: missing",
    ),
    "an archive shorter than replication's retries": (
        {"archive": {"retention_days": 1}},
        "archive.retention_days",
        "2",
    ),
    "a misspelt setting": ({"archive": {"retention": 30}}, "archive.retention", "correct its spelling"),
    "no source": ({"sources": {}}, "sources", "at least 1"),
    "a write key in clear": ({"sources": {"web": {"write_keys": ["secret"]}}}, "sources.web.write_keys.0", "sha256sum"),
    "one write key for two sources": (
        {"sources": {"web": {"write_keys": [SHA]}, "shop": {"write_keys": [SHA]}}},
        "",
        "give each its own",
    ),
    "two consumers of one name": (
        {"consumers": [{"name": "lake", "kind": "lake"}, {"name": "lake", "kind": "queue"}]},
        "",
        "give each its own",
    ),
    "a function without code": ({"consumers": [{"name": "mail", "kind": "function"}]}, "consumers.0", "set handler"),
    "code that is not there": (
        {"consumers": [{"name": "mail", "kind": "function", "handler": "mail"}]},
        "consumers.0",
        "there is no handlers/mail/handler.py",
    ),
    "a queue with code": (
        {"consumers": [{"name": "mail", "kind": "queue", "handler": "profile"}]},
        "consumers.0",
        "remove handler",
    ),
    "a pattern on the source": (
        {"consumers": [{"name": "mail", "kind": "queue", "pattern": {"source": ["x"]}}]},
        "consumers.0",
        "the platform sets source itself",
    ),
    "this machine's python on aws": ({"functions": {"runtime": "host"}}, "", "name a Lambda runtime"),
    "a snapshot of a python without snapshots": (
        {"functions": {"runtime": "python3.11"}, "ingest": {"snap_start": True}},
        "",
        "python3.12 or newer",
    ),
    "an endpoint that is no loopback": ({"aws_endpoint": "http://10.0.0.1:4566"}, "", "loopback"),
    "an account that is none": ({"account_id": "12"}, "account_id", "12 digits"),
    "an account of 13 digits": ({"account_id": "1234567890123"}, "account_id", "12 digits"),
    "two lakes": (
        {"consumers": [{"name": "lake", "kind": "lake"}, {"name": "pond", "kind": "lake"}]},
        "",
        "keep one of them",
    ),
    "an alarm topic for a region that is not the stack's": (
        {"alarm_topics": {"eu-west-1": "arn:aws:sns:eu-west-1:111122223333:pager"}},
        "",
        "in that same Region",
    ),
    "an alarm topic elsewhere": (
        {"alarm_topics": {"us-west-2": "arn:aws:sns:eu-west-1:111122223333:pager"}},
        "",
        "in that same Region",
    ),
    "a protected stack whose alarms tell nobody": (
        {"protection": True},
        "",
        "write alarm_topics: none if nobody is to be told",
    ),
    "a protected stack whose secondary's alarms tell nobody": (
        {"protection": True, "alarm_topics": {"us-west-2": "arn:aws:sns:us-west-2:111122223333:pager"}},
        "",
        "alarms in us-east-1 would tell nobody: set alarm_topics.us-east-1",
    ),
    "alarm topics that are neither named nor left out aloud": ({"alarm_topics": None}, "alarm_topics", "write none"),
    "an alarm topic without an account": (
        {"alarm_topics": {"us-west-2": "arn:aws:sns:us-west-2::pager"}},
        "alarm_topics.us-west-2",
        "the ARN of an SNS topic",
    ),
    "an account in digits that are not ASCII": ({"account_id": "١٢٣٤٥٦٧٨٩٠١٢"}, "account_id", "12 digits"),
    **{
        f"the endpoint {url}": ({"aws_endpoint": url}, "", "loopback")
        for url in (
            *("http://127.0.0.1:99999", "http://127.0.0.300:1", "ftp://127.0.0.1:1", "127.0.0.1:4566", "http://"),
            *(
                "http://127.0.0.1:4566/path",
                "http://127.0.0.1:4566?x",
                "http://me@127.0.0.1:4566",
                "http://127.0.0.1:x",
            ),
        )
    },
    **{
        f"tags {what}": ({"tags": tags}, "tags", remedy)
        for what, tags, remedy in (
            ("of AWS's own", {"aws:team": "x"}, "reserved for AWS"),
            ("whose value is AWS's own", {"team": "AWS:x"}, "reserved for AWS"),
            ("with a key that is too long", {"k" * 129: "x"}, "1 to 128 characters"),
            ("without a key", {"": "x"}, "1 to 128 characters"),
            ("with a value that is too long", {"team": "v" * 257}, "at most 256"),
            ("with a comma", {"team": "a,b"}, "not ','"),
            ("with a line break", {"team": "a\nb"}, "not '\\n'"),
            ("that differ in case", {"Team": "a", "team": "b"}, "'Team' and 'team' are one to IAM"),
            ("that differ from the platform's in case", {"Stack": "a"}, "'Stack' and 'stack' are one to IAM"),
            ("that are too many", {f"t{n}": "x" for n in range(49)}, "49 tags are too many"),
        )
    },
    **{
        f"the domain {name}": ({"domain": {"name": name, "hosted_zone_id": "Z1"}}, "domain.name", remedy)
        for name, remedy in (
            ("example", "signals.example.com"),
            ("-a.example.com", "hyphen"),
            ("a-.example.com", "hyphen"),
            ("a..example.com", "1 to 63"),
            (f"{'a' * 64}.example", "a certificate's name at most 64"),
            (f"{'a' * 63}.example", "a certificate's name at most 64"),
            ("bücher.example", "write it in punycode, xn--bcher-kva.example"),
            ("xn--99999999.example", "is not punycode"),
            ("xn--plain-.example", "hyphen"),
            ("xn--.example", "hyphen"),
            ("xn--a.example", "is not punycode"),
            ("ab--c.example", "is not punycode"),
            ("Signals.example.com", "a-z"),
            ("a_b.example.com", "a-z"),
            ("*.example.com", "a-z"),
            ("example.com.", "1 to 63"),
            ("10.0.0.1", "top-level"),
        )
    },
    "a zone that is none": (
        {"domain": {"name": "a.example.com", "hosted_zone_id": "Z" + "A" * 32}},
        "domain.hosted_zone_id",
        "hosted zone",
    ),
    **{
        f"the origin {origin!r}": (
            {"ingest": {"allowed_origins": [origin]}},
            "ingest.allowed_origins.0",
            "without a path",
        )
        for origin in (
            "shop.example.com",
            "https://shop.example.com/",
            "https://*.example.com",
            "HTTPS://shop",
            "",
            "null",
        )
    },
    "a folder above handlers": (
        {"consumers": [{"name": "mail", "kind": "function", "handler": "../handlers/profile"}]},
        "consumers.0.handler",
        "the name of a folder",
    ),
    "signals larger than a spool message": (
        {"ingest": {"max_signal_bytes": 300_000}},
        "ingest.max_signal_bytes",
        "240000",
    ),
    "objects that expire before they move": (
        {"lake": {"expire_after_days": 30}},
        "lake",
        "raise the first or lower the second",
    ),
}


@pytest.mark.parametrize(("change", "setting", "remedy"), REFUSED.values(), ids=REFUSED)
def test_an_impossible_stack_is_refused_with_setting_and_remedy(
    settings_of: SettingsOf, change: dict[str, Any], setting: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**settings_of("dev"), **change})
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"signals:settings {setting}".rstrip())
    assert remedy in line


@pytest.mark.parametrize(
    "change",
    [
        {"tags": {f"t{n}": "x" for n in range(48)}},
        {"tags": {"k" * 128: "v" * 256, "größe": "", "a b": "x@y:z/1+2=3_-."}},
        {"tags": {"stack": "another", "Name": "mine"}},
        {"domain": {"name": "xn--strae-oqa.xn--p1ai", "hosted_zone_id": "Z" + "A" * 31}},
        {"domain": {"name": f"{'a' * 52}.example.com", "hosted_zone_id": "Z1"}},
        {"domain": {"name": "1-2--3.example.com", "hosted_zone_id": "Z1"}},
        {"ingest": {"allowed_origins": ["*"]}},
        {"ingest": {"allowed_origins": ["https://shop.example.com", "http://localhost:3000", "https://*"]}},
        {"ingest": {"allowed_origins": ["capacitor://localhost", "http://[::1]:8080", "chrome-extension://abc"]}},
    ],
)
def test_what_aws_takes_is_taken(settings_of: SettingsOf, change: dict[str, Any]) -> None:
    load_settings({**settings_of("dev"), **change})


# What AWS takes, or the platform relies on: (setting, least, most), where None is no limit.
LIMITS: list[tuple[str, int, int | None]] = [
    ("archive.retention_days", 2, INT32_MAX),  # EventBridge retries replication for 24 h
    ("failover.latency_threshold_ms", 1, INT32_MAX),
    ("failover.evaluation_periods", 1, 60),
    ("ingest.memory_mb", 128, 10_240),  # Lambda quotas: memory, time-out
    ("ingest.timeout_seconds", 5, 29),  # HTTP API quotas: an integration has 30 s
    ("ingest.requests_per_second", 1, INT32_MAX),
    ("ingest.burst_requests", 1, 5_000),
    ("ingest.max_signal_bytes", 1_024, 240_000),  # handlers/ingest/wiring.py: what a spool message holds
    ("enrichment.memory_mb", 128, 10_240),
    ("enrichment.timeout_seconds", 1, 900),
    ("republish.timeout_seconds", 1, 900),
    ("consumer_functions.timeout_seconds", 1, 900),
    ("lake.buffer_seconds", 0, 900),  # Firehose API reference, BufferingHints
    ("lake.buffer_mb", 1, 128),
    ("lake.infrequent_access_after_days", 30, INT32_MAX),  # S3 API reference, Transition to STANDARD_IA
]


def _with(settings: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    group, _, name = path.partition(".")
    return {**settings, group: {**settings.get(group, {}), name: value}}


@pytest.mark.parametrize(("path", "least", "most"), LIMITS, ids=[path for path, *_ in LIMITS])
def test_a_number_at_its_limit_is_taken_and_one_beyond_is_refused(
    settings_of: SettingsOf, path: str, least: int, most: int | None
) -> None:
    settings = settings_of("dev")
    settings.pop("lake", None)
    for limit, beyond in ((least, least - 1), *([(most, most + 1)] if most else [])):
        load_settings(_with(settings, path, limit))
        with pytest.raises(SettingsError, match=path):
            load_settings(_with(settings, path, beyond))


def test_every_number_of_the_settings_has_its_limits_looked_at() -> None:
    numbers = {
        f"{group}.{name}"
        for group, field in PlatformSettings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings)
        for name, inner in field.annotation.model_fields.items()
        if inner.annotation is int
    }
    # The three sizes of functions are one class, whose memory is looked at once.
    assert numbers - {path for path, *_ in LIMITS} <= {"republish.memory_mb", "consumer_functions.memory_mb"}


def test_logs_are_kept_as_long_as_cloudwatch_can_keep_them(settings_of: SettingsOf) -> None:
    """CloudWatch Logs API reference, PutRetentionPolicy: the days that it accepts."""
    days = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
    for number in range(1, 3_660):
        settings = _with(settings_of("dev"), "functions.log_retention_days", number)
        try:
            load_settings(settings)
        except SettingsError:
            continue
        assert number in days


def test_an_expiry_is_later_than_the_move_to_cheaper_storage(settings_of: SettingsOf) -> None:
    for days, fine in ((60, False), (61, True)):
        lake = {"infrequent_access_after_days": 60, "expire_after_days": days}
        try:
            load_settings({**settings_of("dev"), "lake": lake})
        except SettingsError:
            assert not fine
        else:
            assert fine


def test_every_problem_is_told_at_once(settings_of: SettingsOf) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**settings_of("dev"), "account_id": "12", "name": "X"})
    assert len(str(refused.value).splitlines()) == 2


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="signals:settings account_id: must be set"):
        load_settings({})


def test_nothing_is_packaged_or_registered_for_a_refused_stack(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RecordError, match="must be set"):
        record("dev", {"name": "signals-dev"})
    assert "packaging" not in capsys.readouterr().err


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_the_stacks_of_the_repository_are_possible(settings_of: SettingsOf, stack: str) -> None:
    assert load_settings(settings_of(stack)).name == f"signals-{stack}"


def test_prod_is_what_the_design_says(settings_of: SettingsOf) -> None:
    prod = load_settings(settings_of("prod"))
    assert (prod.regions.primary, prod.regions.secondary) == ("us-west-2", "us-east-1")
    assert prod.archive.retention_days == 30
    assert prod.protection
    assert prod.domain
    assert [c.name for c in prod.active_active] == ["profile"]


def test_names_fit_what_aws_allows_at_their_longest(settings_of: SettingsOf) -> None:
    """S3 63, IAM roles and Lambda 64, archives 48 characters, with the longest names that the settings take."""
    settings = settings_of("prod")
    settings["name"] = "n" * 24
    settings["regions"] = {"primary": "ap-northeast-1", "secondary": "ap-southeast-2"}
    settings["alarm_topics"] = "none"
    for consumer, name in zip(settings["consumers"], ("l" * 15, "q" * 15, "f" * 15), strict=True):
        consumer["name"] = name
    longest = {
        BUCKET: ("bucket", 63),
        ROLE: ("name", 64),
        FUNCTION: ("name", 64),
        ARCHIVE: ("name", 48),
        RULE: ("name", 64),
        QUEUE: ("name", 80),
    }
    recording = record("prod", settings)
    for type_, (property_, limit) in longest.items():
        names = [r.inputs[property_] for r in recording.resources(type_)]
        assert names and max(map(len, names)) <= limit, max(names, key=len)


def test_a_lookup_of_aws_fails_the_recording() -> None:
    import pulumi_aws as aws

    from signals.recording.record import record_program

    with pytest.raises(RecordError, match=r"look-up .*getCallerIdentity refused"):
        record_program(lambda: aws.get_caller_identity_output().account_id.apply(lambda _: None))
