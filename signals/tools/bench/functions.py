"""What the functions cost: CPU per signal, time to import, chunks that EventBridge bills."""

import contextlib
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from handlers.enrichment import wiring as enrichment_function
from handlers.ingest import wiring as ingest_function
from handlers.profile import wiring as profile_function
from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment
from handlers.shared.invocation import Handler
from handlers.shared.packing import BILLING_CHUNK_BYTES, Entry
from signals.tools.bench import Row

SIGNAL_BYTES = 900
BATCH_SIGNALS = 20
WRITE_KEY = "local-write-key"
ACCOUNT, REGION, SOURCE = "123456789012", "us-west-2", "demo"
USER_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
FUNCTIONS = ("ingest", "enrichment", "republish", "profile")
SOURCES = {SOURCE: [sha256(WRITE_KEY.encode()).hexdigest()]}
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "ACCOUNT_ID": ACCOUNT,
    "EVENT_BUS_NAME": "signals-ingress",
    "EVENT_ENDPOINT_ID": "abcde.veo",
    "DATA_BUS_NAME": "signals-data",
    "SPOOL_QUEUE_URL": f"{QUEUE}/spool",
    "QUARANTINE_QUEUE_URL": f"{QUEUE}/quarantine",
    "MAX_SIGNAL_BYTES": "131072",
    "STATE_TABLE": "signals-profile-state",
    "IDEMPOTENCY_TABLE": "signals-profile-idempotency",
}


def run() -> list[Row]:
    """Every number of the functions, as text."""
    return [*_cpu(), *_imports(), *_chunks(), *_writes()]


def signal(size_bytes: int = SIGNAL_BYTES) -> dict[str, Any]:
    """An order as a shop would send it, of `size_bytes` as compact JSON."""
    order = {
        "order_id": str(uuid4()),
        "customer_id": "c-48213",
        "currency": "USD",
        "total_cents": 25_970,
        "express": False,
        "discount": 0.15,
        "items": [{"sku": f"SKU-{n}0417", "name": f"Domain name {n}", "quantity": n, "cents": 1299} for n in (1, 2, 3)],
        "address": {"city": "Tempe", "state": "AZ", "country": "US", "postal_code": "85281"},
        "note": "",
    }
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": "order.placed",
        "source": "https://shop.example.com/checkout",
        "time": "2026-01-31T12:34:56.789Z",
        "subject": "c-48213",
        "datacontenttype": "application/json",
        "data": order,
    }
    order["note"] = "n" * (size_bytes - len(orjson.dumps(event)))
    return event


def _request(body: bytes) -> dict[str, Any]:
    """An event of API Gateway's HTTP API (payload format 2.0) as it reaches the function."""
    return {
        "version": "2.0",
        "routeKey": "POST /v1/signals",
        "rawPath": "/v1/signals",
        "headers": {
            "accept": "*/*",
            "authorization": f"Bearer {WRITE_KEY}",
            "content-length": str(len(body)),
            "content-type": "application/json",
            "host": "signals.example.com",
            "user-agent": USER_AGENT,
            "x-forwarded-for": "203.0.113.7",
        },
        "requestContext": {"http": {"method": "POST", "path": "/v1/signals", "sourceIp": "203.0.113.7"}},
        "body": body.decode(),
        "isBase64Encoded": False,
    }


class _Context:
    """Lambda's context, with time enough."""

    aws_request_id = "8f5c9f8e-2c7e-4c7b-9a3d-6f0f5d0f8a11"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


class _StubbedPublisher:
    """In the place of an `EventPublisher`: accepts everything, and keeps the entries of the last request."""

    entries: Sequence[Entry] = ()

    def __call__(self, entries: Sequence[Entry], **_: Any) -> dict[int, Any]:
        self.entries = entries
        return {}


class _Function:
    """A function as Lambda runs it, but for its AWS clients."""

    def __init__(self, build: Callable[..., Handler]) -> None:
        self.publisher = _StubbedPublisher()
        clients = AwsClients(client=lambda *_, **__: None, event_publisher=lambda *_, **__: self.publisher)  # type: ignore[arg-type]
        sources = json.dumps(SOURCES).encode()
        self._handler = build(clients=clients, environment=Environment(ENVIRONMENT, lambda _: sources))

    def __call__(self, event: dict[str, Any]) -> Any:
        return self._handler(event, _Context())


def _published(request: dict[str, Any]) -> Sequence[Entry]:
    """The entries that ingest makes of a request."""
    ingest = _Function(ingest_function.build)
    with _silence():
        answer = ingest(request)
    assert answer["statusCode"] == 202, answer
    return ingest.publisher.entries


