"""Values as the provider's schema wants them: names mapped where the schema has names, user's keys left alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.parts.references import Reference
from signals.errors import TerraformError
from signals.recording.values import Asset, Secret, find_references, leaves
from signals.terraform.expressions import Expressions
from signals.terraform.names import names_of
from signals.terraform.schema import VERSION, Block, Body, member_type

# Of a value without a type in the schema. A bool is an int in Python.
_KINDS = {str: "string", bool: "bool", int: "number", float: "number"}


@dataclass(frozen=True)
class SecretValue:
    """A secret, which no configuration may hold.

    Args:
        where: The property that it is of.
        type: Its type as Terraform writes one: `string`, `map(string)`.
        value: What it is.
    """

    where: str
    type: str
    value: Any


class Values:
    """Turns a resource's inputs into the body of a Terraform block.

    Args:
        expressions: What references become.
        place: Called with each file or archive; returns where the configuration has it.
        hide: Called with each secret; returns the expression that stands for it.
    """

    def __init__(
        self, expressions: Expressions, place: Callable[[Asset], str], hide: Callable[[SecretValue], str]
    ) -> None:
        self._expressions = expressions
        self._place = place
        self._hide = hide

    def body(self, inputs: Mapping[str, Any], body: Body, names: Mapping[str, str], where: str = "") -> dict[str, Any]:
        """A body of attributes and blocks, in order of their names; what is null is left out.

        Raises:
            TerraformError: For a property that the schema lacks or that cannot be set.
        """
        converted = {}
        for property, given in inputs.items():
            bare = given.value if isinstance(given, Secret) else given
            if bare is None:
                continue
            at = f"{where}{property}"
            name = names.get(property)
            if name is None:
                raise TerraformError(f"hashicorp/aws {VERSION} has no property {at}")
            if isinstance(body, Block) and name in body.attributes and not body.attributes[name].settable:
                raise TerraformError(f"hashicorp/aws {VERSION} does not let property {at} be set")
            is_block = isinstance(body, Block) and name in body.blocks
            if is_block and bare == []:
                continue
            converted[name] = self.value(given, member_type(body, name), at)
        return dict(sorted(converted.items()))

    def value(self, given: Any, type_: Any, where: str) -> Any:
        """A value of a type in Terraform's notation."""
        if isinstance(given, Secret):
            return self._secret(given.value, type_, where)
        match type_:
            case ["list" | "set", element]:
                # What may hold one at most is not a list in Pulumi.
                items = given if isinstance(given, list) else [given]
                places = [f"{where}[{i}]" for i in range(len(items))] if items is given else [where]
                return [self.value(item, element, place) for item, place in zip(items, places, strict=True)]
            case ["object", body] if isinstance(given, Mapping):
                return self.body(given, body, names_of(body), f"{where}.")
            case ["map", element] if isinstance(given, Mapping):
                values = {key: self.value(item, element, f"{where}.{key}") for key, item in given.items()}
                return {self._expressions.template(key): value for key, value in values.items()}
            case str():
                return self._scalar(given, type_, where)
        raise TerraformError(f"property {where} is {given!r}, which is not {type_[0]}")

    def _secret(self, given: Any, type_: Any, where: str) -> Any:
        """A secret: of a block each member is one of its own, because a block cannot come from a variable."""
        if all(isinstance(leaf, str) and Reference.parse(leaf) for _, leaf in leaves(given)):
            return self.value(given, type_, where)
        match type_:
            case ["object", Block()] if isinstance(given, Mapping):
                return self.value({key: Secret(item) for key, item in given.items()}, type_, where)
            case ["list" | "set", ["object", Block()]]:
                if isinstance(given, list):
                    return self.value([Secret(item) for item in given], type_, where)
                return [self._secret(given, type_[1], where)]
        if any(isinstance(leaf, Asset) for _, leaf in leaves(given)):
            raise TerraformError(f"property {where} is a secret file, and files lie beside the configuration in plain")
        if any(find_references(given)):
            raise TerraformError(
                f"property {where} is a secret together with an output, and a variable can hold the secret only: give "
                "the secret a property of its own"
            )
        return self._hide(SecretValue(where, _type(type_, given), given))

    def _scalar(self, given: Any, type_: str, where: str) -> Any:
        if type_ == "dynamic":
            return self.plain(given, where)
        match given:
            case Asset() if type_ == "string":
                return self._place(given)
            case bool():
                return given if type_ == "bool" else str(given).lower()
            case int() | float():
                return given if type_ == "number" else str(given)
            case str():
                return self._expressions.template(given)
        raise TerraformError(f"property {where} is {given!r}, which is not {type_}")

    def plain(self, given: Any, where: str = "") -> Any:
        """A value that has no schema, such as an output's: every key is the user's."""
        match given:
            case Secret():
                return self._secret(given.value, "dynamic", where)
            case str():
                return self._expressions.template(given)
            case Mapping():
                items = {key: self.plain(item, f"{where}.{key}") for key, item in given.items()}
                return {self._expressions.template(key): item for key, item in items.items()}
            case list():
                return [self.plain(item, f"{where}[{i}]") for i, item in enumerate(given)]
        return given


def _type(type_: Any, given: Any) -> str:
    """A type in the notation of Terraform's language."""
    match type_:
        case "dynamic":
            return next((name for kind, name in _KINDS.items() if isinstance(given, kind)), "any")
        case ["list" | "set" | "map" as several, element]:
            return f"{several}({_type(element, None)})"
        case str():
            return type_
    return "any"
