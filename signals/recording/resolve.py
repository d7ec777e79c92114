"""What AWS would answer for the outputs of declared resources: ARNs, names, URLs, ids.

Names are the program's, and so is all that follows from them; an id that AWS chooses is the resource's logical name.
"""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from components import resource_types as types
from components.parts.references import ENDPOINT_DNS, Reference
from components.resource_types import arn, arn_form
from signals.recording.resources import Declared, Recording
from signals.recording.values import substitute

_FIELD = re.compile(r"\{(\w+)\}")

R = TypeVar("R", bound=Declared)


class Resolver(Generic[R]):
    """Answers references between the resources of one stack.

    Args:
        resources: Whatever may be referred to.
    """

    def __init__(self, resources: Iterable[R]) -> None:
        self._by_name = {(resource.type, resource.name): resource for resource in resources}
        self._inputs: dict[tuple[str, str], dict[str, Any]] = {}

    def referred(self, reference: Reference) -> R | None:
        """The resource that a reference names."""
        return self._by_name.get((reference.type, reference.name))

    def resolve(self, value: Any) -> Any:
        """A copy of a value with an answer in place of every reference."""
        return substitute(value, self.answer)

    def inputs(self, resource: R) -> dict[str, Any]:
        """A resource's inputs without references; kept, so do not change them."""
        key = (resource.type, resource.name)
        if key not in self._inputs:
            self._inputs[key] = self.resolve(resource.inputs)
        return self._inputs[key]

    def arn(self, resource: R) -> str:
        """A resource's ARN."""
        given = {
            k: self.resolve(resource.inputs[k]) for k in _FIELD.findall(arn_form(resource.type)) if k in resource.inputs
        }
        names = {key: re.split("[:/]", name)[-1] if name.startswith("arn:") else name for key, name in given.items()}
        # A rule that names no bus is on the account's own.
        return arn(resource.type, **{"id": resource.name, "eventBusName": "default", **_where(resource), **names})

    def outputs(self, resource: R) -> dict[str, str]:
        """The outputs of a resource that others refer to: `id`, `arn`, `name`, `url` and the like."""
        where = _where(resource)
        given = resource.inputs.get("bucket") or resource.inputs.get("name")
        own = str(self.resolve(given)) if given else resource.name
        found = {"id": own, "name": own, "arn": self.arn(resource)}
        match resource.type:
            case types.QUEUE:
                found["url"] = found["id"] = f"https://sqs.{resource.region}.amazonaws.com/{resource.account}/{own}"
            case types.ENDPOINT:
                found["endpointUrl"] = f"https://{own}.veo{ENDPOINT_DNS}"
            case types.API:
                found |= {"id": resource.name, "executionArn": arn(types.API_EXECUTION, **where, id=resource.name)}
            case types.FUNCTION | types.ALIAS:
                found |= {"version": "1", "invokeArn": arn(types.FUNCTION_INVOCATION, **where, function=found["arn"])}
            case types.HEALTH_CHECK:
                found["id"] = resource.name
        return found

    def answer(self, reference: Reference) -> str:
        """What AWS would answer for one output; what only AWS knows is named after the resource."""
        resource = self.referred(reference)
        unknown = f"{reference.name}.{reference.path}"
        if resource is None:
            return unknown
        told = self.outputs(resource).get(reference.path) or self.resolve(resource.inputs.get(reference.path, unknown))
        return str(told).removeprefix("https://").removesuffix(ENDPOINT_DNS) if reference.helper else str(told)


def _where(resource: Declared) -> dict[str, str | None]:
    return {"region": resource.region, "account": resource.account}


def resolved(recording: Recording) -> Recording:
    """A recording without references, for what cannot read them."""
    resolver = Resolver(recording.all)
    resources = tuple(dataclasses.replace(r, inputs=resolver.resolve(r.inputs)) for r in recording.all)
    return dataclasses.replace(recording, all=resources)
