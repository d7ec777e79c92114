"""What a recording is: plain data about every resource of a stack, to look at in tests and to make other things from.

An output of a resource is a reference (see `signals.recording.values`), and stands in the strings of `inputs` and
`outputs` just as the program put it there.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from components.parts.references import Reference
from components.resource_types import PROVIDER
from signals.recording.values import find_references, to_json


@dataclass(frozen=True)
class Dependencies:
    """URNs of what must exist first: said with `depends_on`, or implied by an input that came from it."""

    explicit: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Declared:
    """What a recording and the Pulumi engine both know of a resource.

    Args:
        urn: As the Pulumi engine names it.
        type: Type token, for example `aws:sqs/queue:Queue`; `signals:index:ActiveArchivePair` for a component.
        name: Logical name.
        region: Region of its provider; none for a component.
        account: The account that its provider is pinned to, if any.
        inputs: Properties under Pulumi's names (`eventBusName`); an archive of code has a `path`.
    """

    urn: str
    type: str
    name: str
    region: str | None
    account: str | None
    inputs: Mapping[str, Any] = field(repr=False)

    def get(self, path: str) -> Any:
        """The property at a dotted path (`routingConfig.failoverConfig`), None where there is none."""
        value: Any = self.inputs
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


@dataclass(frozen=True, eq=False)
class Resource(Declared):
    """One registered resource, with references in the strings of its inputs.

    Args:
        component: Class name of the nearest component above it, if any.
        dependencies: What must exist first.
        options: Those that were set (`protect`, `ignoreChanges`, ...), and `parent` and `provider` as URNs.
    """

    component: str | None
    dependencies: Dependencies
    options: Mapping[str, Any]
    custom: bool = True

    @property
    def is_provider(self) -> bool:
        return self.type.startswith(PROVIDER.removesuffix("aws"))

    def references(self) -> set[Reference]:
        """Every reference anywhere in the inputs."""
        return set(find_references(self.inputs))

    def to_json(self) -> dict[str, Any]:
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "component": self.component,
            "region": self.region,
            "inputs": to_json(self.inputs),
            "dependencies": {"explicit": [*self.dependencies.explicit], "implied": [*self.dependencies.implied]},
            "options": to_json(self.options),
        }


@dataclass(frozen=True)
class Recording:
    """A stack, as its program declared it.

    Args:
        stack: The stack's name.
        all: Every resource, by URN.
        outputs: What the program exported, references in its strings.
    """

    stack: str
    all: tuple[Resource, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Resource]:
        return {(resource.type, resource.name): resource for resource in self.all}

    def resources(
        self, type: str | None = None, component: str | None = None, region: str | None = None
    ) -> list[Resource]:
        """The resources that match everything given, by URN."""
        wanted = {"type": type, "component": component, "region": region}
        asked = {key: value for key, value in wanted.items() if value is not None}
        return [r for r in self.all if all(getattr(r, key) == value for key, value in asked.items())]

    def resource(self, type: str, name: str) -> Resource:
        """The one resource of that type and logical name; KeyError names those that come near."""
        found = self._by_name.get((type, name))
        if found is None:
            known = [f"{r.type} {r.name}" for r in self.all]
            near = difflib.get_close_matches(f"{type} {name}", known, n=3, cutoff=0.5)
            raise KeyError(f"no {type} named {name!r}; near: {', '.join(near) or 'nothing'}")
        return found

    def to_json(self) -> dict[str, Any]:
        """The recording as plain data, the same on every machine."""
        return {
            "stack": self.stack,
            "resources": [resource.to_json() for resource in self.all],
            "outputs": to_json(self.outputs),
        }
