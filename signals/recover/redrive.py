"""Dead-letter queues, failure destinations and the quarantine: what is in them, why, and how it is sent back."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

from signals.recover.failures import (
    FailedMessage,
    FailureGroup,
    RedriveOutcome,
    failed_message,
    failure_queue,
    failure_queues,
)
from signals.recover.sending import Redriven, Run, Target
from signals.stack import Stack

# Workers spend most of their time waiting for AWS, but sixteen of them keep a core busy (docs/runbook.md).
PARALLEL = 16
_HIDDEN_S = 300  # how long what is listed stays hidden if the run dies
MOST_LISTED = 10_000  # messages of one queue that a list reads


def groups(stack: Stack) -> list[FailureGroup]:
    """Messages in the failure queues of both Regions, by reason.

    Reading is a receive: each message is hidden while this runs, and put back at its end.
    """
    places = [(region, name) for region in stack.regions for name in failure_queues(stack, region)]
    with ThreadPoolExecutor(8) as pool:
        found = [message for part in pool.map(lambda place: list_messages(stack, *place), places) for message in part]
    by_reason: dict[tuple[str, str, str], list[FailedMessage]] = {}
    for message in found:
        by_reason.setdefault((message.region, message.queue, message.reason), []).append(message)
    return [
        FailureGroup(*place, len(messages), min(message.sent_at for message in messages), messages[0].text)
        for place, messages in sorted(by_reason.items())
    ]


def list_messages(stack: Stack, region: str, queue: str) -> list[FailedMessage]:
    """Messages of one queue, oldest first; they stay there.

    Raises:
        Misuse: When the stack has no such failure queue in that Region.
    """
    url, wait_s = failure_queue(stack, region, queue), stack.aws.receive_wait_s
    with stack.aws.borrowed_messages(region, url, hidden_s=_HIDDEN_S, at_most=MOST_LISTED, wait_s=wait_s) as messages:
        found = [failed_message(message, region, queue) for message in messages]
    return sorted(found, key=lambda message: message.sent_at)


def send(
    stack: Stack,
    region: str,
    queue: str,
    *,
    ids: Collection[str] = (),
    reason: str | None = None,
    parallel: int = PARALLEL,
    per_second: float | None = None,
    hold: Callable[[], str | None] = lambda: None,
    on_outcome: Callable[[RedriveOutcome], None] = lambda _: None,
    on_progress: Callable[[Redriven], None] = lambda _: None,
) -> Redriven:
    """Send messages of one queue back to where they failed, each once; safe to interrupt and to run again.

    Args:
        stack: The stack.
        region: Where the queue is.
        queue: Its name.
        ids: Only these messages; none: all.
        reason: Only messages with this reason.
        parallel: How many workers send.
        per_second: Messages to send a second, at most.
        hold: Why nothing may be sent at the moment, if so.
        on_outcome: Called with each message's outcome.
        on_progress: Called twice a second, and at the end, also of a run that is interrupted.

    Raises:
        Misuse: When the stack has no such failure queue in that Region.
    """
    found = Target(region, queue, failure_queue(stack, region, queue))
    return Run(
        stack,
        found,
        chosen=lambda message: (not ids or message.id in ids) and (not reason or message.reason == reason),
        ids=ids,
        parallel=parallel,
        per_second=per_second,
        hold=hold,
        on_outcome=on_outcome,
        on_progress=on_progress,
    )()
