"""Clients that send signals to the nearest API and retry until they are acknowledged.

With a domain, Route 53 answers with the nearest Region whose `/health` answers: three checks, 10 s apart, and then the
60 s that resolvers keep an alias of API Gateway (Route 53 Developer Guide, "How Route 53 checks the health of an
endpoint"; "Choosing between alias and non-alias records"). Without one, clients know their Region's own address.

Clients keep their connections, as `connection` says: a new one, and so another Region, takes a request that is not
answered. The clients of a Region are as many as have a few connections.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import ClientError

from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from signals.model.code import WRITE_KEY
from signals.model.connection import Connection
from signals.model.faults import FaultKind
from signals.model.functions import FunctionError
from signals.model.iam import Policy

if TYPE_CHECKING:
    from signals.model.platform import Platform

_ANYTHING = Policy(({"Effect": "Allow", "Action": ["*"], "Resource": ["*"]},))
_LARGE_BYTES = 110_000
_RESOLVERS_S = 60.0
_CONNECTIONS = 3
_PAUSES_S = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0)


class Clients:
    """All clients."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._apis = {api.region: api for api in platform.blueprint.apis}
        self._connections = {
            region: [Connection(platform.clock, partial(self._answering, region)) for _ in range(_CONNECTIONS)]
            for region in (platform.blueprint.endpoint.primary, platform.blueprint.endpoint.secondary)
        }

    def send(self, region: str, *signals: dict[str, Any], tries: int = 0) -> None:
        """Send signals to the API nearest to `region`."""
        platform, now = self._platform, self._platform.clock.now
        connection = platform.rng.choice(self._connections[region])
        answering = connection.region()
        status, results = self._post(answering, signals)
        if not status:
            connection.close()
        accepted = {r["id"] for r in results if r["status"] == "accepted"}
        rejected = {r["id"] for r in results if r["status"] == "rejected"}
        for signal in signals:
            if signal["id"] not in rejected:
                platform.ledger.sent.setdefault(signal["id"], now)
            if signal["id"] in accepted:
                platform.ledger.acknowledged.setdefault(signal["id"], (now, answering))
        again = [signal for signal in signals if signal["id"] not in accepted | rejected]
        if not again:
            return
        platform.ledger.counts[f"answered {status}" if status else "not answered"] += 1
        platform.ledger.refusals.append((now, len(again)))
        if tries < len(_PAUSES_S):
            platform.clock.after(_PAUSES_S[tries], lambda: self.send(region, *again, tries=tries + 1))

    def _post(self, region: str, signals: tuple[dict[str, Any], ...]) -> tuple[int, list[dict[str, Any]]]:
        if self._platform.faults.hits(FaultKind.API, region, self._platform.clock.now):
            return 0, []
        http = {"method": "POST", "path": "/v1/signals", "sourceIp": "203.0.113.7"}
        headers = {"authorization": f"Bearer {WRITE_KEY}", "content-type": "application/json", "user-agent": "model/1"}
        event = {"requestContext": {"http": http}, "headers": headers, "body": json.dumps(signals)}
        api = self._apis.get(region)
        if api is None:
            return 404, []
        ingest = self._platform.functions[api.function_arn]
        # API Gateway Developer Guide, "Troubleshooting issues with HTTP API Lambda integrations".
        if not ingest.plan.policy.allows(
            "lambda:InvokeFunction", api.function_arn, {"aws:SourceArn": api.source_arn}, "apigateway.amazonaws.com"
        ):
            return 500, []
        try:
            response = ingest.invoke(event)
        except FunctionError:
            return 500, []
        return response["statusCode"], list(orjson.loads(response["body"]).get("results", ()))

    def _answering(self, region: str) -> str:
        """The Region to which the clients' name points now."""
        platform, now_s = self._platform, self._platform.clock.now
        check_s = platform.blueprint.api_check_s
        if check_s is None or not platform.faults.hits(FaultKind.API, region, now_s):
            return region
        if not platform.faults.hits(FaultKind.API, region, now_s - check_s - _RESOLVERS_S):
            return region
        return next((other for other in self._apis if other != region), region)

    def stray(self, number: int, sent: str) -> None:
        """Put a batch on the ingress bus as something else than today's ingest may: one signal in it is malformed."""
        platform = self._platform
        plan = platform.blueprint.endpoint
        bad = {**signal(number, sent), "id": f"q-{number}", "specversion": "0.3"}
        signals = [bad, {**signal(number, sent), "id": f"s-{number}-stray"}]
        batch = {
            "batch_id": f"stray-{number}",
            "source": next(source for function in platform.blueprint.functions for source in function.sources),
            "received_at": sent,
            "region": plan.primary,
            "client": {},
            "signals": signals,
        }
        entry = {
            "Source": INGEST_SOURCE,
            "DetailType": BATCH_TYPE,
            "Detail": json.dumps(batch),
            "EventBusName": plan.bus,
        }
        bus = platform.buses[platform.failover.active]
        try:
            answer = bus.put_events([entry], _ANYTHING, through_endpoint=True)
        except ClientError:
            return
        if not answer["FailedEntryCount"]:
            platform.ledger.acknowledged |= {s["id"]: (platform.clock.now, bus.region) for s in signals}


def signal(number: int, sent: str) -> dict[str, Any]:
    """The model's nth signal, sent at a time in ISO 8601."""
    data = {"order": f"A-{number}", "customer_id": f"c-{number % 97}"}
    kind = "order.placed" if number % 3 else "page.viewed"
    return {"specversion": "1.0", "id": f"s-{number}", "type": kind, "source": "/model", "time": sent, "data": data}


def request(number: int, sent: str) -> list[dict[str, Any]]:
    """The nth of a mix of requests: one signal, many of which one is malformed, or some near the limit of size."""
    first = signal(number, sent)
    match number % 4:
        case 0:
            more = [{**first, "id": f"s-{number}-{part}"} for part in range(12)]
            return [first, {**first, "id": f"b-{number}", "type": ""}, *more]
        case 1:
            data = {**first["data"], "text": "x" * _LARGE_BYTES}
            return [first, *({**first, "id": f"s-{number}-{part}", "data": data} for part in range(3))]
        case _:
            return [first]
