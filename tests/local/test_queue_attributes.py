"""Queue attributes (SQS API reference, GetQueueAttributes)."""

import json

from tests.support.embedded import Aws


def test_policies_of_redrive_come_back_compact_however_they_were_written(aws: Aws, name: str) -> None:
    """Terraform plans a change for whatever is not read back as the provider normalizes it."""
    dead_letters = aws.queue(f"{name}-dlq")
    redrive = {"deadLetterTargetArn": dead_letters, "maxReceiveCount": 3}
    url = aws("sqs").create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(redrive, indent=1)})[
        "QueueUrl"
    ]
    read = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert read["RedrivePolicy"] == json.dumps(redrive, separators=(",", ":"))
