"""The embedded AWS, as commands read it: messages without a receive, archives whole, functions by their logs."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from components import resource_types as types
from signals.aws.account import Aws, Event
from signals.aws.reading import QueueMessage, items, or_none, queue_message
from signals.errors import Failed
from signals.local import process

# It opens nothing but this machine's loopback; its SHA-256 stands in Pulumi.local.yaml.
LOCAL_WRITE_KEY = "local-write-key"
_REPLAY_SECONDS = 30.0


class EmbeddedAws(Aws):
    """An account of an embedded AWS.

    Args:
        stack: What it was started for.
        account_id: The account.
        home: Its folder.
    """

    failover_poll_s = replay_poll_s = 0.2
    probe_timeout_s = 3.0
    receive_wait_s = 0
    archive_lag = timedelta(0)
    lake_window = "30d"  # all there is
    archives_readable = True
    write_key = LOCAL_WRITE_KEY

    def __init__(self, stack: str, account_id: str, home: Path) -> None:
        super().__init__(home)
        self._stack, self._account_id = stack, account_id
        # By archive: its number of events when it was read, and the events.
        self._archives: dict[str, tuple[int, list[Event]]] = {}

    @cached_property
    def platform(self) -> process.Local:
        """Its process, which is asked for its id before anything else is asked of it.

        Raises:
            LocalError: When it does not run.
        """
        return process.attach(self.folder, self._stack)

    @property
    def headers(self) -> dict[str, str]:
        import httpx  # a quarter of the time that a command takes to start

        return {"User-Agent": f"python-httpx/{httpx.__version__} {self.platform.identity.user_agent}"}

    @property
    def engine_environment(self) -> dict[str, str]:
        return {
            # Its provider is answered by this platform alone (hashicorp/aws-sdk-go-base, TF_APPEND_USER_AGENT; the
            # pulumi provider reads it too).
            "TF_APPEND_USER_AGENT": self.platform.identity.user_agent,
            # Nothing limits the request rate here, and most of the time passes in waits of the provider's own.
            "TF_CLI_ARGS_apply": "-parallelism=60",
        }

    def _client_options(self) -> dict[str, Any]:
        return {
            "endpoint_url": self.platform.aws_url,
            # It takes an access key of twelve digits as the account.
            "aws_access_key_id": self._account_id,
            "aws_secret_access_key": "local",
            "config": {"s3": {"addressing_style": "path"}, "user_agent_extra": self.platform.identity.user_agent},
        }

    def api_url(self, api: Mapping[str, Any]) -> str:
        """Every API is a path below one address, so that no name has to be resolved."""
        return f"{self.platform.aws_url}/_aws/execute-api/{api['ApiId']}/$default"

    @property
    def front_door(self) -> str:
        return self.platform.url

    def messages(self, region: str, queue_url: str) -> Iterator[QueueMessage]:
        """Those that are in flight too, and without a receive."""
        import httpx

        params = {"account": self._account_id, "region": region, "QueueUrl": queue_url}
        try:
            url = f"{self.platform.aws_url}/_ministack/sqs/messages"
            answer = httpx.get(url, params=params, headers=self.headers, timeout=10).raise_for_status()
        except httpx.HTTPError as error:
            raise Failed(f"the embedded AWS does not answer ({error}): start it with `signals up`") from None
        for queues in answer.json()["messages"].get(self._account_id, {}).values():
            for messages in queues.values():
                yield from map(queue_message, messages)

    def function_counts(self, region: str, function: str, since: datetime) -> tuple[int | None, int | None]:
        """Counted in the function's log: AWS/Lambda metrics are published for calls of Invoke alone."""
        request = {"logGroupName": f"/aws/lambda/{function}", "startTime": int(since.timestamp() * 1000)}
        found = or_none(list, items(self.client("logs", region), "filter_log_events", "events", **request)) or []
        started = sum(event["message"].startswith("START RequestId:") for event in found)
        failed = sum(event["message"].startswith("Traceback ") for event in found)
        return (started, failed) if started else (None, None)

    def archived_events(self, region: str, archive: str) -> list[Event]:
        """Read by a replay into a queue made for it; an archive whose count has not changed is not replayed again."""
        events = self.client("events", region)
        described = or_none(events.describe_archive, ArchiveName=archive)
        if described is None:
            return []
        arn, count = described["ArchiveArn"], described.get("EventCount", 0)
        if count != self._archives.get(arn, (0, []))[0]:
            self._archives[arn] = (count, self._replayed(region, described))
        return self._archives.get(arn, (0, []))[1]

    def put_events_quota(self, region: str) -> int | None:  # noqa: ARG002
        return None

    def _replayed(self, region: str, archive: Mapping[str, Any]) -> list[Event]:
        """Replay an archive to one rule made for it, and remove the rule again."""
        events, sqs = self.client("events", region), self.client("sqs", region)
        name, bus = f"find-{uuid.uuid4().hex[:12]}", archive["EventSourceArn"].rpartition("/")[2]
        with ExitStack() as cleaning:
            queue = sqs.create_queue(QueueName=name)["QueueUrl"]
            cleaning.callback(sqs.delete_queue, QueueUrl=queue)
            pattern = json.dumps({"replay-name": [name]})
            rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)["RuleArn"]
            cleaning.callback(events.delete_rule, Name=name, EventBusName=bus)
            arn = types.arn(types.QUEUE, region=region, account=self._account_id, name=name)
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": _queue_policy(arn, rule)})
            events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "find", "Arn": arn}])
            cleaning.callback(events.remove_targets, Rule=name, EventBusName=bus, Ids=["find"])
            events.start_replay(
                ReplayName=name,
                EventSourceArn=archive["ArchiveArn"],
                EventStartTime=archive["CreationTime"] - timedelta(minutes=1),
                EventEndTime=datetime.now(UTC) + timedelta(minutes=1),
                # Without it the replay would reach every rule of the bus.
                Destination={"Arn": archive["EventSourceArn"], "FilterArns": [rule]},
            )
            deadline = time.monotonic() + _REPLAY_SECONDS
            while (state := events.describe_replay(ReplayName=name)["State"]) in ("STARTING", "RUNNING"):
                if time.monotonic() > deadline:
                    raise Failed(f"the archive's replay is still {state} after {_REPLAY_SECONDS:.0f} s: try again")
                time.sleep(0.02)
            return [json.loads(message.body) for message in self.messages(region, queue)]


def _queue_policy(queue_arn: str, rule_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
