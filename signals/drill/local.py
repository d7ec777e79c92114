"""A drill on the embedded AWS: injected faults, and every signal counted by its id in the lake and the archives."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from signals.drill.deployed import ArchivedSignal, DeployedEnvironment
from signals.errors import Failed
from signals.local.embedded_aws import LOCAL_WRITE_KEY
from signals.local.faults import PATH
from signals.model.scenarios import Scenario
from signals.observe import apis, archives, lake
from signals.observe.queues import queue_statuses
from signals.recover.probe import probe
from signals.stack import Stack

_PATIENCE_S = 2.0


class LocalEnvironment(DeployedEnvironment):
    """The stack on this machine."""

    def __init__(self, stack: Stack, key: str = LOCAL_WRITE_KEY) -> None:
        super().__init__(stack, key)
        self._read: dict[str, list[tuple[str, datetime]]] = {}
        self._failed_before = 0

    def check_ready(self) -> None:
        active = [name for name, value in self._stack.embedded.faults().items() if value]
        if active:
            raise Failed(
                f"the embedded AWS has faults already ({', '.join(active)}): `PUT {PATH}` with {{}} clears them"
            )
        super().check_ready()
        self._failed_before = self._failed()

    def inject(self, scenario: Scenario) -> None:
        self._stack.embedded.faults(scenario.faults_for(names=self._stack.names, primary=self._stack.primary))

    def clear_fault(self) -> None:
        self._stack.embedded.faults({})

    def restore(self) -> None:
        if any(self._stack.embedded.faults({}).values()):
            raise Failed(f"the faults are not cleared: see `GET {self._stack.embedded.platform.aws_url}{PATH}`")
        super().restore()

    def symptom(self, scenario: Scenario, late: int) -> str | None:
        match scenario.symptom:
            case "endpoint":
                seen = probe(self._stack, patience_s=_PATIENCE_S)
                return "a probe does not get through the endpoint" if seen.region is None else None
            case "api":
                url = apis.region_url(self._stack, self._stack.primary)
                healthy = url and apis.healthy(self._stack, url)
                return None if healthy else f"{self._stack.primary}'s API fails its health check"
            case "replication":
                seen = probe(self._stack, everywhere=True, patience_s=_PATIENCE_S)
                return seen.problem
            case "enrichment":
                found = self._failed() - self._failed_before
                return f"{found} messages in failure destinations" if found > 0 else None
            case "lake":
                return f"{late} signals are late in the lake" if late else None
        return None

    def lake(self, run_id: str, since: datetime) -> list[tuple[str, datetime]]:
        region = self._stack.primary
        for item in lake.objects(self._stack, region, since):
            # An object is written once.
            if item.key in self._read or item.written_at.timestamp() < since.timestamp() - 1:
                continue
            lines = lake.lines(self._stack, region, item.key)
            self._read[item.key] = [(json.loads(line)["id"], item.written_at) for line in lines]
        return [copy for copies in self._read.values() for copy in copies if copy[0].startswith(run_id)]

    def archived(self, run_id: str) -> Mapping[str, Sequence[ArchivedSignal] | None]:
        found: dict[str, Sequence[ArchivedSignal] | None] = dict.fromkeys(self._stack.regions)
        for region in self._stack.regions:
            if archives.archive(self._stack, region) is None:
                continue
            found[region] = [
                ArchivedSignal(signal["id"], datetime.fromisoformat(event["time"]), event["region"])
                for event in archives.archived_events(self._stack, region)
                for signal in event["detail"].get("signals", ())
                if str(signal.get("id")).startswith(run_id)
            ]
        return found

    def notes(self) -> tuple[str, ...]:
        found = ["seconds on this machine; AWS takes 300 s to detect and 360 s, at most 420 s, to route by itself"]
        if not self._stack.settings.archive.primary:
            found.append(f"{self._stack.primary} has no archive (archive.primary is off)")
        return tuple(found)

    def _failed(self) -> int:
        return sum(
            queue.messages
            for region in self._stack.regions
            for queue in queue_statuses(self._stack, region)
            if queue.is_failure_queue
        )
