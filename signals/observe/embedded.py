"""What the embedded AWS shows in another way than AWS: messages without receiving them, functions by their logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
from botocore.exceptions import ClientError

from signals.errors import Failed
from signals.stack import Stack


def messages(stack: Stack, region: str, queue_url: str) -> Iterator[dict[str, Any]]:
    """Messages that lie in a queue, hidden ones too; looking at them changes nothing."""
    account = stack.settings.account_id
    params = {"account": account, "region": region, "QueueUrl": queue_url}
    found = _ask("GET", f"{stack.aws_endpoint}/_ministack/sqs/messages", params=params).json()["messages"]
    for by_queue in found.get(account, {}).values():
        for queue in by_queue.values():
            for message in queue:
                yield {
                    **message,
                    "sent_at": message["SentTimestamp"] / (1000 if message["SentTimestamp"] > 1e11 else 1),
                }


def invocations(stack: Stack, region: str, function: str, since: datetime) -> tuple[int, int] | None:
    """Invocations and failed ones of a function, counted in its log; None where it has none.

    The embedded AWS publishes AWS/Lambda metrics for the Invoke API alone, not for what EventBridge, SQS or an HTTP API
    invokes.
    """
    logs, group = stack.client("logs", region), f"/aws/lambda/{function}"
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=int(since.timestamp() * 1000)
    )
    try:
        lines = [event["message"] for page in pages for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    started = sum(line.startswith("START RequestId:") for line in lines)
    return (started, sum(line.startswith("Traceback ") for line in lines)) if started else None


def _ask(method: str, url: str, **request: Any) -> httpx.Response:
    try:
        return httpx.request(method, url, timeout=10, **request)
    except httpx.HTTPError as error:
        raise Failed(f"the embedded AWS does not answer ({error}): start it with `signals up`") from None
