"""Sending to a queue: every message's result is looked at, and what SQS would refuse is made so that it does not."""

import json
from collections import Counter
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from handlers.shared.senders import MESSAGE_BYTES, QueueSender, message
from tests.handlers.support import Clock


class Client:
    """An SQS client that fails messages as the script says: by body, with (code, sender's fault)."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.batches: list[list[dict[str, Any]]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "queue"
        self.batches.append(Entries)
        fails = self.script.pop(0) if self.script else {}
        if isinstance(fails, Exception):
            raise fails
        answer: dict[str, Any] = {}
        for entry in Entries:
            if entry["MessageBody"] in fails:
                code, sender = fails[entry["MessageBody"]]
                answer.setdefault("Failed", []).append({"Id": entry["Id"], "Code": code, "SenderFault": sender})
            else:
                answer.setdefault("Successful", []).append({"Id": entry["Id"]})
        return answer


def send(client: Client, *bodies: str, until: float = 60) -> list[tuple[int, str]]:
    sender = QueueSender(client, queue_url="queue", pace=Clock().pace())  # type: ignore[arg-type]
    refused = sender([message(body) for body in bodies], until=until)
    return [(place, failure.code) for place, failure in refused.items()]


def sent(client: Client) -> list[list[str]]:
    return [[entry["MessageBody"] for entry in batch] for batch in client.batches]


def test_batches_have_ten_messages_at_most():
    client = Client()
    assert send(client, *map(str, range(12))) == []
    assert [len(batch) for batch in client.batches] == [10, 2]


def test_only_messages_that_failed_are_sent_again():
    client = Client({"b": ("InternalError", False)})
    assert send(client, "a", "b", "c") == []
    assert sent(client) == [["a", "b", "c"], ["b"]]


def test_a_message_that_is_the_senders_fault_is_not_sent_again():
    client = Client({"b": ("InvalidMessageContents", True)})
    assert send(client, "a", "b") == [(1, "InvalidMessageContents")]
    assert len(client.batches) == 1


@given(st.lists(st.sampled_from(["taken", "retried", "refused"]), min_size=1, max_size=25))
def test_every_message_that_the_queue_refused_is_named(plan):
    bodies = [f"{place}-{what}" for place, what in enumerate(plan)]
    refused = {body: ("InvalidMessageContents", True) for body in bodies if body.endswith("refused")}
    first = {body: ("InternalError", False) for body in bodies if body.endswith("retried")} | refused
    client = Client(*[first] * -(-len(bodies) // 10), *[refused] * 10)
    named = [position for position, _ in send(client, *bodies)]
    assert named == [place for place, what in enumerate(plan) if what == "refused"]
    times = Counter(body for batch in sent(client) for body in batch)
    assert times == {body: 2 if body.endswith("retried") else 1 for body in bodies}


def test_a_batch_that_failed_whole_is_sent_again_whole():
    client = Client(ClientError({"Error": {"Code": "RequestThrottled"}}, "SendMessageBatch"))
    assert send(client, "a", "b") == []
    assert sent(client) == [["a", "b"], ["a", "b"]]


def test_a_message_without_a_result_was_not_taken():
    class Forgetful(Client):
        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            answer = super().send_message_batch(**request)
            return answer if len(self.batches) > 1 else {"Successful": answer["Successful"][:1]}

    client = Forgetful()
    assert send(client, "a", "b") == []
    assert sent(client) == [["a", "b"], ["b"]]


def test_a_batch_has_256_kib_at_most():
    client = Client()
    send(client, "x" * (MESSAGE_BYTES // 2), "x" * (MESSAGE_BYTES // 2), "y")
    assert [len(batch) for batch in client.batches] == [2, 1]


def test_a_message_of_just_256_kib_is_sent_and_one_byte_more_is_not():
    client = Client()
    assert send(client, "x" * MESSAGE_BYTES) == []
    assert send(client, "x" * (MESSAGE_BYTES + 1), "small") == [(0, "MessageTooLong")]
    assert [len(body) for batch in sent(client) for body in batch] == [MESSAGE_BYTES, len("small")]


def test_attributes_count_with_name_type_and_value():
    assert message("ab", reason="é").size_bytes == 2 + len("reason") + len("String") + 2


def test_an_attribute_that_says_nothing_is_left_out():
    assert message("{}", reason="r", source=None, batch_id="").attributes == {"reason": "r"}


def test_attributes_are_short_and_of_characters_that_sqs_takes():
    attributes = message("{}", message="a\x00b\ufffe" + "c" * 1000).attributes
    assert attributes["message"].startswith("a\ufffdb\ufffdc")
    assert len(attributes["message"]) == 512


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_body_says_the_same_once_its_refused_characters_are_escaped(text):
    body = message(json.dumps({"text": text}, ensure_ascii=False)).body
    assert json.loads(body) == {"text": text}
    assert not set(body) & {"\ufffe", "\uffff"}


@pytest.mark.usefixtures("aws")
def test_messages_arrive_as_sent():
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="q")["QueueUrl"]
    sender = QueueSender(client, queue_url=url)
    assert sender([message('{"a":"\uffff"}', reason="invalid_id")], until=60) == {}
    [received] = client.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert received["Body"] == '{"a":"\\uffff"}'
    assert received["MessageAttributes"]["reason"]["StringValue"] == "invalid_id"


def test_of_all_characters_those_stay_in_an_attribute_that_sqs_accepts():
    """SQS API reference, SendMessage: #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF."""
    accepted = {0x9, 0xA, 0xD, *range(0x20, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x110000)}
    everything = [chr(code) for code in range(0x110000)]
    chunks = ["".join(everything[start : start + 512]) for start in range(0, 0x110000, 512)]
    kept = "".join(message("", attribute=chunk).attributes["attribute"] for chunk in chunks)
    changed = {code for code, (before, after) in enumerate(zip(everything, kept, strict=True)) if before != after}
    assert changed == set(range(0x110000)) - accepted
