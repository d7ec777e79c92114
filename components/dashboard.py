"""The stack on one page: a CloudWatch dashboard, the primary on the left and the secondary on the right."""

from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws_quotas import CONCURRENCY, INVOCATIONS, PUT_EVENTS, STREAM_BYTES, Quota
from components.ingest_api import IngestApi
from components.names import failed_queue, log_group
from components.parts.regions import Component, Region, RegionPair
from components.setting_groups import Consumer
from components.settings import PlatformSettings

# Namespace, metric, names and values of dimensions, and how it is drawn.
Metric = list[Any]
Widget = dict[str, Any]
_HEIGHT, _HALF, _PERIOD_SECONDS = 6, 12, 60
# Route 53 sends its metrics there alone (Developer Guide, "Monitoring health checks using CloudWatch").
_ROUTE53_REGION = "us-east-1"


class Dashboard(Component):
    """How signals come in, where they go, what waits and what fails, in both Regions side by side.

    A quiet stack has graphs without lines: most metrics are not sent while they are zero.

    Args:
        settings: Who consumes, and when the endpoint leaves the primary.
        regions: Both Regions.
        apis: The API in each.
        health_check_id: Of the check that decides failover.

    Source: CloudWatch API Reference, "Dashboard Body Structure and Syntax". A dashboard belongs to no Region.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        regions: RegionPair[Region],
        apis: RegionPair[IngestApi],
        health_check_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, opts)
        halves = [
            list(_half(region, settings, api.api_id, health_check_id, primary=region is regions.primary))
            for region, api in zip(regions, apis, strict=True)
        ]
        widgets = [
            {"x": column * _HALF, "y": row * _HEIGHT, "width": _HALF, "height": _HEIGHT, **widget}
            for column, half in enumerate(halves)
            for row, widget in enumerate(half)
        ]
        dashboard = aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=regions.primary.names.dashboard,
            dashboard_body=pulumi.Output.json_dumps({"periodOverride": "inherit", "widgets": widgets}),
            opts=regions.primary.options(self),
        )
        self.register_outputs({"name": dashboard.dashboard_name})


def _half(
    region: Region,
    settings: PlatformSettings,
    api_id: pulumi.Input[str],
    health_check_id: pulumi.Input[str],
    *,
    primary: bool,
) -> Iterator[Widget]:
    """One Region's widgets from top to bottom; each has its counterpart of the other Region beside it."""
    names = settings.names
    consumers = settings.consumers if primary else settings.active_active
    yield _graph(
        region,
        "Events ingested through the endpoint",
        [
            _own(names.ingest, "Entries", "events put"),
            _own(names.ingest, "AcceptedSignals", "signals accepted"),
            ["AWS/Events", "PutEventsEntriesCount", {"label": "events on all of the account's buses"}],
        ],
    )
    if primary:
        check = _graph(
            region,
            f"Where the endpoint points: 1 is {names.regions.primary}, 0 is {names.regions.secondary}",
            [["AWS/Route53", "HealthCheckStatus", "HealthCheckId", health_check_id, {"stat": "Minimum"}]],
            at_most=1,
        )
        check["properties"]["region"] = _ROUTE53_REGION
        yield check
    else:
        yield _graph(
            region,
            "Probes that arrived through the endpoint",
            [_of_rule(names.ingress_bus, names.probe, "Invocations", region=place) for place in _regions(settings)],
        )
    yield _graph(
        region,
        "Latency to the first invocation (ms); to the lake (s, right)",
        [
            ["AWS/Events", "IngestionToInvocationStartLatency", {"stat": "Average"}],
            *(
                _of_stream(names.lake, "DeliveryToS3.DataFreshness", stat="Maximum", yAxis="right")
                for consumer in consumers
                if consumer.kind == "lake"
            ),
        ],
        ("failover", settings.failover.latency_threshold_ms),
    )
    yield _graph(
        region,
        "What clients were answered",
        [
            *(["AWS/ApiGateway", metric, "ApiId", api_id] for metric in ("Count", "4xx", "5xx")),
            _own(names.ingest, "UnavailableSignals", "signals answered 503"),
        ],
    )
    yield _graph(region, "Spool", [*_of_queue(names.spool), _own(names.republish, "RefusedBatches", "refused again")])
    if primary:
        yield _graph(
            region,
            "Return path: what came back to the primary",
            [_own(names.return_path, "RepublishedBatches", "batches put again", region=names.regions.secondary)],
        )
    else:
        yield _graph(
            region, "Return path: queue", [*_of_queue(names.return_path), *_of_queue(failed_queue(names.return_path))]
        )
    yield from _quarantine(region, processes=bool(consumers))
    yield _graph(region, "Consumers' lag", [metric for consumer in consumers for metric in _lag(region, consumer)])
    yield _graph(region, "Consumers' failures", [m for consumer in consumers for m in _failures(region, consumer)])
    functions = {(name.region, name.text): None for name in names.all if name.kind.word == "Lambda function"}
    yield _graph(
        region,
        "Lambda: concurrent executions against the quota; throttles (right)",
        [
            ["AWS/Lambda", "ConcurrentExecutions", {"stat": "Maximum", "label": "all of the account"}],
            *(
                _of_function(function, "Throttles", yAxis="right")
                for place, function in functions
                if place == region.name
            ),
        ],
        _quota(CONCURRENCY, region, per_minute=False),
    )
    yield _graph(
        region,
        "EventBridge: requests a minute against the quota",
        [["AWS/Events", "PutEventsApproximateCallCount"], ["AWS/Events", "PutEventsApproximateThrottledCount"]],
        _quota(PUT_EVENTS, region),
    )
    yield _graph(
        region,
        "EventBridge: invocations a minute against the quota",
        [["AWS/Events", "InvocationsCreated"], ["AWS/Events", "ThrottledRules"]],
        _quota(INVOCATIONS, region),
    )
    if any(consumer.kind == "lake" for consumer in consumers):
        yield _graph(
            region,
            "Firehose: bytes a minute against the quota; throttled records (right)",
            [
                _of_stream(names.lake, "IncomingBytes"),
                _of_stream(names.lake, "ThrottledRecords", yAxis="right"),
            ],
            _quota(STREAM_BYTES, region),
        )


