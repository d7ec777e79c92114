"""The recording monitor: what answers a Pulumi program in place of the engine.

It keeps each registration whole and answers with references (`components.parts.references`) where the engine would
answer with what AWS said. It refuses what needs AWS to answer: look-ups, reads and imports.
"""

import functools
import importlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2, struct_pb2  # type: ignore[import-untyped]
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from pulumi import _types
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2

from components.parts.references import Reference
from components.resource_types import STACK
from signals.errors import RecordError
from signals.recording.answers import answer
from signals.recording.resources import Dependencies, Resource
from signals.recording.spelling import Spelling
from signals.recording.values import Asset, Secret

_NAME = re.compile(r"[\w.-]+")
# How Pulumi's text begins that stands for an output in an f-string (pulumi, output.py).
FORMATTED = "Calling __str__ on an Output"
IN_AN_F_STRING = (
    "an output in an f-string or str() is only a warning of Pulumi's: use pulumi.Output.concat, Output.format or apply"
)


class RecordingMonitor(MockMonitor):
    """Answers one run of a program, and keeps what it registered.

    Args:
        stack: Name of the stack.
        project: Name of the project.
        root: The project's folder; relative asset paths start here.
        answers: What a look-up returns, by its token; a look-up that is not listed is refused.
        spelling: How the program sees references.
    """

    def __init__(
        self, stack: str, project: str, root: Path, answers: Mapping[str, Mapping[str, Any]], spelling: Spelling
    ) -> None:
        self.stack, self.project, self.root, self.answers, self.spelling = stack, project, root, answers, spelling
        self.recorded: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}
        self.formatted_at: str | None = None
        self._names: set[tuple[str, str]] = set()
        self._stack_urn = ""

    # The engine's protocol names its methods.
    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self._urn(request)
        if request.type == STACK:
            self._stack_urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        self._check(request)
        resource = self._record(request, urn)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        if resource.is_provider:
            return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name, object=request.object)
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=self.spelling.text(Reference(request.type, request.name, "id")),
            object=answer(request, resource.region, self.spelling),
            # What is neither given nor known stays unknown, so that using it is noticed.
            unknown=True,
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if request.urn == self._stack_urn:
            self.outputs = self._decode(request.outputs, "stack output")
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        answer = self.answers.get(request.tok)
        if answer is None:
            raise RecordError(
                f"look-up {request.tok} refused: a recording asks AWS nothing, so that previews, Terraform and tests "
                "need no credentials. Take the value from the stack's settings instead"
            )
        returned = struct_pb2.Struct()
        returned.update(answer)
        return resource_pb2.ResourceInvokeResponse(**{"return": returned})

    def Call(self, request: Any) -> Any:  # noqa: N802
        raise RecordError(f"method call {request.tok} refused: a recording has nobody to call")

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        raise RecordError(
            f"reading existing {request.type} {request.name!r} refused: a recording asks AWS nothing. "
            "Take what you need of it from the stack's settings instead"
        )

    def ExistsResource(self, request: Any) -> Any:  # noqa: N802
        raise RecordError(f"looking for existing {request.type} refused: a recording asks AWS nothing")

    def _urn(self, request: Any) -> str:
        """The URN that the engine would give: parents' types chained, the stack's left out."""
        type_ = request.type
        if request.parent:
            parent_type = request.parent.split("::")[2]
            if parent_type != STACK:
                type_ = f"{parent_type}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{type_}::{request.name}"

    def _check(self, request: Any) -> None:
        if FORMATTED in request.name:
            raise RecordError(f"{request.type}: its logical name: {IN_AN_F_STRING}")
        if not _NAME.fullmatch(request.name):
            raise RecordError(
                f"{request.type} {request.name!r}: a logical name may hold letters, digits, '_', '-', '.'"
            )
        if request.importId:
            raise RecordError(f"import of {request.type} {request.name!r} refused: a recording asks AWS nothing")
        if (request.type, request.name) in self._names:
            raise RecordError(f"two resources are {request.type} {request.name!r}: give each its own logical name")
        self._names.add((request.type, request.name))

    def _record(self, request: Any, urn: str) -> Resource:
        implied = {urn for property in request.propertyDependencies.values() for urn in property.urns}
        provider = self.recorded.get(request.provider.rpartition("::")[0])
        parent = self.recorded.get(request.parent)
        inputs = self._decode(request.object, f"{request.type} {request.name!r}")
        if request.type.startswith("pulumi:providers:"):
            # Pulumi sends all of a provider's inputs that is not text as JSON.
            coded = {k for k, value in inputs.items() if isinstance(value, str)} - _provider_text_inputs()
            inputs |= {key: json.loads(inputs[key]) for key in coded}
        resource = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            component=_component(parent),
            region=provider.inputs.get("region") if provider else None,
            account=next(iter(provider.inputs.get("allowedAccountIds", ())), None) if provider else None,
            inputs=inputs,
            dependencies=Dependencies(
                explicit=tuple(sorted(set(request.dependencies) - implied)), implied=tuple(sorted(implied))
            ),
            options=_options(request, parent, provider),
            custom=request.custom,
        )
        self.recorded[urn] = resource
        return resource

    def _decode(self, struct: Any, what: str) -> dict[str, Any]:
        return {key: self._value(value, f"{what}: {key}") for key, value in sorted(struct.fields.items())}

    def _value(self, value: Any, where: str) -> Any:
        match value.WhichOneof("kind"):
            case "string_value":
                if value.string_value == rpc.UNKNOWN:
                    raise RecordError(
                        f"{where} takes an output that only a deployment can tell. Of what is not given, only text and "
                        "numbers can be referred to: set the property it comes from"
                    )
                return self._text(value.string_value, where)
            case "number_value":
                number = self.spelling.read(value.number_value)
                return int(number) if isinstance(number, float) and number.is_integer() else number
            case "bool_value":
                return value.bool_value
            case "list_value":
                return [self._value(item, f"{where}[{i}]") for i, item in enumerate(value.list_value.values)]
            case "struct_value":
                fields = value.struct_value.fields
                if rpc._special_sig_key in fields:
                    return self._special(fields, where)
                return {
                    self._text(key, where): self._value(item, f"{where}.{key}") for key, item in sorted(fields.items())
                }
        return None

    def _text(self, text: str, where: str) -> Any:
        if FORMATTED in text:
            raise RecordError(f"{where}: {IN_AN_F_STRING}")
        return self.spelling.read(text)

    def _special(self, fields: Any, where: str) -> Any:
        """A value that Pulumi wraps with a signature: a secret, a file, an archive."""
        signature = fields[rpc._special_sig_key].string_value
        if signature == rpc._special_secret_sig:
            return Secret(self._value(fields["value"], where))
        if signature in (rpc._special_asset_sig, rpc._special_archive_sig) and "path" in fields:
            kind = "asset" if signature == rpc._special_asset_sig else "archive"
            path = self.root / fields["path"].string_value
            if not path.is_file():
                raise RecordError(f"{where}: there is no file {path}")
            return Asset(kind, path)
        raise RecordError(f"{where}: only FileAsset and FileArchive of one file can be recorded")


