"""The canary in Lambda: one probe a minute through the global endpoint; alarms see where it does not arrive.

An endpoint answers 200 for a bus that does not exist, and the event is gone (EventBridge User Guide, "Sending events
with PutEvents"): only arrival says that it works.
"""

import logging
from typing import Any

from handlers.shared.clients import REQUEST_S, AwsClients
from handlers.shared.contract import PROBE_SOURCE, PROBE_TYPE
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler, LambdaContext
from handlers.shared.packing import Entry, write

_log = logging.getLogger(__name__)


def build(*, clients: AwsClients, environment: Environment) -> Handler:
    """The function that sends a probe."""
    region = environment.text("AWS_REGION")
    publisher = clients.publisher(
        bus_name=environment.text("EVENT_BUS_NAME"), endpoint_id=environment.text("EVENT_ENDPOINT_ID")
    )

    def handler(_event: dict[str, Any], context: LambdaContext) -> None:
        sent_at = clients.now().isoformat(timespec="milliseconds")
        detail = write({"id": clients.new_id(), "sent_at": sent_at, "by": f"canary in {region}"}).decode()
        until = clients.pace.deadline(context, reserve_s=REQUEST_S + 1.0)
        refused = publisher([Entry(PROBE_SOURCE, PROBE_TYPE, detail)], until=until)
        # No failure of the function: it would be tried again, and the next minute's probe says the same.
        for failure in refused.values():
            _log.warning("the endpoint refused a probe", extra={"code": failure.code, "reason": failure.message})
        clients.emit({"SentProbes": 1 - len(refused), "RefusedProbes": len(refused)})

    return handler
