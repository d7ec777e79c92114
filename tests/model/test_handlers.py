"""The functions' own handler.py runs in the model, and what it raises or returns counts as Lambda counts it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signals.model import code
from signals.model.clock import HOUR_S
from signals.model.faults import Fault, FaultKind
from signals.model.platform import Platform
from tests.model.support import PRIMARY, SECONDARY, hours, platform_of

FOLDERS = ("ingest", "enrichment", "republish", "return_path", "profile", "canary")


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts other code after the end of a function's handler.py."""

    def change(folder: str, after: str) -> None:
        file = Path(code.handlers.__file__).parent / folder / "handler.py"
        changed, as_it_is = compile(file.read_text("utf-8") + after, file, "exec"), code._handler
        monkeypatch.setattr(code, "_handler", lambda asked: changed if asked == folder else as_it_is(asked))

    return change


def spooling() -> Platform:
    """Both Regions' EventBridge is down for a while, and signals go to the spools."""
    down = [Fault(FaultKind.EVENTBRIDGE, region, HOUR_S, 2 * HOUR_S) for region in (PRIMARY, SECONDARY)]
    platform = platform_of(None, down, sent_s=hours(1.2, 1.8, 20))
    platform.clock.run(60 * 24 * HOUR_S)
    return platform


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_handler_is_what_runs(handler: Callable[[str, str], None], folder: str) -> None:
    handler(folder, "\nraise ImportError('this is the file')\n")
    with pytest.raises(ImportError, match="this is the file"):
        platform_of(None)


def test_what_a_handler_raises_is_retried_and_then_a_dead_letter(handler: Callable[[str, str], None]) -> None:
    handler("enrichment", "\ndef handler(event, context):\n    raise KeyError(context.aws_request_id)\n")
    platform = platform_of(None, sent_s=hours(1, 1.5, 4))
    platform.clock.run(3 * HOUR_S)
    # Three tries in the primary, and three of the replicated copy in the secondary.
    assert platform.ledger.counts["function errors"] == 4 * 3 * 2
    assert (platform.ledger.counts["dead letters"], len(platform.ledger.lake)) == (4 * 2, 0)


ANSWERS: dict[str, tuple[Any, bool]] = {
    "none": (None, True),
    "an empty object": ({}, True),
    "an empty list": ({"batchItemFailures": []}, True),
    "null": ({"batchItemFailures": None}, True),
    "text": ("failed", False),
    "another key": ({"batchItemFailures": [{"messageId": "x"}]}, False),
    "an id that is null": ({"batchItemFailures": [{"itemIdentifier": None}]}, False),
    "an id that is empty": ({"batchItemFailures": [{"itemIdentifier": ""}]}, False),
    "an id that was not in the batch": ({"batchItemFailures": [{"itemIdentifier": "x"}]}, False),
}


@pytest.mark.parametrize(("answer", "success"), ANSWERS.values(), ids=ANSWERS)
def test_a_batch_is_deleted_or_comes_again_as_the_handlers_answer_says(
    handler: Callable[[str, str], None], answer: Any, success: bool
) -> None:
    handler("republish", f"\ndef handler(event, context):\n    return {answer!r}\n")
    platform = spooling()
    # Lambda Developer Guide, "Implementing partial batch responses": success and failure conditions.
    assert (platform.ledger.counts["dead letters"] == 0) is success


def test_the_republishing_handlers_own_answer_lets_nothing_be_lost() -> None:
    platform = spooling()
    assert (len(platform.ledger.lake), platform.ledger.counts["dead letters"]) == (20, 0)
    assert platform.ledger.counts["batches spooled"] > 0
