"""The embedded AWS, as commands read it: messages without a receive, archives whole, functions by their logs."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from signals.aws.account import Aws, Event
from signals.aws.reading import QueueMessage, items, or_none, queue_message
from signals.errors import Failed
from signals.local import faults, process

# It opens nothing but this machine's loopback; its SHA-256 stands in Pulumi.local.yaml.
LOCAL_WRITE_KEY = "local-write-key"
# Shows the events in an archive, which on AWS only a replay does.
ARCHIVE_PATH = "/_signals/archive"


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
        seen = self._ask("/_ministack/sqs/messages", region=region, QueueUrl=queue_url)
        for queues in seen["messages"].get(self._account_id, {}).values():
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
        return list(self._ask(ARCHIVE_PATH, region=region, ArchiveName=archive))

    def put_events_quota(self, region: str) -> int | None:  # noqa: ARG002
        return None

    def faults(self, wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The faults in effect (`signals.local.faults`), after setting them if they are given."""
        return dict(self._ask(faults.PATH, json=wanted))

    def _ask(self, path: str, *, json: Mapping[str, Any] | None = None, **query: str) -> Any:
        """What a path beside AWS's own API answers to a GET, or with `json` to a PUT."""
        import httpx

        url, query = f"{self.platform.aws_url}{path}", {"account": self._account_id, **query}
        method = "GET" if json is None else "PUT"
        try:
            response = httpx.request(method, url, params=query, headers=self.headers, json=json, timeout=10)
            return response.raise_for_status().json()
        except httpx.HTTPError as error:
            raise Failed(f"the embedded AWS does not answer ({error}): start it with `signals up`") from None
