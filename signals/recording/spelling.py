"""How outputs are spelled while a program is recorded: as references, and once more as AWS would write them.

Text that a program takes as it is, whole, in a longer text or in JSON, can be read back from either spelling. Whatever
works on it (a slice, a split, upper case, a hash, a comparison of its beginning) gives two results that differ.
"""

import re
from typing import Protocol

from components.parts.references import ENDPOINT_DNS, Reference
from components.resource_types import ENDPOINT

_PARTITION = "aws"


class Spelling(Protocol):
    """Writes references into a program, and reads them in what it made of them."""

    def text(self, reference: Reference) -> str:
        """A reference as the program sees it, where AWS answers text."""

    def number(self, reference: Reference) -> str | int:
        """The same where AWS answers a number."""

    def read(self, value: str | float) -> str | float:
        """A value of the program with tokens for all the references in it."""


class Tokens:
    """References as the tokens that a recording keeps."""

    def text(self, reference: Reference) -> str:
        return str(reference)

    number = text

    def read(self, value: str | float) -> str | float:
        return value


class LookAlikes:
    """References as ARNs, URLs, names and numbers that AWS might answer.

    Args:
        region: Of all of them.
        account: Likewise, twelve digits.
        word: Part of each, and of nothing else: of many different characters, so that replacing any of them shows.
        first_number: Numbers count up from it; longer than any that a program writes itself.
    """

    def __init__(self, region: str, account: str, word: str, first_number: int) -> None:
        self._region, self._account, self._word = region, account, word
        self._next_number = first_number
        self._written: dict[Reference, str | int] = {}
        # What stands for what, by the part that marks it.
        self._tokens: dict[str, list[tuple[str, str]]] = {}
        number = str(first_number)
        self._marks = re.compile(rf"{re.escape(word)}\d+z|{number[:4]}\d{{{len(number) - 4}}}")

    def text(self, reference: Reference) -> str:
        if reference not in self._written:
            count = len(self._written)
            name = f"{self._word}{count:06}z"
            if len(self._form(reference, name)) == len(str(reference)):
                name = f"{self._word}{count:07}z"
            written = self._form(reference, name)
            readings = [(written, str(reference))]
            if written.endswith(ENDPOINT_DNS):
                # What `components.parts.references.endpoint_id` makes of it.
                of_id = Reference(reference.type, reference.name, reference.path, "endpoint_id")
                readings.append((f"{name}.veo", str(of_id)))
            self._tokens[name] = readings
            self._written[reference] = written
        return str(self._written[reference])

    def number(self, reference: Reference) -> int:
        if reference not in self._written:
            number = str(self._next_number)
            self._tokens[number] = [(number, str(reference))]
            self._written[reference] = self._next_number
            self._next_number += 7
        return int(self._written[reference])

    def read(self, value: str | float) -> str | float:
        if not isinstance(value, str):
            readings = self._tokens.get(f"{value:.0f}")
            return readings[0][1] if readings else value
        for mark in self._marks.findall(value):
            for written, token in self._tokens.get(mark, ()):
                value = value.replace(written, token)
        return value

    def _form(self, reference: Reference, name: str) -> str:
        service = reference.type.removeprefix("aws:").partition("/")[0]
        last = reference.path.rpartition(".")[2].lower()
        if last.endswith("arn"):
            return f"arn:{_PARTITION}:{service}:{self._region}:{self._account}:{name}"
        if reference.type == ENDPOINT and reference.path == "endpointUrl":
            return f"https://{name}.veo{ENDPOINT_DNS}"
        if last.endswith(("url", "uri", "endpoint")):
            return f"https://{service}.{self._region}.amazonaws.com/{self._account}/{name}"
        return name


def look_alikes() -> tuple[LookAlikes, LookAlikes]:
    """Two spellings in AWS's manner that have nothing in common but what AWS's ARNs and URLs have."""
    return (
        LookAlikes("us-west-2", "210987654321", "Jackdaws-love.my_big-sphinx-OF-quartz-9753108642-", 700_000_001),
        LookAlikes("eu-central-1", "345678901234", "The_five.boxing-WIZARDS-jump-quickly-", 900_000_004),
    )
