"""The canary in Lambda: one probe a minute through the global endpoint; alarms see where it does not arrive.

An endpoint answers 200 for a bus that does not exist, and the event is gone (EventBridge User Guide, "Sending events
with PutEvents"): only arrival says that it works.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from handlers.shared import environment
from handlers.shared.clients import REQUEST_S, client
from handlers.shared.contract import PROBE_SOURCE, PROBE_TYPE
from handlers.shared.crt import require_crt
from handlers.shared.delivery import LambdaContext, deadline
from handlers.shared.events import EventPublisher
from handlers.shared.logs import log
from handlers.shared.metrics import emit
from handlers.shared.packing import Entry
from handlers.shared.writing import write

require_crt()

REGION = environment.region()
PUBLISHER = EventPublisher(
    client("events"),
    bus_name=environment.bus_name("EVENT_BUS_NAME"),
    endpoint_id=environment.endpoint_id("EVENT_ENDPOINT_ID"),
)


def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    sent_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    detail = write({"id": uuid.uuid4().hex, "sent_at": sent_at, "by": f"canary in {REGION}"}).decode()
    refused = PUBLISHER([Entry(PROBE_SOURCE, PROBE_TYPE, detail)], until=deadline(context, reserve_s=REQUEST_S + 1.0))
    # No failure of the function: it would be tried again, and the next minute's probe says the same.
    for failure in refused:
        log("WARNING", "the endpoint refuses a probe", code=failure.code, reason=failure.message)
    emit({"SentProbes": 1 - len(refused), "RefusedProbes": len(refused)})
