"""What functions use of AWS: clients that leave retries to `delivery`, made while the function starts, and a clock."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from botocore.config import Config
from botocore.session import get_session

from handlers.shared.delivery import RetryPace
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler, emit, set_up, with_request_id
from handlers.shared.senders import EventPublisher, QueueSender
from handlers.shared.times import utc_now

# One request may take this long (s); `delivery` keeps deadlines, so by default the SDK does not retry.
CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 2
REQUEST_S = CONNECT_TIMEOUT_S + READ_TIMEOUT_S

# botocore itself, not boto3: the same clients, and a tenth of the cold start less.
_session = get_session()


def aws_client(service: str, *, region: str | None = None, attempts: int = 1) -> Any:
    """A client of `region`, or of the Region that the function runs in; the SDK itself tries `attempts` times."""
    return _session.create_client(
        service,
        region_name=region,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            tcp_keepalive=True,
        ),
    )


class AwsClients(NamedTuple):
    """What a function is built with: the real AWS by default, another one in tests and in the model.

    Args:
        client: Makes a client of a service, as `aws_client` does.
        event_publisher: Makes a publisher of an EventBridge client.
        pace: Clock of deadlines, and pauses between tries.
        emit: Takes the counts of one invocation.
        now: The time.
        new_id: Makes a unique id.
    """

    client: Callable[..., Any] = aws_client
    event_publisher: Callable[..., EventPublisher] = EventPublisher
    pace: RetryPace = RetryPace()
    emit: Callable[[Mapping[str, int]], None] = emit
    now: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = lambda: uuid4().hex

    def publisher(self, *, bus_name: str, endpoint_id: str | None = None, region: str | None = None) -> EventPublisher:
        """Puts entries on a bus: through a global endpoint, or of a Region, or of the Region where this runs."""
        events = self.client("events", region=region)
        return self.event_publisher(events, bus_name=bus_name, endpoint_id=endpoint_id, pace=self.pace, now=self.now)

    def queue_sender(self, *, queue_url: str) -> QueueSender:
        """Sends messages to a queue of the Region where this runs."""
        return QueueSender(self.client("sqs"), queue_url=queue_url, pace=self.pace)


# With what a function starts where it is not Lambda that starts it: the model runs handlers as they are.
starts_with: ContextVar[tuple[AwsClients, Environment] | None] = ContextVar("starts_with", default=None)


def start(build: Callable[..., Handler], **more: Any) -> Handler:
    """What Lambda calls: a function built with the real AWS and this process's environment, `more` passed on to it."""
    given = starts_with.get()
    if given is None:
        set_up()
        given = AwsClients(), Environment.from_os()
    clients, environment = given
    return with_request_id(build(clients=clients, environment=environment, **more))
