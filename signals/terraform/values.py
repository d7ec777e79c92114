"""Values as the provider's schema wants them: names mapped where the schema has names, user's keys left alone."""

from collections.abc import Callable, Mapping
from typing import Any

from signals.errors import TerraformError
from signals.recording.values import Asset, Secret
from signals.terraform.expressions import Expressions
from signals.terraform.names import names_of
from signals.terraform.schema import VERSION, Block, Body, member_type


class Values:
    """Turns a resource's inputs into the body of a Terraform block.

    Args:
        expressions: What references become.
        place: Called with each file or archive; returns where the configuration has it.
    """

    def __init__(self, expressions: Expressions, place: Callable[[Asset], str]) -> None:
        self._expressions = expressions
        self._place = place

    def body(self, inputs: Mapping[str, Any], body: Body, names: Mapping[str, str], where: str = "") -> dict[str, Any]:
        """A body of attributes and blocks, in order of their names; what is null is left out.

        Raises:
            TerraformError: For a property that the schema lacks or that cannot be set.
        """
        converted = {}
        for property, given in inputs.items():
            if given is None:
                continue
            at = f"{where}{property}"
            name = names.get(property)
            if name is None:
                raise TerraformError(f"hashicorp/aws {VERSION} has no property {at}")
            if isinstance(body, Block) and name in body.attributes and not body.attributes[name].settable:
                raise TerraformError(f"hashicorp/aws {VERSION} does not let property {at} be set")
            is_block = isinstance(body, Block) and name in body.blocks
            if is_block and given == []:
                continue
            converted[name] = self.value(given, member_type(body, name), at)
        return dict(sorted(converted.items()))

    def value(self, given: Any, type_: Any, where: str) -> Any:
        """A value of a type in Terraform's notation."""
        if isinstance(given, Secret):
            given = given.value
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

    def _scalar(self, given: Any, type_: str, where: str) -> Any:
        if type_ == "dynamic":
            return self.plain(given)
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

    def plain(self, given: Any) -> Any:
        """A value that has no schema, such as an output's: every key is the user's."""
        match given:
            case Secret():
                return self.plain(given.value)
            case str():
                return self._expressions.template(given)
            case Mapping():
                return {self._expressions.template(key): self.plain(item) for key, item in given.items()}
            case list():
                return [self.plain(item) for item in given]
        return given