def _quarantine(region: Region, *, processes: bool) -> Iterator[Widget]:
    """How many are quarantined, and why: enrichment logs the reasons."""
    names = region.names
    if not processes:
        yield {"type": "text", "properties": {"markdown": f"Nothing is quarantined in {region.name}: it archives."}}
        return
    properties = {
        "region": region.name,
        "title": "Quarantine by reason (the first of each batch)",
        "view": "bar",
        "query": f"SOURCE '{log_group('lambda', names.enrichment)}' | filter message = 'to quarantine' "
        "| stats count(*) as batches by reasons.0",
    }
    yield {"type": "log", "properties": properties}


def _regions(settings: PlatformSettings) -> tuple[str, str]:
    return settings.regions.primary, settings.regions.secondary


def _lag(region: Region, consumer: Consumer) -> Iterator[Metric]:
    """How far behind a consumer is."""
    name = region.names.consumer(consumer.name)
    match consumer.kind:
        case "queue":
            yield ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name, {"stat": "Maximum"}]
        case "function":
            # How long what is invoked waited in Lambda (ms).
            yield _of_function(name, "AsyncEventAge", stat="Maximum", yAxis="right")
        case "lake":
            yield _of_stream(region.names.lake, "DeliveryToS3.DataFreshness", stat="Maximum")


def _failures(region: Region, consumer: Consumer) -> Iterator[Metric]:
    """What a consumer did not take."""
    name = region.names.consumer(consumer.name)
    for metric in ("FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"):
        yield _of_rule(region.names.data_bus, name, metric)
    if consumer.kind == "function":
        yield _of_function(name, "Errors")
        yield _of_function(name, "AsyncEventsDropped")
        yield _of_function(name, "DestinationDeliveryFailures")


def _graph(
    region: Region,
    title: str,
    metrics: list[Metric],
    line: tuple[str, float] | None = None,
    *,
    at_most: float | None = None,
) -> Widget:
    """A widget of sums a minute, unless a metric says otherwise; `line` is drawn across it."""
    if not metrics:
        return {"type": "text", "properties": {"markdown": f"{title}: {region.name} has no consumers, it archives."}}
    properties: dict[str, Any] = {
        "region": region.name,
        "title": f"{title} ({region.name})",
        "metrics": metrics,
        "stat": "Sum",
        "period": _PERIOD_SECONDS,
        "view": "timeSeries",
        "yAxis": {"left": {"min": 0, **({} if at_most is None else {"max": at_most})}},
    }
    if line:
        properties["annotations"] = {"horizontal": [{"label": line[0], "value": line[1]}]}
    return {"type": "metric", "properties": properties}


def _quota(quota: Quota, region: Region, *, per_minute: bool = True) -> tuple[str, float] | None:
    """A quota's default as a line; none where AWS publishes none."""
    value = quota.of(region.name)
    if value == float("inf"):
        return None
    return f"default quota: {value:,.0f} {quota.unit}", value * (_PERIOD_SECONDS if per_minute else 1)


def _own(function: str, metric: str, label: str, **drawn: str) -> Metric:
    return ["Signals", metric, "FunctionName", function, {"label": label, **drawn}]


def _of_function(function: str, metric: str, **drawn: str) -> Metric:
    return ["AWS/Lambda", metric, "FunctionName", function, drawn]


def _of_stream(stream: str, metric: str, **drawn: str) -> Metric:
    return ["AWS/Firehose", metric, "DeliveryStreamName", stream, drawn]


def _of_rule(bus: str, rule: str, metric: str, **drawn: str) -> Metric:
    label = f"{metric} {rule} {drawn.get('region', '')}".rstrip()
    return ["AWS/Events", metric, "EventBusName", bus, "RuleName", rule, {"label": label, **drawn}]


def _of_queue(queue: str) -> Iterator[Metric]:
    """Messages, and the age of the oldest (s) at the right."""
    yield ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, {"stat": "Maximum"}]
    yield ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, {"stat": "Maximum", "yAxis": "right"}]