def _component(parent: Resource | None) -> str | None:
    """Class name of the nearest component, starting at a resource's parent."""
    if parent is None or not parent.custom:
        return parent.type.rpartition(":")[2] if parent else None
    return parent.component


def _options(request: Any, parent: Resource | None, provider: Resource | None) -> dict[str, Any]:
    """The options that were set, under Pulumi's names."""
    timeouts = request.customTimeouts
    options = {
        "parent": parent.urn if parent else None,
        "provider": provider.urn if provider else None,
        "protect": request.protect or None,
        "ignoreChanges": sorted(request.ignoreChanges),
        "replaceOnChanges": sorted(request.replaceOnChanges),
        "deleteBeforeReplace": request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        "retainOnDelete": request.retainOnDelete or None,
        "deletedWith": request.deletedWith,
        "replaceWith": sorted(request.replace_with),
        "additionalSecretOutputs": sorted(request.additionalSecretOutputs),
        "aliases": [MessageToDict(alias) for alias in request.aliases],
        "customTimeouts": {
            when: value for when in ("create", "update", "delete") if (value := getattr(timeouts, when))
        },
    }
    return {name: value for name, value in options.items() if value not in (None, "", [], {})}


@functools.cache
def _provider_text_inputs() -> frozenset[str]:
    types = _types.input_type_types(importlib.import_module("pulumi_aws").ProviderArgs)
    return frozenset(name for name, type_ in types.items() if type_ is str)
