"""A probe: an event sent through the global endpoint, which shows by the bus it enters where the endpoint routes.

EventBridge does not say where an endpoint routes, and a health check only says where it should. Every copy of an event
carries the Region whose bus it entered (`region`; a replicated copy keeps it: EventBridge User Guide, "Making
applications Regional-fault tolerant"), so any copy seen in either Region is enough, also while the other Region
does not answer.
"""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from botocore.exceptions import BotoCoreError, ClientError

from handlers.shared.contract import PROBE_SOURCE, PROBE_TYPE
from signals.observe.health import endpoint
from signals.stack import Stack


@dataclass(frozen=True)
class Sighting:
    """What became of one probe.

    Args:
        region: The Region whose bus it entered; None when no copy was seen.
        seen_in: The Regions in which a copy arrived.
        seconds: From sending to the last look.
        problem: Why it was not sent or not seen; None when all is well.
    """

    region: str | None
    seen_in: tuple[str, ...]
    seconds: float
    problem: str | None = None


def probe(stack: Stack, *, everywhere: bool = False, patience_s: float | None = None) -> Sighting:
    """Send one event through the endpoint and see whose bus it entered.

    Needs `events:PutEvents` on both Regions' ingress buses and to receive from and delete in both probe queues.

    Args:
        stack: Whose endpoint.
        everywhere: Wait for a copy in both Regions, which shows that replication works; else for the first one.
        patience_s: Longest wait (s); by default 3 on the embedded AWS, 20 on AWS.
    """
    began = time.monotonic()
    timeout = patience_s or stack.aws.probe_timeout_s
    name = uuid.uuid4().hex
    refused = _send(stack, name)
    if refused:
        return Sighting(None, (), time.monotonic() - began, refused)
    enough = Event()

    def look(region: str) -> str | None:
        try:
            found = _receive(stack, region, name, until=began + timeout, enough=enough)
        except (ClientError, BotoCoreError):
            return None  # a Region that is down: the other one's copy says where the probe entered
        if found and not everywhere:
            enough.set()
        return found

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(stack.regions, pool.map(look, stack.regions), strict=True))
    seen = tuple(region for region, origin in found.items() if origin)
    seconds = time.monotonic() - began
    if not seen:
        return Sighting(None, (), seconds, f"the endpoint accepted it, and no bus received it within {timeout:.0f} s")
    missing = [region for region in stack.regions if region not in seen] if everywhere else []
    problem = f"no copy arrived in {missing[0]} within {timeout:.0f} s" if missing else None
    return Sighting(found[seen[0]], seen, seconds, problem)


def _send(stack: Stack, name: str) -> str | None:
    """Send the probe; the reason when it was refused."""
    found = endpoint(stack)
    if found is None:
        return f"there is no endpoint {stack.names.endpoint}"
    detail = {"id": name, "sent_at": datetime.now(UTC).isoformat(timespec="milliseconds"), "by": "signals"}
    # Any Region's client will do: the endpoint has its own host name, and SigV4A signatures name no Region.
    events = stack.aws.client("events", stack.secondary)
    # A connection that an earlier probe opened leads where the endpoint pointed then.
    events.close()
    try:
        answer = events.put_events(
            EndpointId=found.id,
            Entries=[
                {
                    "Source": PROBE_SOURCE,
                    "DetailType": PROBE_TYPE,
                    "Detail": json.dumps(detail),
                    "EventBusName": stack.names.ingress_bus,
                }
            ],
        )
    except (ClientError, BotoCoreError) as error:
        return f"the endpoint refuses: {error}"
    if answer["FailedEntryCount"]:
        return f"the endpoint refuses: {answer['Entries'][0].get('ErrorCode')}"
    return None


def _receive(stack: Stack, region: str, name: str, *, until: float, enough: Event) -> str | None:
    """The Region whose bus the probe entered, once a copy of it is in this Region's queue."""
    sqs = stack.aws.client("sqs", region)
    url = sqs.get_queue_url(QueueName=stack.names.probe)["QueueUrl"]
    while not enough.is_set() and time.monotonic() < until:
        # Other commands' probes are there too: they are hidden for a second only.
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=1)
        for message in messages.get("Messages", []):
            event = json.loads(message["Body"])
            if event.get("detail", {}).get("id") == name:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return str(event["region"])
    return None
