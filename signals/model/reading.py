"""Reading the blueprint from the recording of the real program."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from components import resource_types as types
from signals.model.blueprint import (
    ArchivePlan,
    Blueprint,
    CannotDeployError,
    EndpointPlan,
    FunctionPlan,
    MappingPlan,
    QueuePlan,
    RulePlan,
    SchedulePlan,
    TargetPlan,
)
from signals.model.event import Pattern
from signals.model.iam import Policy
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording, Resource


def read(recording: Recording) -> Blueprint:
    """Read a stack's recording.

    Raises:
        CannotDeployError: For a stack that AWS would not take.
    """
    return _Reader(recording).blueprint()


class _Reader:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._resolver = Resolver(recording.all)
        self._arn = self._resolver.arn
        self._policies: dict[str, Policy] = {}
        for _, inputs in self._of_type(types.ROLE_POLICY):
            self._policies[inputs["role"]] = self._policies.get(inputs["role"], Policy()) + Policy.of(inputs["policy"])

    def blueprint(self) -> Blueprint:
        checks = [i for _, i in self._of_type(types.HEALTH_CHECK) if i["type"] == "HTTPS"]
        seconds = [float(i["requestInterval"] * i["failureThreshold"]) for i in checks]
        return Blueprint(
            account=str(next(bus.account for bus in self._recording.resources(types.BUS))),
            buses=frozenset(self._arn(bus) for bus, _ in self._of_type(types.BUS)),
            rules=tuple(self._rules()),
            archives=tuple(self._archive(*found) for found in self._of_type(types.ARCHIVE)),
            queues=tuple(self._queues()),
            functions=tuple(self._functions()),
            mappings=tuple(MappingPlan.model_validate(i) for _, i in self._of_type(types.MAPPING)),
            streams={self._arn(stream): str(stream.region) for stream, _ in self._of_type(types.STREAM)},
            endpoint=self._endpoint(),
            schedules=tuple(self._schedules()),
            has_domain=bool(checks),
            api_check_s=max(seconds, default=30.0),
        )

    def _of_type(self, type: str) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
        """The resources of a type, with their inputs as AWS would have them."""
        return ((resource, self._resolver.inputs(resource)) for resource in self._recording.resources(type))

    def _role(self, arn: str | None) -> Policy:
        return self._policies.get(arn.rpartition("/")[2], Policy()) if arn else Policy()

    def _rules(self) -> list[RulePlan]:
        targets: dict[tuple[str | None, str, str], list[TargetPlan]] = {}
        for target, i in self._of_type(types.TARGET):
            found = TargetPlan.model_validate({**i, "role": self._role(i.get("roleArn"))})
            targets.setdefault((target.region, i["eventBusName"], i["rule"]), []).append(found)
        return [
            RulePlan.model_validate(
                {
                    **i,
                    "arn": self._arn(rule),
                    "region": rule.region,
                    "pattern": Pattern(i["eventPattern"]),
                    "targets": targets.get((rule.region, i["eventBusName"], i["name"]), ()),
                }
            )
            for rule, i in self._of_type(types.RULE)
        ]

    def _archive(self, archive: Resource, inputs: Mapping[str, Any]) -> ArchivePlan:
        bus, pattern = inputs["eventSourceArn"].rpartition("/")[2], Pattern(inputs.get("eventPattern"))
        return ArchivePlan.model_validate({**inputs, "region": archive.region, "bus": bus, "pattern": pattern})

    def _queues(self) -> list[QueuePlan]:
        policies = {i["queueUrl"]: Policy.of(i["policy"]) for _, i in self._of_type(types.QUEUE_POLICY)}
        alarms = self._of_type(types.ALARM)
        alarmed = {(alarm.region, (i.get("dimensions") or {}).get("QueueName")) for alarm, i in alarms}
        found = []
        for queue, i in self._of_type(types.QUEUE):
            url = self._resolver.outputs(queue)["url"]
            known = {"arn": self._arn(queue), "url": url, "region": queue.region}
            policy, redrive = policies.get(url, Policy()), json.loads(i.get("redrivePolicy") or "{}")
            more = {"policy": policy, "alarmed": (queue.region, i["name"]) in alarmed}
            found.append(QueuePlan.model_validate({**i, **redrive, **known, **more}))
        return found

    def _functions(self) -> list[FunctionPlan]:
        by_name = {(f.region, i["name"]): i for f, i in self._of_type(types.FUNCTION)}
        permissions: dict[tuple[str | None, str, str], list[Mapping[str, Any]]] = {}
        for permission, i in self._of_type(types.PERMISSION):
            permissions.setdefault((permission.region, i["function"], i["qualifier"]), []).append(i)
        configs = {(c.region, i["functionName"], i["qualifier"]): i for c, i in self._of_type(types.ASYNC_CONFIG)}
        found = []
        for alias, a in self._of_type(types.ALIAS):
            key, arn = (alias.region, a["functionName"], a["name"]), self._arn(alias)
            i = by_name[key[:2]]
            known = {
                "arn": arn,
                "region": alias.region,
                "folder": i["handler"].split(".")[1],
                "environment": {**i["environment"]["variables"], "AWS_REGION": alias.region},
                "role": self._role(i["role"]),
                "policy": Policy(tuple(_invocation(p, arn) for p in permissions.get(key, ()))),
                "sources": _sources(i["code"]),
            }
            found.append(FunctionPlan.model_validate({**i, **configs.get(key, {}), **known}))
        return found

    def _endpoint(self) -> EndpointPlan:
        endpoint, i = next(self._of_type(types.ENDPOINT))
        arns = [bus["eventBusArn"] for bus in i["eventBuses"]]
        names = {arn.rpartition("/")[2] for arn in arns}
        failover = i["routingConfig"]["failoverConfig"]
        secondary = failover["secondary"]["route"]
        if len(arns) != 2 or len(names) != 1 or {a.split(":")[3] for a in arns} != {endpoint.region, secondary}:
            # API reference, CreateEndpoint; User Guide: "the event buses must have the same name".
            raise CannotDeployError(f"a global endpoint takes two event buses of one name, not {', '.join(arns)}")
        checks = {self._arn(check): c for check, c in self._of_type(types.HEALTH_CHECK)}
        check = checks[failover["primary"]["healthCheck"]]
        alarms = self._of_type(types.ALARM)
        alarm = next(
            {**a, "region": r.region}
            for r, a in alarms
            if (a["name"], r.region) == (check["cloudwatchAlarmName"], check["cloudwatchAlarmRegion"])
        )
        return EndpointPlan(
            id=f"{i['name']}.veo",
            arn=self._arn(endpoint),
            bus=names.pop(),
            primary=str(endpoint.region),
            secondary=secondary,
            replicates=(i.get("replicationConfig") or {}).get("state", "ENABLED") == "ENABLED",
            role=self._role(i.get("roleArn")),
            health_check=check,
            alarm=alarm,
        )

    def _schedules(self) -> Iterator[SchedulePlan]:
        for schedule, i in self._of_type(types.SCHEDULE):
            target = i["target"]
            if event := target.get("eventbridgeParameters"):
                known = {"region": schedule.region, "role": self._role(target["roleArn"])}
                yield SchedulePlan.model_validate({**target, **event, **known})


def _invocation(permission: Mapping[str, Any], arn: str) -> Mapping[str, Any]:
    """A function's permission as the statement that Lambda makes of it."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": permission["principal"]},
        "Action": permission["action"],
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": permission["sourceArn"]}},
    }


def _sources(code: Any) -> tuple[str, ...]:
    """The registered producers in a function's archive."""
    with zipfile.ZipFile(code.path) as archive:
        return tuple(json.loads(archive.read("sources.json"))) if "sources.json" in archive.namelist() else ()
