"""What a resource answers while it is recorded: references where AWS would tell, and what was given elsewhere.

Which outputs there are, and of what type, the classes of pulumi_aws say.
"""

import functools
import importlib
import inspect
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args, get_origin

import pulumi
from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi import _types
from pulumi.runtime import rpc

from components.parts.references import Reference
from signals.errors import RecordError
from signals.recording.spelling import Spelling
from signals.recording.values import with_leaves

# Deep enough for every computed structure of AWS; a nested type that contains itself ends here.
_MAX_DEPTH = 4


def resource_class(type_token: str) -> type[pulumi.CustomResource]:
    """The pulumi_aws class of a type token.

    Raises:
        RecordError: If there is none.
    """
    match = re.fullmatch(r"aws:(?P<module>\w+)/\w+:(?P<name>\w+)", type_token)
    if match:
        module = match["module"] + ("_" if keyword.iskeyword(match["module"]) else "")
        try:
            return cast(
                "type[pulumi.CustomResource]", getattr(importlib.import_module(f"pulumi_aws.{module}"), match["name"])
            )
        except (ImportError, AttributeError):
            pass
    raise RecordError(f"{type_token}: not a resource of pulumi_aws, the only provider that can be recorded")


def input_names(cls: type[pulumi.CustomResource]) -> frozenset[str]:
    """The properties that a resource class takes, under Pulumi's names."""
    names = _types.resource_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls._internal_init).parameters  # type: ignore[attr-defined]
    return frozenset(names[parameter] for parameter in parameters if parameter in names)


@dataclass(frozen=True)
class _Outputs:
    """A resource class's outputs: text, numbers, the shapes of computed structures, the types of structures given."""

    text: tuple[str, ...]
    numbers: tuple[str, ...]
    structures: Mapping[str, Any]
    nested: Mapping[str, Any]


@functools.cache
def _outputs(type_token: str) -> _Outputs:
    cls = resource_class(type_token)
    types = _types.resource_types(cls)
    computed = types.keys() - input_names(cls)
    shapes = {name: _shape(types[name], name) for name in sorted(computed) if types[name] not in (str, int, float)}
    return _Outputs(
        text=tuple(sorted(name for name, type_ in types.items() if type_ is str)),
        numbers=tuple(sorted(name for name, type_ in types.items() if type_ in (int, float))),
        structures={name: shape for name, shape in shapes.items() if shape},
        nested={name: type_ for name, type_ in types.items() if name not in computed and _item(type_) is not None},
    )


@dataclass(frozen=True)
class _Place:
    """Where in a resource's outputs a text or a number is."""

    path: str
    number: bool


def _shape(type_: Any, path: str, depth: int = 0) -> Any:
    """A computed structure with the place of each text and number; a list of structures has one element.

    None where the length or the keys are AWS's to tell.
    """
    if type_ in (str, int, float):
        return _Place(path, type_ is not str)
    if depth < _MAX_DEPTH and _types.is_output_type(type_):
        fields = _types.output_type_types(type_)
        shapes = {name: _shape(field, f"{path}.{name}", depth + 1) for name, field in sorted(fields.items())}
        return {name: shape for name, shape in shapes.items() if shape is not None} or None
    if item := _item(type_):
        element = _shape(item, f"{path}[0]", depth)
        return element and [element]
    return None


def _item(type_: Any) -> Any:
    """The nested type that a structure, or each item of a list, is of; None if it is not one."""
    item = get_args(type_)[0] if get_origin(type_) is Sequence else type_
    return item if _types.is_output_type(item) else None


def _complete(given: struct_pb2.Value, type_: Any, path: str, refer: Callable[[_Place], str | int]) -> None:
    """Put references into a structure for the text and numbers that were not given: AWS may tell them."""
    kind = given.WhichOneof("kind")
    if kind == "list_value":
        for index, item in enumerate(given.list_value.values):
            _complete(item, _item(type_), f"{path}[{index}]", refer)
    elif kind == "struct_value" and _types.is_output_type(type_):
        fields = given.struct_value.fields
        if rpc._special_sig_key in fields:
            _complete(fields["value"], type_, path, refer)
            return
        for name, field in _types.output_type_types(type_).items():
            if name in fields:
                if _item(field) is not None:
                    _complete(fields[name], field, f"{path}.{name}", refer)
            elif field in (str, int, float):
                _set(fields[name], refer(_Place(f"{path}.{name}", field is not str)))


def _set(field: struct_pb2.Value, value: str | int) -> None:
    if isinstance(value, str):
        field.string_value = value
    else:
        field.number_value = value


def answer(request: Any, region: str | None, spelling: Spelling) -> struct_pb2.Struct:
    """The state of a resource: what was given, and references for what AWS would tell, in a spelling."""
    outputs = _outputs(request.type)

    def refer(place: _Place) -> str | int:
        reference = Reference(request.type, request.name, place.path)
        return spelling.number(reference) if place.number else spelling.text(reference)

    state = struct_pb2.Struct()
    state.CopyFrom(request.object)
    fields = state.fields
    for name in outputs.text:
        field = fields[name]
        if rpc._special_sig_key in field.struct_value.fields:
            field = field.struct_value.fields["value"]
        _set(field, refer(_Place(name, number=False)))
    for name in outputs.numbers:
        if name not in fields:
            _set(fields[name], refer(_Place(name, number=True)))
    for name, type_ in outputs.nested.items():
        if name in fields:
            _complete(fields[name], type_, name, refer)
    state.update(with_leaves(outputs.structures, refer))
    if region is not None and "region" in fields:
        # hashicorp/aws 5 has no such attribute, and the provider says it anyway.
        fields["region"].string_value = region
    return state
