"""Reading AWS, and the two implementations of the interface to it side by side on the embedded AWS."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from signals.aws.account import Aws
from signals.aws.reading import or_none
from signals.observe.find import find
from signals.stack import Stack
from tests.support.hand_made import PRIMARY

HOUR = timedelta(hours=1)


class AwsOnTheEmbedded(Aws):
    """Asks as if it were AWS, and the embedded AWS answers."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(Path("unused"))
        self._stack = stack

    def client(self, service: str, region: str) -> Any:
        return self._stack.aws.client(service, region)


def queue_url(stack: Stack, name: str) -> str:
    url: str = stack.aws.client("sqs", PRIMARY).get_queue_url(QueueName=f"hand-made-{name}")["QueueUrl"]
    return url


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Describe")


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "NotFoundException", "NoSuchBucket"])
def test_what_is_not_there_is_none(code: str) -> None:
    def missing() -> str:
        raise refusal(code)

    assert or_none(missing) is None
    assert or_none(lambda: "there") == "there"


def test_any_other_refusal_is_an_error() -> None:
    def denied() -> str:
        raise refusal("AccessDeniedException")

    with pytest.raises(ClientError):
        or_none(denied)


def test_both_implementations_read_the_same_messages_and_leave_them(hand_made: Stack) -> None:
    url = queue_url(hand_made, "orders-dlq")

    def read(aws: Aws) -> set[tuple[str, str, datetime]]:
        return {(message.id, message.body, message.sent_at) for message in aws.messages(PRIMARY, url)}

    for _ in range(2):
        assert len(read(hand_made.aws)) == 2
        assert read(AwsOnTheEmbedded(hand_made)) == read(hand_made.aws)


def test_attributes_of_a_message_are_read_by_both(hand_made: Stack) -> None:
    url = queue_url(hand_made, "quarantine")
    for aws in (hand_made.aws, AwsOnTheEmbedded(hand_made)):
        [message] = aws.messages(PRIMARY, url)
        assert message.attributes == {"reason": "schema"}


def test_borrowed_messages_are_put_back_even_after_an_error(hand_made: Stack) -> None:
    url = queue_url(hand_made, "spool")
    with (
        pytest.raises(KeyboardInterrupt),
        hand_made.aws.borrowed_messages(PRIMARY, url, hidden_s=300, at_most=10) as messages,
    ):
        assert len(messages) == 1
        raise KeyboardInterrupt
    assert len(hand_made.aws.client("sqs", PRIMARY).receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]) == 1


def test_a_search_on_aws_says_that_archives_are_not_searched(hand_made: Stack) -> None:
    stack = Stack(hand_made.name, hand_made.settings, hand_made.raw)
    stack.__dict__["aws"] = AwsOnTheEmbedded(hand_made)
    found = find(stack, "everywhere", since=HOUR)
    assert [place.kind for place in found.places] == ["lake"]
    assert found.not_searched[0].startswith("archives (hand-made-ingress)")
    assert find(hand_made, "everywhere", since=HOUR).not_searched == ()


class Points:
    """CloudWatch with the given data points, which checks that it would return them at all."""

    def __init__(self, *sums: float) -> None:
        self._sums = sums

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        assert (asked["EndTime"] - asked["StartTime"]).total_seconds() / asked["Period"] <= 1_440
        assert asked["Period"] % (300 if datetime.now(UTC) - asked["StartTime"] > timedelta(days=15) else 60) == 0
        return {"Datapoints": [{"Sum": value} for value in self._sums]}


@pytest.mark.parametrize("window", [timedelta(minutes=1), timedelta(hours=30), timedelta(days=89)])
def test_a_metric_is_summed_over_any_window_and_none_without_data(window: timedelta) -> None:
    now = datetime.now(UTC)
    for sums, total in (((3.0, 4.0), 7), ((), None)):
        aws = Aws(Path("unused"))
        aws._clients["cloudwatch", PRIMARY] = Points(*sums)
        assert aws.metric_sum(PRIMARY, "AWS/Events", "Invocations", {}, now - window, now) == total
