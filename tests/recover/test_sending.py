"""Thousands of messages go back in parallel; whatever ends a run loses none, and the next run goes on."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import pytest

from signals.recover import redrive
from signals.recover.sending import Redriven
from signals.stack import Stack
from tests.recover.support import arn, subscribe
from tests.support.hand_made import PRIMARY

QUEUE = "hand-made-orders-dlq"
ATTRIBUTES = {
    "RULE_ARN": arn("events", PRIMARY, "rule/hand-made-ingress/hand-made-orders"),
    "TARGET_ARN": arn("sqs", PRIMARY, "hand-made-orders"),
    "ERROR_CODE": "THROTTLING",
}


@pytest.fixture(autouse=True)
def _empty(platform: Stack) -> Iterator[None]:
    subscribe(platform, PRIMARY, "orders", {"source": ["signals"]}, InputPath="$.detail")
    yield
    sqs = platform.aws.client("sqs", PRIMARY)
    for name in ("orders", "orders-dlq"):
        sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=f"hand-made-{name}")["QueueUrl"])


def fill(stack: Stack, count: int, *, first: int = 0, **attributes: str) -> set[str]:
    """Dead letters of a rule; the ids of their signals."""
    sqs = stack.aws.client("sqs", PRIMARY)
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    ids = [f"s-{number}" for number in range(first, first + count)]
    sent_as: Any = {k: {"DataType": "String", "StringValue": v} for k, v in {**ATTRIBUTES, **attributes}.items()}

    def put(part: list[str]) -> None:
        bodies = [json.dumps({"source": "signals", "detail": {"id": id_}}) for id_ in part]
        sqs.send_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(place), "MessageBody": body, "MessageAttributes": sent_as}
                for place, body in enumerate(bodies)
            ],
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, [ids[place : place + 10] for place in range(0, count, 10)]))
    return set(ids)


def held(stack: Stack, name: str) -> Counter[str]:
    """How often each signal is in a queue, hidden ones too."""
    sqs = stack.aws.client("sqs", PRIMARY)
    bodies = [
        json.loads(message.body)
        for message in stack.aws.messages(PRIMARY, sqs.get_queue_url(QueueName=f"hand-made-{name}")["QueueUrl"])
    ]
    return Counter(body.get("detail", body)["id"] for body in bodies)


def visible(stack: Stack) -> int:
    sqs = stack.aws.client("sqs", PRIMARY)
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def test_thousands_arrive_once_and_leave_the_queue_empty(platform: Stack) -> None:
    ids = fill(platform, 2_000)
    done = redrive.send(platform, PRIMARY, QUEUE)
    assert (done.sent, done.failed, done.remaining) == (2_000, 0, 0)
    assert held(platform, "orders") == Counter(ids)
    assert not held(platform, "orders-dlq")


def test_two_runs_at_once_send_all_of_it(platform: Stack) -> None:
    ids = fill(platform, 1_000)
    done: list[Redriven] = []
    runs = [Thread(target=lambda: done.append(redrive.send(platform, PRIMARY, QUEUE))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sum(each.sent for each in done) == 1_000
    assert all(each.sent for each in done)
    assert held(platform, "orders") == Counter(ids)


# Hidden for 3 s in place of 300, which no test can wait for.
_CHILD = """
import json, sys
from pathlib import Path

from components.settings import load_settings
from signals.recover import redrive, sending
from signals.stack import Stack

sending.HIDDEN_S = 3
raw = json.loads(sys.argv[1])
stack = Stack("test", load_settings(raw), raw, Path(sys.argv[2]))
redrive.send(stack, stack.primary, sys.argv[3], on_outcome=lambda _: print("sent", flush=True))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_in_the_middle_loses_nothing_and_the_next_goes_on(
    platform: Stack, how: signal.Signals
) -> None:
    ids = fill(platform, 1_500)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, json.dumps(platform.raw), str(platform.home), QUEUE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout
    for _ in range(300):
        assert child.stdout.readline(), "it ended before it could be ended"
    child.send_signal(how)
    child.communicate(timeout=60)
    left = held(platform, "orders-dlq")
    assert 0 < len(left) < 1_500, "it was ended in the middle"
    assert set(left) | set(held(platform, "orders")) == ids
    if how is signal.SIGINT:
        assert visible(platform) == len(left), "what was hidden is put back at once"
        assert not set(left) & set(held(platform, "orders")), "what was accepted is deleted"
    else:
        assert visible(platform) < len(left), "what was in a worker's hands is hidden"
        time.sleep(3.5)
    redrive.send(platform, PRIMARY, QUEUE)
    arrived = held(platform, "orders")
    assert set(arrived) == ids
    assert arrived.total() - len(ids) <= 10 * redrive.PARALLEL, "a duplicate for each message in a worker's hands"
    assert not held(platform, "orders-dlq")
