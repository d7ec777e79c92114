"""What ministack does as AWS does, and this platform stands on: no extension, but it must not change."""

import json

from tests.support.embedded import EAST, WEST, Aws, eventually

PARTIAL = """
def handler(event, context):
    failed = [r["messageId"] for r in event["Records"] if r["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""


def test_a_batchs_failed_messages_alone_come_again_and_end_in_the_dead_letter_queue(aws: Aws, name: str) -> None:
    """Lambda Developer Guide, "Implementing partial batch responses"; SQS redrive policy."""
    dead_letters = aws.queue(f"{name}-dlq")
    redrive = json.dumps({"deadLetterTargetArn": dead_letters, "maxReceiveCount": 2})
    # Longer than a cold start on a busy machine: a message that shows itself while it is processed comes again.
    attributes = {"VisibilityTimeout": "5", "RedrivePolicy": redrive}
    url = aws("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    aws("lambda").create_event_source_mapping(
        EventSourceArn=f"{dead_letters.removesuffix('-dlq')}",
        FunctionName=aws.function(name, PARTIAL, Timeout=1),
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BatchSize=10,
    )
    entries = [{"Id": body, "MessageBody": body} for body in ("good", "bad", "fine")]
    aws("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    (message,) = eventually(lambda: aws.messages(dead_letters), seconds=40)
    assert message["Body"] == "bad"
    counts = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_global_table_has_what_was_written_in_either_region(aws: Aws, name: str) -> None:
    west, east = aws("dynamodb"), aws("dynamodb", EAST)
    west.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    west.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": EAST}}])
    for writer, reader, key in ((west, east, "a"), (east, west, "b")):
        writer.put_item(TableName=name, Item={"id": {"S": key}})
        assert eventually(lambda r=reader, k=key: r.get_item(TableName=name, Key={"id": {"S": k}}).get("Item"))
    west.delete_item(TableName=name, Key={"id": {"S": "a"}})
    assert eventually(lambda: "Item" not in east.get_item(TableName=name, Key={"id": {"S": "a"}}))


def test_names_live_in_their_own_region(aws: Aws, name: str) -> None:
    aws.bus(name)
    buses = {region: aws("events", region).list_event_buses(NamePrefix=name)["EventBuses"] for region in (WEST, EAST)}
    assert [len(found) for found in buses.values()] == [1, 0]