def _cpu() -> list[Row]:
    signals = [signal() for _ in range(BATCH_SIGNALS)]
    body, spaced = orjson.dumps(signals), json.dumps(signals).encode()
    request, spaced_request = _request(body), _request(spaced)
    # What Lambda hands to enrichment for entries that ingest published.
    events = [
        {"account": ACCOUNT, "source": e.source, "detail-type": e.detail_type, "detail": json.loads(e.detail)}
        for e in _published(request)
    ]

    ingest, enrich = _Function(ingest_function.build), _Function(enrichment_function.build)

    def enrich_all() -> None:
        for event in events:
            enrich(event)
            assert len(enrich.publisher.entries) == len(event["detail"]["signals"])

    with _silence():
        floor, ingested, spaced_ingested, enriched = _medians(
            lambda: orjson.dumps(orjson.loads(body)),
            lambda: ingest(request),
            lambda: ingest(spaced_request),
            enrich_all,
        )
    stubbed = f"batches of {BATCH_SIGNALS}, publisher stubbed"
    each_us = floor / BATCH_SIGNALS * 1e6
    return [
        (f"floor: orjson loads + dumps of a {SIGNAL_BYTES}-byte signal", f"{each_us:.1f} µs"),
        (f"ingest's own CPU per signal, {stubbed}, to the floor (aim: 3x)", f"{ingested / floor:.2f}x"),
        ("the same where clients send JSON with spaces", f"{spaced_ingested / floor:.2f}x"),
        (f"enrichment's own CPU per signal, {stubbed}, to the floor (aim: 4x)", f"{enriched / floor:.2f}x"),
    ]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Metrics are written, but not onto the report."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def _medians(*work: Callable[[], Any], rounds: int = 41, calls: int = 20) -> list[float]:
    """CPU seconds of one call of each, measured in turns."""
    seconds: list[list[float]] = [[] for _ in work]
    gc.collect()
    for _ in range(rounds):
        for one, measured in zip(work, seconds, strict=True):
            started = time.process_time()
            for _ in range(calls):
                one()
            measured.append((time.process_time() - started) / calls)
    return [statistics.median(measured) for measured in seconds]


def _imports(rounds: int = 5) -> list[Row]:
    """Time of a fresh Python to import a function's module (clients made, environment checked), to boto3 alone."""
    modules = ["boto3", *(f"handlers.{name}.handler" for name in FUNCTIONS)]
    seconds: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sources.json").write_text(json.dumps(SOURCES))
        environment = {**ENVIRONMENT, "LAMBDA_TASK_ROOT": folder}
        for _ in range(rounds + 1):
            for module in modules:
                started = time.perf_counter()
                subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment)
                seconds[module].append(time.perf_counter() - started)
    # The first round only warms the file cache.
    median = {module: statistics.median(times[1:]) for module, times in seconds.items()}
    what = "cold start of {}: import of its module, to importing boto3 alone"
    named = zip(FUNCTIONS, modules[1:], strict=True)
    return [(what.format(name), f"{median[module] / median['boto3']:.2f}x") for name, module in named]


def _chunks() -> list[Row]:
    """EventBridge's billed 64-KB chunks of a million signals on the ingress bus, as ingest really packs them."""
    rows = []
    for size in (1, 10, 100):
        entries = _published(_request(orjson.dumps([signal() for _ in range(size)])))
        chunks = sum(-(-entry.size_bytes // BILLING_CHUNK_BYTES) for entry in entries)
        packed = chunks * 1_000_000 // size
        what = f"EventBridge chunks billed per million {SIGNAL_BYTES}-byte signals, client batches of {size}"
        rows.append((what, f"{packed:,} packed, 1,000,000 one an event"))
    return rows


class _Table:
    """In the place of a DynamoDB client: one Region's copy of the profile's table, which counts what is written."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.units = 0

    def query(self, *, ExpressionAttributeValues: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        begins = ExpressionAttributeValues[":signal"]["S"]
        return {"Items": [item for key, item in self.items.items() if key.startswith(begins)]}

    def put_item(self, *, Item: dict[str, Any], **_: Any) -> None:  # noqa: N803
        self.items[Item["sk"]["S"]] = Item
        # One a KB, names included, in each of the two Regions that have the table.
        self.units += 2 * -(-sum(len(name) + len(value["S"].encode()) for name, value in Item.items()) // 1024)


def _writes() -> list[Row]:
    """DynamoDB write units that a signal costs in both Regions together, as the profile's function really writes it."""
    what = f"DynamoDB write units per {SIGNAL_BYTES}-byte signal, both Regions"
    return [
        (f"{what}, the item across before the signal", str(_spent(across=True))),
        (f"{what}, both at the same moment", str(_spent(across=False))),
    ]


def _spent(*, across: bool) -> int:
    """Write units for a signal that comes to each Region twice."""
    platform = {"producer": SOURCE, "receivedat": "2026-01-31T12:34:57Z", "ingestregion": REGION, "batchid": "b"}
    event = {"detail": {**signal(), **platform}}
    here, there = _Table(), _Table()
    if across:
        there.items = here.items
    with _silence():
        for table in (here, there, here, there):
            clients = AwsClients(client=lambda *_, table=table, **__: table)
            profile_function.build(clients=clients, environment=Environment(ENVIRONMENT, lambda _: b""))(
                event, _Context()
            )
    return here.units + there.units
