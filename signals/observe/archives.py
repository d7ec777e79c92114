"""The events in an archive, read the only way that EventBridge offers: a replay, here into a queue of our own.

Used on the embedded AWS alone. On AWS the same replay costs $1 a million events, comes to an archive of a month's
signals, and sees nothing of the last ten minutes (EventBridge User Guide, "Archiving and replaying events").
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from signals.errors import Failed
from signals.observe import embedded
from signals.stack import Stack

Event = dict[str, Any]
_REPLAY_SECONDS = 30.0
_read: dict[tuple[str, str], tuple[int, list[Event]]] = {}


def events(stack: Stack, region: str) -> list[Event]:
    """Events in the ingress archive of one Region; none where there is no archive.

    An archive whose count has not changed is not replayed again.
    """
    try:
        archive = stack.client("events", region).describe_archive(ArchiveName=stack.names.archive)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    known = (stack.aws_endpoint, archive["ArchiveArn"])
    count, found = _read.get(known, (0, []))
    if archive.get("EventCount", 0) != count:
        found = _replayed(stack, region, archive)
        _read[known] = (archive["EventCount"], found)
    return found


def _replayed(stack: Stack, region: str, archive: dict[str, Any]) -> list[Event]:
    """Replay an archive to one rule that nobody else listens to, and remove the rule again."""
    client, sqs = stack.client("events", region), stack.client("sqs", region)
    name, bus = f"find-{uuid.uuid4().hex[:12]}", archive["EventSourceArn"].rpartition("/")[2]
    with ExitStack() as cleaning:
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        cleaning.callback(sqs.delete_queue, QueueUrl=queue)
        pattern = json.dumps({"replay-name": [name]})
        rule = client.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)["RuleArn"]
        cleaning.callback(client.delete_rule, Name=name, EventBusName=bus)
        arn = f"arn:aws:sqs:{region}:{stack.settings.account_id}:{name}"
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": _policy(arn, rule)})
        client.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "find", "Arn": arn}])
        cleaning.callback(client.remove_targets, Rule=name, EventBusName=bus, Ids=["find"])
        client.start_replay(
            ReplayName=name,
            EventSourceArn=archive["ArchiveArn"],
            EventStartTime=archive["CreationTime"] - timedelta(minutes=1),
            EventEndTime=datetime.now(UTC) + timedelta(minutes=1),
            # Without it the replay would reach every rule of the bus.
            Destination={"Arn": archive["EventSourceArn"], "FilterArns": [rule]},
        )
        _wait(client, name)
        return [json.loads(message["Body"]) for message in embedded.messages(stack, region, queue)]


def _policy(queue_arn: str, rule_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _wait(client: Any, replay: str) -> None:
    deadline = time.monotonic() + _REPLAY_SECONDS
    while (state := client.describe_replay(ReplayName=replay)["State"]) in ("STARTING", "RUNNING"):
        if time.monotonic() > deadline:
            raise Failed(f"the archive's replay is still {state.lower()} after {_REPLAY_SECONDS:.0f} s: try again")
        time.sleep(0.02)
