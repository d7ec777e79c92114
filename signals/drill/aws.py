"""A drill on AWS: the health check's inversion is its only fault, and the lake is asked through Athena."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from signals.drill.ground import Entered, Tell
from signals.drill.scenarios import Scenario
from signals.drill.stage import Stage
from signals.errors import Failed
from signals.stack import Stack

_LOOK_EVERY_S = 60.0
_QUERY_S = 120.0
_MOST_ROWS = 50_000


class AwsGround(Stage):
    """A stack on AWS.

    An Athena query reads the hours of the drill, whole: on a busy stack that is what it costs. It is asked at most once
    a minute. Archives cannot be queried by id, and failure queues, which may hold others' messages, are left alone.
    """

    def __init__(self, stack: Stack, key: str) -> None:
        super().__init__(stack, key)
        self._found: list[tuple[str, datetime]] = []
        self._asked_at = float("-inf")
        self._scanned_bytes = 0

    def inject(self, scenario: Scenario) -> None:
        raise Failed(f"{scenario.name} makes something ill: that is for the stack on this machine")

    def heal(self) -> None:
        """Nothing was made ill."""

    def symptom(self, scenario: Scenario, unsettled: int) -> str | None:  # noqa: ARG002
        return None

    def redrive(self, tell: Tell) -> int:  # noqa: ARG002
        return 0

    def replay(self, start: datetime, end: datetime, tell: Tell) -> None:
        """Say how: a replay would bring everybody's signals of that time again, which is not a drill's to decide."""
        window = f"--from {start:%Y-%m-%dT%H:%MZ} --to {end + timedelta(minutes=1):%Y-%m-%dT%H:%MZ}"
        tell(f"signals are missing: see `signals replay plan {window} --whole --stack {self.stack}`")

    def lake(self, run_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        if time.monotonic() - self._asked_at >= _LOOK_EVERY_S:
            self._found = self._query(run_id, since)
            self._asked_at = time.monotonic()
        return self._found

    def archived(self, run_id: str, since: datetime) -> Mapping[str, Sequence[Entered] | None]:  # noqa: ARG002
        return dict.fromkeys(self.regions)

    def notes(self) -> tuple[str, ...]:
        return (
            "archives are not counted: AWS offers no query of one by id",
            "the time in the lake is when ingest received a signal: Athena knows no time of arrival",
            f"Athena read {self._scanned_bytes / 1e9:.2f} GB",
        )

    def _query(self, run_id: str, since: datetime) -> list[tuple[str, datetime]]:
        """Every copy of this drill's signals: id and time of receipt."""
        now, hours = datetime.now(UTC), []
        at = since.replace(minute=0)
        while at <= now:
            hours.append(f"(dt = '{at:%Y-%m-%d}' AND hour = '{at:%H}')")
            at += timedelta(hours=1)
        sql = (
            f"SELECT id, receivedat FROM signals WHERE source = '/drill/{run_id}' AND ({' OR '.join(hours)}) "
            f"LIMIT {_MOST_ROWS}"
        )
        athena, name = self._stack.client("athena", self._stack.primary), f"{self._stack.settings.name}-lake"
        query = athena.start_query_execution(
            QueryString=sql, WorkGroup=name, QueryExecutionContext={"Database": name.replace("-", "_")}
        )["QueryExecutionId"]
        deadline = time.monotonic() + _QUERY_S
        while True:
            execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                break
            if state not in ("QUEUED", "RUNNING") or time.monotonic() > deadline:
                raise Failed(f"Athena's query {query} is {state.lower()}: count the drill's signals with {sql!r}")
            time.sleep(1.0)
        self._scanned_bytes += execution.get("Statistics", {}).get("DataScannedInBytes", 0)
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        rows = [
            [cell.get("VarCharValue", "") for cell in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return [(row[0], datetime.fromisoformat(row[1])) for row in rows[1:]]  # the first row is the header
