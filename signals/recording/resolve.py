"""A recording with every reference replaced by the value that AWS would give it: names, ARNs, URLs, ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from components.parts.references import TOKEN
from signals.recording.resources import Asset, Recording, Resource

BUS = "aws:cloudwatch/eventBus:EventBus"
RULE = "aws:cloudwatch/eventRule:EventRule"
QUEUE = "aws:sqs/queue:Queue"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
CHECK = "aws:route53/healthCheck:HealthCheck"
ENDPOINT = "aws:cloudwatch/eventEndpoint:EventEndpoint"
ENDPOINT_DNS = ".endpoint.events.amazonaws.com"

Inputs = Mapping[str, Any]
# (region, account, inputs, logical name) -> ARN
_ARNS: Mapping[str, Callable[[str | None, str, Inputs, str], str]] = {
    BUS: lambda region, account, i, _: f"arn:aws:events:{region}:{account}:event-bus/{i['name']}",
    RULE: lambda region, account, i, _: f"arn:aws:events:{region}:{account}:rule/{i['eventBusName']}/{i['name']}",
    QUEUE: lambda region, account, i, _: f"arn:aws:sqs:{region}:{account}:{i['name']}",
    FUNCTION: lambda region, account, i, _: f"arn:aws:lambda:{region}:{account}:function:{i['name']}",
    ALIAS: lambda region, account, i, _: f"arn:aws:lambda:{region}:{account}:function:{i['functionName']}:{i['name']}",
    ROLE: lambda _, account, i, __: f"arn:aws:iam::{account}:role/{i['name']}",
    STREAM: lambda region, account, i, _: f"arn:aws:firehose:{region}:{account}:deliverystream/{i['name']}",
    CHECK: lambda _, __, ___, name: f"arn:aws:route53:::healthcheck/{name}",
}


class Resolved:
    """The resources of a recording, their inputs with values instead of references."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._inputs: dict[str, Inputs] = {}

    @cached_property
    def account(self) -> str:
        """The account that the providers are pinned to."""
        provider = next(r for r in self._recording.all if r.is_provider)
        allowed = provider.inputs["allowedAccountIds"]
        return str((json.loads(allowed) if isinstance(allowed, str) else allowed)[0])

    def of_type(self, type: str) -> Iterator[tuple[Resource, Inputs]]:
        """Resources of a type with their resolved inputs."""
        for resource in self._recording.resources(type):
            yield resource, self.inputs(resource)

    def inputs(self, resource: Resource) -> Inputs:
        if resource.urn not in self._inputs:
            self._inputs[resource.urn] = self._value(dict(resource.inputs))
        return self._inputs[resource.urn]

    def arn(self, resource: Resource) -> str:
        return _ARNS[resource.type](resource.region, self.account, self.inputs(resource), resource.name)

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return TOKEN.sub(lambda m: self._output(**m.groupdict()), value) if "<<output " in value else value
            case Mapping():
                return {key: self._value(item) for key, item in value.items()}
            case list() | tuple():
                return [self._value(item) for item in value]
            case Asset():
                return value
        return value

    def _output(self, type: str, name: str, path: str, helper: str | None) -> str:
        resource = self._recording.resource(type, name)
        if path == "arn" and type in _ARNS:
            return self.arn(resource)
        inputs = self.inputs(resource)
        if type == QUEUE and path in ("url", "id"):
            return f"https://sqs.{resource.region}.amazonaws.com/{self.account}/{inputs['name']}"
        if type == ENDPOINT and path == "endpointUrl":
            endpoint_id = f"{inputs['name']}.veo"
            return endpoint_id if helper == "endpoint_id" else f"https://{endpoint_id}{ENDPOINT_DNS}"
        if path in inputs:
            return str(inputs[path])
        # An id that only AWS knows, of something that the model does not look into.
        return f"{name}.{path}"
