"""Logging: one JSON object a line, with the keys of Lambda's own JSON format and the invocation's request id."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from handlers.shared import invocation as logs
from tests.handlers.support import Context

LOG = logging.getLogger("handlers.ingest.wiring")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger("handlers")
    before = root.handlers, root.propagate, root.level
    yield
    root.handlers, root.propagate, root.level = before  # type: ignore[misc]
    logging.getLogger("handlers").setLevel(before[2])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_has_the_keys_of_lambdas_json_format_and_those_of_extra(capsys):
    logs.set_up()

    @logs.with_request_id
    def handler(_event: dict[str, Any], _context: logs.LambdaContext) -> None:
        LOG.warning("%s refused entries", "the endpoint", extra={"codes": ["Throttled"]})

    handler({}, Context())
    [line] = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "WARNING",
        "message": "the endpoint refused entries",
        "logger": "handlers.ingest.wiring",
        "requestId": "req-1",
        "codes": ["Throttled"],
    }


def test_each_invocation_has_its_own_request_id(capsys):
    logs.set_up()
    handler = logs.with_request_id(lambda _event, _context: LOG.error("refused"))
    first, second = Context(), Context()
    second.aws_request_id = "req-2"
    for context in (first, second):
        handler({}, context)
    assert [line["requestId"] for line in lines(capsys)] == ["req-1", "req-2"]


def test_an_error_is_one_line_with_its_type_message_and_trace(capsys):
    logs.set_up()
    try:
        raise ValueError("seven")
    except ValueError:
        LOG.exception("failed")
    [line] = lines(capsys)
    assert (line["errorType"], line["errorMessage"]) == ("ValueError", "seven")
    assert "test_logs.py" in line["stackTrace"][0]


@pytest.mark.parametrize(("level", "logged"), [("ERROR", 0), ("warning", 1), ("no level", 1)])
def test_log_level_says_what_is_logged(capsys, monkeypatch, level, logged):
    monkeypatch.setenv("LOG_LEVEL", level)
    logs.set_up()
    LOG.warning("refused")
    assert len(lines(capsys)) == logged


def test_setting_up_twice_writes_each_line_once(capsys):
    logs.set_up()
    logs.set_up()
    LOG.warning("refused")
    assert len(lines(capsys)) == 1
