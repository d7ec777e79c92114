"""How the tests read a recording: policies as documents, references as the resources they name."""

import json
from collections.abc import Iterator
from typing import Any

from components.parts.references import Reference
from components.resource_types import FUNCTION, ROLE_POLICY
from signals.recording import iam
from signals.recording.resources import Recording, Resource


def referred(recording: Recording, value: str) -> Resource:
    """The resource that a whole-string reference names."""
    reference = Reference.parse(value)
    assert reference, f"{value} is no reference"
    return recording.resource(reference.type, reference.name)


def statements(policy: str) -> list[dict[str, Any]]:
    """A policy document's statements, actions and resources always as lists."""
    return iam.statements(json.loads(policy))


def role_statements(recording: Recording, role_name: str) -> list[dict[str, Any]]:
    """What the role of that logical name may do."""
    return statements(recording.resource(ROLE_POLICY, f"{role_name}-policy").inputs["policy"])


def publishers(recording: Recording) -> Iterator[Resource]:
    """Functions that publish through the global endpoint."""
    for function in recording.resources(FUNCTION):
        if "EVENT_ENDPOINT_ID" in function.inputs["environment"]["variables"]:
            yield function
