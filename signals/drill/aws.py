"""A drill on AWS: its only fault is the inverted health check, and the lake is read through Athena."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from signals.drill.deployed import ArchivedSignal, DeployedEnvironment, Notify
from signals.errors import Failed
from signals.stack import Stack

_LOOK_EVERY_S = 60.0
_QUERY_S = 120.0
_MOST_ROWS = 50_000


class AwsEnvironment(DeployedEnvironment):
    """A stack on AWS.

    An Athena query reads the lake's partitions of the drill's hours completely, which is what a drill on a busy stack
    costs. It runs at most once a minute. Archives cannot be queried by id, and failure queues, which may hold other
    messages, are left alone.
    """

    def __init__(self, stack: Stack, key: str) -> None:
        super().__init__(stack, key)
        self._found: list[tuple[str, datetime]] = []
        self._asked_at = float("-inf")
        self._scanned_bytes = 0

    def redrive(self, notify: Notify) -> None:
        """Leave the failure queues alone."""

    def replay(self, start: datetime, end: datetime, notify: Notify) -> None:
        """Say how: a replay would deliver all signals of that time again, which a drill must not decide."""
        window = f"--from {start:%Y-%m-%dT%H:%MZ} --to {end + timedelta(minutes=1):%Y-%m-%dT%H:%MZ}"
        notify(f"signals are missing: see `signals replay plan {window} --whole --stack {self.stack}`")

    def lake(self, run_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        if time.monotonic() - self._asked_at >= _LOOK_EVERY_S:
            self._found = self._query(run_id, since)
            self._asked_at = time.monotonic()
        return self._found

    def archived(self, run_id: str) -> Mapping[str, Sequence[ArchivedSignal] | None]:  # noqa: ARG002
        return dict.fromkeys(self.regions)

    def notes(self) -> tuple[str, ...]:
        return (
            "archives are not counted: AWS cannot query one by id",
            "times in the lake are those of receipt by ingest: Athena has no time of arrival",
            f"Athena read {self._scanned_bytes / 1e9:.2f} GB",
        )

    def _query(self, run_id: str, since: datetime) -> list[tuple[str, datetime]]:
        """The id of every copy of this drill's signals, and its time of receipt."""
        now, hours = datetime.now(UTC), []
        at = since.replace(minute=0, second=0, microsecond=0)
        while at <= now:
            hours.append(f"(dt = '{at:%Y-%m-%d}' AND hour = '{at:%H}')")
            at += timedelta(hours=1)
        sql = (  # what is put in is a drill's own id and hours
            f"SELECT id, receivedat FROM signals WHERE source = '/drill/{run_id}' AND ({' OR '.join(hours)}) "  # noqa: S608
            f"LIMIT {_MOST_ROWS}"
        )
        athena, names = self._stack.aws.client("athena", self._stack.primary), self._stack.names
        query = athena.start_query_execution(
            QueryString=sql, WorkGroup=names.lake, QueryExecutionContext={"Database": names.lake_database}
        )["QueryExecutionId"]
        deadline = time.monotonic() + _QUERY_S
        while True:
            execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                break
            if state not in ("QUEUED", "RUNNING") or time.monotonic() > deadline:
                raise Failed(f"Athena's query {query} ended as {state}: count the drill's signals with {sql!r}")
            time.sleep(1.0)
        self._scanned_bytes += execution.get("Statistics", {}).get("DataScannedInBytes", 0)
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        rows = list(pages.search("ResultSet.Rows[].[Data[0].VarCharValue, Data[1].VarCharValue]"))
        return [(identity, datetime.fromisoformat(at)) for identity, at in rows[1:]]  # the first row is the header
