"""Reads signals from text: one CloudEvent, an array of them, or one a line."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from signals.errors import Misuse

Signal = dict[str, Any]

MAX_SIGNALS_A_REQUEST = 100
# Ingest takes bodies of up to 1 MiB (handlers/ingest/http.py).
MAX_REQUEST_BYTES = 1_000_000


def parse(text: str) -> list[Signal]:
    """The signals in `text`, each with an id, so that a retry after a lost response does not make a second signal.

    Raises:
        Misuse: With the number of the line that cannot be read, and what to do.
    """
    if not text.strip():
        raise Misuse("there is nothing to send: give a CloudEvent as JSON, an array of them, or one a line")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        return list(_lines(text, error))
    if not isinstance(document, list):
        return [_signal(document, "the document")]
    if not document:
        raise Misuse("there is nothing to send: the array is empty")
    return [_signal(item, f"item {number} of the array") for number, item in enumerate(document, 1)]


def _lines(text: str, error: json.JSONDecodeError) -> Iterator[Signal]:
    """The signals of a text that is not one document, given the error that says so."""
    # Not splitlines(): JSON strings may contain U+2028 and the like.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    first = lines[0][1].strip()
    # A document of several lines starts with a line that is not a value by itself; then its own error is better.
    if len(lines) == 1 or not (first.startswith("{") and first.endswith("}")):
        raise _not_json(error.lineno, error)
    for number, line in lines:
        try:
            item = json.loads(line)
        except json.JSONDecodeError as line_error:
            raise _not_json(number, line_error) from None
        yield _signal(item, f"line {number}")


def _not_json(line: int, error: json.JSONDecodeError) -> Misuse:
    return Misuse(f"line {line}, column {error.colno}: not JSON ({error.msg}): correct it and send again")


def _signal(item: Any, where: str) -> Signal:
    if not isinstance(item, dict):
        names = {list: "an array", str: "a string", bool: "true or false", int: "a number", float: "a number"}
        kind = names.get(type(item), "null")
        raise Misuse(f"{where} is not a CloudEvent but {kind}: write an object with specversion, type and source")
    return item if item.get("id") else {**item, "id": str(uuid.uuid4())}


def batches(signals: list[Signal]) -> Iterator[list[Signal]]:
    """Split into requests of at most 100 signals and about 1 MB."""
    batch: list[Signal] = []
    size = 0
    for signal in signals:
        length = len(json.dumps(signal).encode())
        if batch and (len(batch) == MAX_SIGNALS_A_REQUEST or size + length > MAX_REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(signal)
        size += length
    if batch:
        yield batch
