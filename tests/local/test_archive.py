"""Archives and replays (User Guide, "Archiving and replaying events in EventBridge")."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from signals.local.embedded_aws import ARCHIVE_PATH
from tests.support.embedded import ACCOUNT, EAST, WEST, Aws, eventually, rule_arn


@pytest.fixture
def bus(aws: Aws, name: str) -> str:
    aws("events").create_archive(ArchiveName=name, EventSourceArn=aws.bus(name), RetentionDays=30)
    return name


def queue_of_rule(aws: Aws, bus: str, rule: str, pattern: dict[str, Any] | None = None) -> str:
    queue = aws.queue(f"{bus}-{rule}", sender=rule_arn(bus, rule))
    aws.rule(bus, rule, pattern or {"source": ["test"]}, Arn=queue)
    return queue


def replay(aws: Aws, bus: str, *rules: str, **settings: Any) -> str:
    now = datetime.now(UTC)
    request = {
        "ReplayName": bus,
        "EventSourceArn": f"arn:aws:events:{WEST}:{ACCOUNT}:archive/{bus}",
        "EventStartTime": now - timedelta(minutes=10),
        "EventEndTime": now + timedelta(minutes=1),
        "Destination": {
            "Arn": f"arn:aws:events:{WEST}:{ACCOUNT}:event-bus/{bus}",
            **({"FilterArns": [rule_arn(bus, rule) for rule in rules]} if rules else {}),
        },
        **settings,
    }
    aws("events").start_replay(**request)

    def state() -> str | None:
        found = str(aws("events").describe_replay(ReplayName=request["ReplayName"])["State"])
        return found if found == "COMPLETED" else None

    return str(eventually(state))


def test_a_listed_replay_says_what_it_covers(aws: Aws, bus: str) -> None:
    aws.put(bus, {"n": 1})
    assert replay(aws, bus) == "COMPLETED"
    described = aws("events").describe_replay(ReplayName=bus)
    [listed] = aws("events").list_replays(NamePrefix=bus)["Replays"]
    assert {"EventStartTime", "EventEndTime", "EventLastReplayedTime", "ReplayEndTime"} <= set(listed)
    assert listed == {key: described[key] for key in listed}


def test_an_archive_counts_what_its_bus_took_in(aws: Aws, bus: str) -> None:
    for number in range(3):
        aws.put(bus, {"n": number})
    archive = aws("events").describe_archive(ArchiveName=bus)
    assert archive["EventCount"] == 3
    assert archive["SizeBytes"] == 3 * len('{"n": 0}')
    assert archive["RetentionDays"] == 30
    assert "Events" not in archive


def test_an_archive_shows_its_events_as_rules_see_them_and_none_where_there_is_none(aws: Aws, bus: str) -> None:
    aws.put(bus, {"n": 1})
    for name, details in ((bus, [{"n": 1}]), ("another", [])):
        query = {"account": ACCOUNT, "region": WEST, "ArchiveName": name}
        held = httpx.get(f"{aws.url}{ARCHIVE_PATH}", params=query).json()
        assert [event["detail"] for event in held] == details
        assert all(event["source"] == "test" and event["region"] == WEST for event in held)


def test_a_replay_reaches_the_rules_it_names_and_says_so_in_each_event(aws: Aws, bus: str) -> None:
    chosen, other = queue_of_rule(aws, bus, "chosen"), queue_of_rule(aws, bus, "other")
    aws.put(bus, {"a": 1})
    assert aws.messages(chosen) and aws.messages(other)
    assert replay(aws, bus, "chosen") == "COMPLETED"
    (message,) = eventually(lambda: aws.messages(chosen))
    assert json.loads(message["Body"])["replay-name"] == bus
    assert aws.messages(other) == []


def test_a_replay_without_filter_reaches_every_rule_that_matches(aws: Aws, bus: str) -> None:
    live = queue_of_rule(aws, bus, "live", {"source": ["test"], "replay-name": [{"exists": False}]})
    every = queue_of_rule(aws, bus, "every")
    aws.put(bus)
    assert aws.messages(live) and aws.messages(every)
    replay(aws, bus)
    assert eventually(lambda: aws.messages(every))
    assert aws.messages(live) == []


def test_a_replay_is_not_archived_again(aws: Aws, bus: str) -> None:
    aws.put(bus)
    replay(aws, bus)
    assert aws("events").describe_archive(ArchiveName=bus)["EventCount"] == 1


def test_a_replay_that_a_rule_passes_on_is_not_archived_there(aws: Aws, bus: str) -> None:
    other = aws.bus(f"{bus}-other")
    aws("events").create_archive(ArchiveName=f"{bus}-other", EventSourceArn=other)
    aws.rule(bus, "on", {"source": ["test"]}, Arn=other)
    aws.put(bus)
    replay(aws, bus)
    assert aws("events").describe_archive(ArchiveName=f"{bus}-other")["EventCount"] == 1


def test_only_events_of_the_window_are_replayed(aws: Aws, bus: str) -> None:
    queue = queue_of_rule(aws, bus, "r")
    old = datetime.now(UTC) - timedelta(hours=2)
    entry = {"Source": "test", "DetailType": "Test", "Detail": '{"old":true}', "EventBusName": bus, "Time": old}
    aws("events").put_events(Entries=[entry])
    aws.put(bus, {"old": False})
    assert len(aws.messages(queue)) == 2
    replay(aws, bus)
    (message,) = eventually(lambda: aws.messages(queue))
    assert json.loads(message["Body"])["detail"] == {"old": False}


def test_a_replay_goes_to_the_archives_own_bus_only(aws: Aws, bus: str) -> None:
    destination = {"Arn": aws.bus(f"{bus}-other")}
    with pytest.raises(ClientError, match=r"Destination\.Arn"):
        replay(aws, bus, Destination=destination)


def test_what_is_older_than_the_retention_is_forgotten(aws: Aws, bus: str) -> None:
    old = datetime.now(UTC) - timedelta(days=31)
    entry = {"Source": "test", "DetailType": "Test", "Detail": "{}", "EventBusName": bus, "Time": old}
    aws("events").put_events(Entries=[entry])
    aws.put(bus)
    assert aws("events").describe_archive(ArchiveName=bus)["EventCount"] == 1


def test_an_archive_keeps_its_own_regions_bus(aws: Aws, bus: str) -> None:
    aws.bus(bus, EAST)
    aws.put(bus, region=EAST)
    assert aws("events").describe_archive(ArchiveName=bus)["EventCount"] == 0
