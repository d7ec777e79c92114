"""Sends a failure queue's messages back, in parallel: each worker receives ten, sends them, deletes what was accepted.

A message is deleted after it was accepted, never before: whatever ends this process makes duplicates, and loses none.
What is not sent stays hidden until the end of the run, which therefore tries no message twice, and is put back then; if
the process dies, SQS shows it again after 300 s. So any number of runs may work on one queue, and each continues.

SQS's own StartMessageMoveTask is not used. It takes dead-letter queues of SQS queues only, here those of the spool and
of the return path; it moves all of a queue, in one task a queue, at no more than 500 messages a second where a rate is
set (SQS API reference), and says nothing of a single message.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Event, Lock
from typing import Any, Literal, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from components.aws_quotas import MESSAGES_IN_FLIGHT
from handlers.shared.delivery import Failure, RetryPace, Undelivered, request_failure
from signals.aws.reading import queue_message
from signals.recover.destinations import Channel, Delivery, NotRedrivenError, Router
from signals.recover.failures import FailedMessage, RedriveOutcome, failed_message
from signals.stack import Stack

BATCH = 10  # messages of one receive, and of one delete (SQS API reference)
HIDDEN_S = 300
# Within this after a receive requests begin. The last one may take three tries of 35 s (`Aws.client`), and so may the
# delete: all of it ends while the messages are hidden.
_SENDING_S = 90.0
# Messages that one run leaves in the queue and keeps hidden: others may work on it at the same time.
MOST_LEFT = int(0.4 * MESSAGES_IN_FLIGHT.of(""))
_MOST_PROBLEMS = 100
_LOOK_S, _COUNT_S, _RATE_S = 0.5, 10.0, 60.0
_UNREACHABLE_S = 300.0
# SQS's clock is read from the Date of an answer, in whole seconds; a server may be a second late with it.
_DATE_MARGIN = timedelta(seconds=2)

# Why a message is kept: it could not be sent; it was not chosen; it came while this runs, perhaps because it failed
# again; the run ended before its turn; or it was accepted, but could not be deleted.
Why = Literal["failed", "passed over", "newer", "untouched", "undeleted"]


@dataclass(frozen=True)
class Redriven:
    """How far a run is, or what it did.

    Args:
        sent: Messages that were accepted where they belong.
        failed: Messages that were not.
        passed_over: Messages seen that were not chosen.
        newer: Messages that came while this ran; what failed again is among them.
        undeleted: Of those sent, messages that could not be deleted: they will be sent again.
        remaining: About how many are in the queue: while it runs without those that it keeps, at its end with them.
        per_second: Messages sent, of late.
        seconds: How long it took so far.
        full: Whether the run ended because it left as many messages as it may keep hidden.
        waits: Why nothing is sent at the moment, if so.
        problems: How often each reason's messages had each problem, the most frequent first; one hundred at most.
    """

    sent: int = 0
    failed: int = 0
    passed_over: int = 0
    newer: int = 0
    undeleted: int = 0
    remaining: int = 0
    per_second: float = 0.0
    seconds: float = 0.0
    full: bool = False
    waits: str | None = None
    problems: tuple[tuple[str, str, int], ...] = ()

    def as_json(self) -> dict[str, Any]:
        problems = [{"reason": reason, "problem": text, "count": count} for reason, text, count in self.problems]
        return {**vars(self), "problems": problems}


class Target(NamedTuple):
    """The queue that is sent from."""

    region: str
    name: str
    url: str


class _Kept(NamedTuple):
    receipt: str
    why: Why


class _Pace:
    """Lets through so many messages a second, and none while it holds."""

    def __init__(self, per_second: float | None, stop: Event) -> None:
        self._per_second, self._stop = per_second, stop
        self._lock, self._next = Lock(), 0.0
        self.holds = False

    def wait(self, messages: int) -> None:
        """Return when so many messages may be sent, or when the run stops."""
        if self._per_second:
            with self._lock:
                start = max(self._next, time.monotonic())
                self._next = start + messages / self._per_second
            self._stop.wait(max(0.0, start - time.monotonic()))
        while self.holds and not self._stop.wait(_LOOK_S):
            pass


class Run:
    """One run over one queue.

    Args:
        stack: The stack.
        queue: The failure queue.
        chosen: Whether a message shall be sent.
        ids: Messages to try; the run ends when it has tried them all. Empty: as many as there are.
        parallel: Number of workers.
        per_second: Messages to send a second, at most; none: as fast as it goes.
        hold: Why nothing may be sent now; asked every 10 s.
        on_outcome: Called with each message's outcome, one at a time.
        on_progress: Called twice a second, and at the end, however that comes.
    """

    def __init__(
        self,
        stack: Stack,
        queue: Target,
        *,
        chosen: Callable[[FailedMessage], bool],
        ids: Collection[str] = (),
        parallel: int,
        per_second: float | None,
        hold: Callable[[], str | None],
        on_outcome: Callable[[RedriveOutcome], None],
        on_progress: Callable[[Redriven], None],
    ) -> None:
        self._stack, self._queue, self._chosen, self._parallel = stack, queue, chosen, parallel
        self._hold, self._on_outcome, self._on_progress = hold, on_outcome, on_progress
        self._sqs = stack.aws.client("sqs", queue.region)
        self._stop = Event()
        self._router = Router(stack, RetryPace(clock=self._clock, sleep=self._pause))
        self._pace = _Pace(per_second, self._stop)
        self._lock, self._telling = Lock(), Lock()
        self._kept: dict[str, _Kept] = {}
        self._sent, self._untried = 0, set(ids)
        self._problems: Counter[tuple[str, str]] = Counter()
        self._full = False
        self._waits: str | None = None
        self._remaining: int | None = None
        self._began = self._counted = time.monotonic()
        self._history: deque[tuple[float, int]] = deque([(self._began, 0)])
        self._older_than = datetime.now(UTC)

    def __call__(self) -> Redriven:
        """Send until the queue shows nothing more; an exception, Ctrl-C too, ends it in order and is raised then."""
        self._count()
        pool = ThreadPoolExecutor(self._parallel)
        try:
            running: set[Future[None]] = {pool.submit(self._work) for _ in range(self._parallel)}
            while running:
                done, running = wait(running, timeout=_LOOK_S, return_when=FIRST_EXCEPTION)
                for worker in done:
                    worker.result()
                self._look()
        finally:
            self._stop.set()
            pool.shutdown()
            self._put_back()
            self._count()
            self._on_progress(self.now())
        return self.now()

    def now(self) -> Redriven:
        """How far it is."""
        with self._lock:
            whys = Counter(kept.why for kept in self._kept.values())
            (since, sent), now = self._history[0], time.monotonic()
            return Redriven(
                sent=self._sent,
                failed=whys["failed"],
                passed_over=whys["passed over"],
                newer=whys["newer"],
                undeleted=whys["undeleted"],
                remaining=self._remaining or 0,
                per_second=(self._sent - sent) / max(now - since, 0.001),
                seconds=now - self._began,
                full=self._full,
                waits=self._waits,
                problems=tuple((*key, count) for key, count in self._problems.most_common()),
            )

    def _clock(self) -> float:
        """Seconds; every deadline has passed when the run stops."""
        return float("inf") if self._stop.is_set() else time.monotonic()

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _look(self) -> None:
        now = time.monotonic()
        self._history.append((now, self._sent))
        while self._history[0][0] < now - _RATE_S:
            self._history.popleft()
        if now - self._counted >= _COUNT_S:
            self._counted = now
            self._count()
            self._waits = self._hold()
            self._pace.holds = self._waits is not None
        self._on_progress(self.now())

    def _count(self) -> None:
        """About how many messages others, or later receives, will find."""
        try:
            answer: Any = self._sqs.get_queue_attributes(
                QueueUrl=self._queue.url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )
        except (ClientError, BotoCoreError):
            if self._remaining is None:
                raise  # the first look: it will not work
            return
        visible = int(answer["Attributes"]["ApproximateNumberOfMessages"])
        hidden = int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])
        if self._remaining is None and (date := answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")):
            self._older_than = parsedate_to_datetime(date) + _DATE_MARGIN
        self._remaining = visible if self._stop.is_set() else visible + max(0, hidden - len(self._kept))

    def _work(self) -> None:
        # SQS may answer a receive with nothing while it has messages; hardly twice where it waits for them.
        empty = 0
        while empty < 2:
            self._pace.wait(BATCH)
            if self._stop.is_set():
                return
            received_at, received = time.monotonic(), self._receive()
            empty = 0 if received else empty + 1
            if received:
                self._handle(received, until=received_at + _SENDING_S)

    def _receive(self) -> list[FailedMessage]:
        failing_since = None
        while True:
            try:
                answer = self._sqs.receive_message(
                    QueueUrl=self._queue.url,
                    MaxNumberOfMessages=BATCH,
                    VisibilityTimeout=HIDDEN_S,
                    WaitTimeSeconds=self._stack.aws.receive_wait_s,
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["All"],
                )
            except (ClientError, BotoCoreError) as error:
                failing_since = failing_since or time.monotonic()
                long = time.monotonic() - failing_since > _UNREACHABLE_S
                if long or not request_failure(error).retryable or self._stop.wait(2):
                    raise
            else:
                found = map(queue_message, answer.get("Messages", ()))
                return [failed_message(message, self._queue.region, self._queue.name) for message in found]

    def _handle(self, received: Sequence[FailedMessage], *, until: float) -> None:
        mine = [message for message in received if self._is_mine(message)]
        accepted: list[FailedMessage] = []
        outcomes: list[RedriveOutcome] = []
        for channel, sendable in self._routed(mine, outcomes).items():
            failures = self._send(channel, [delivery for _, delivery in sendable], until)
            for place, (message, delivery) in enumerate(sendable):
                failure = failures.get(place)
                if failure is None:
                    accepted.append(message)
                    outcomes.append(RedriveOutcome(message, delivery.to, None))
                elif self._stop.is_set() and failure.code == "DeadlineExceeded":
                    self._keep(message, "untouched")
                else:
                    outcomes.append(RedriveOutcome(message, delivery.to, _in_words(failure)))
        left = self._undeleted([message.receipt for message in accepted])
        for message in accepted:
            if message.receipt in left:
                self._keep(message, "undeleted")
        self._tell(outcomes)

    def _is_mine(self, message: FailedMessage) -> bool:
        """Whether a message is to be sent now; others are kept, by their new receipt if they were kept before."""
        with self._lock:
            known = self._kept.get(message.id)
        if known:
            self._keep(message, known.why)
        elif message.sent_at >= self._older_than:
            self._keep(message, "newer")
        elif not self._chosen(message):
            self._keep(message, "passed over")
        else:
            return True
        return False

    def _routed(
        self, messages: Sequence[FailedMessage], outcomes: list[RedriveOutcome]
    ) -> dict[Channel, list[tuple[FailedMessage, Delivery]]]:
        """Messages by the channel that takes them; the outcomes of those that cannot go back are added."""
        found: dict[Channel, list[tuple[FailedMessage, Delivery]]] = {}
        for message in messages:
            try:
                delivery = self._router.delivery(message.region, message.queue, message.body, message.attributes)
            except (ClientError, BotoCoreError, NotRedrivenError) as error:
                outcomes.append(RedriveOutcome(message, "nowhere", str(error)))
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                # A message that nobody here wrote must not end the run for millions of others.
                outcomes.append(RedriveOutcome(message, "nowhere", f"it is not what AWS writes ({error!r})"))
            else:
                found.setdefault(delivery.channel, []).append((message, delivery))
        return found

    def _send(self, channel: Channel, deliveries: Sequence[Delivery], until: float) -> Undelivered:
        if self._clock() >= until:
            return dict.fromkeys(
                range(len(deliveries)), Failure("DeadlineExceeded", "no time was left", retryable=True)
            )
        return channel([each.thing for each in deliveries], until=until)

    def _keep(self, message: FailedMessage, why: Why) -> None:
        with self._lock:
            self._kept[message.id] = _Kept(message.receipt, why)
            if len(self._kept) >= MOST_LEFT:
                self._full = True
                self._stop.set()

    def _tell(self, outcomes: Sequence[RedriveOutcome]) -> None:
        for outcome in outcomes:
            if outcome.problem is not None:
                self._keep(outcome.message, "failed")
        with self._telling:
            for outcome in outcomes:
                with self._lock:
                    self._sent += outcome.problem is None
                    key = (outcome.message.reason, outcome.problem or "")
                    if outcome.problem and (key in self._problems or len(self._problems) < _MOST_PROBLEMS):
                        self._problems[key] += 1
                self._on_outcome(outcome)
        if self._untried:
            with self._lock:
                self._untried.difference_update(outcome.message.id for outcome in outcomes)
                if not self._untried:
                    self._stop.set()

    def _undeleted(self, receipts: Sequence[str]) -> set[str]:
        """Delete messages; return the receipts of those that are still there."""
        left: set[str] = set()
        for part in _tens(receipts):
            entries: list[Any] = [{"Id": str(i), "ReceiptHandle": each} for i, each in enumerate(part)]
            try:
                answer = self._sqs.delete_message_batch(QueueUrl=self._queue.url, Entries=entries)
            except (ClientError, BotoCoreError):
                left.update(part)
            else:
                left.update(part[int(failed["Id"])] for failed in answer.get("Failed", ()))
        return left

    def _put_back(self) -> None:
        """Show what is left to others at once; what was accepted is deleted now, or shows by itself."""
        shown = [kept.receipt for kept in self._kept.values() if kept.why != "undeleted"]

        def show(receipts: Sequence[str]) -> None:
            entries: list[Any] = [
                {"Id": str(i), "ReceiptHandle": each, "VisibilityTimeout": 0} for i, each in enumerate(receipts)
            ]
            # What is not put back now, because SQS does not answer or shows it already, shows by itself.
            with suppress(ClientError, BotoCoreError):
                self._sqs.change_message_visibility_batch(QueueUrl=self._queue.url, Entries=entries)

        with ThreadPoolExecutor(self._parallel) as pool:
            list(pool.map(show, _tens(shown)))
        left = self._undeleted([kept.receipt for kept in self._kept.values() if kept.why == "undeleted"])
        for key in [key for key, kept in self._kept.items() if kept.why == "undeleted" and kept.receipt not in left]:
            del self._kept[key]


def _in_words(failure: Failure) -> str:
    return failure.message if failure.code in failure.message else f"{failure.code}: {failure.message}"


def _tens(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (things[first : first + BATCH] for first in range(0, len(things), BATCH))
