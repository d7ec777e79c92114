"""The probe: an event that goes through the global endpoint as signals do, and is looked for in both Regions."""

import pulumi
import pulumi_aws as aws

from components.active_archive import ActiveArchivePair
from components.parts.function import PackagedFunction
from components.parts.iam import allow, put_events
from components.parts.queues import MessageQueue
from components.parts.regions import Component, Region, RegionPair
from components.parts.runbook import see
from components.parts.schedule import every_minute
from components.parts.subscription import Subscription, rule_arn
from components.setting_groups import MISSED_PROBES, FunctionSize
from handlers.shared.contract import PROBE_SOURCE, REPLAY_NAME

_RETENTION_SECONDS = 300


class Probe(Component):
    """A rule and a queue in each Region that receive probes, the canary that sends one a minute, and two alarms.

    An operator's command sends probes too, to see where the endpoint routes: every copy says which Region it entered.
    The canary runs in the secondary, so that it outlives the primary. Its alarms see what no metric of the endpoint
    shows (there is none): a bus that is gone, for which PutEvents answers 200; replication that is cut; a bus that
    refuses. They count the rule's invocations: unlike latency, that metric has kept coming with dimensions.

    Args:
        ingress: The ingress buses and the endpoint.
    """

    def __init__(
        self,
        name: str,
        *,
        regions: RegionPair[Region],
        ingress: ActiveArchivePair,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__(name, opts)
        for region, bus in zip(regions, ingress.buses, strict=True):
            self._seen_in(region, bus)
        function = PackagedFunction(
            f"{name}-canary",
            region=regions.secondary,
            folder="canary",
            function_name=regions.secondary.names.canary,
            size=FunctionSize(memory_mb=256, timeout_seconds=15),
            environment={"EVENT_BUS_NAME": ingress.bus_name, "EVENT_ENDPOINT_ID": ingress.endpoint_id},
            statements=[put_events(PROBE_SOURCE, ingress.bus_arns)],
            asynchronous=True,
            carries_signals=False,
            opts=self.child,
        )
        every_minute(
            f"{name}-schedule",
            region=regions.secondary,
            parent=self,
            physical_name=regions.secondary.names.canary,
            role=self.role(
                f"{name}-schedule-role",
                regions.secondary,
                physical_name=regions.secondary.names.canary_schedule_role,
                service="scheduler",
                statements=[allow("lambda:InvokeFunction", function.alias.arn)],
            ),
            target_arn=function.alias.arn,
        )
        self.register_outputs({})

    def _seen_in(self, region: Region, bus: aws.cloudwatch.EventBus) -> None:
        physical = region.names.probe
        queue = MessageQueue(
            f"{self._name}-{region.name}",
            region=region,
            queue_name=physical,
            rule_arns=[rule_arn(region, region.names.ingress_bus, physical)],
            alarmed=False,
            holds_data=False,
            retention_seconds=_RETENTION_SECONDS,
            opts=self.child,
        )
        Subscription(
            f"{self._name}-subscription-{region.name}",
            region=region,
            bus_name=bus.name,
            rule_name=physical,
            pattern={"source": [PROBE_SOURCE], REPLAY_NAME: [{"exists": False}]},
            target_arn=queue.arn,
            after=[queue.policy],
            opts=self.child,
        )
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-missing-{region.name}",
            name=region.names.probe_alarm,
            alarm_description=see(
                "no-probe-arrives",
                "What goes through the global endpoint does not arrive in this Region: its bus is missing or failing, "
                "replication is cut, or the canary does not run.",
            ),
            namespace="AWS/Events",
            metric_name="Invocations",
            dimensions={"EventBusName": bus.name, "RuleName": physical},
            statistic="Sum",
            period=60,
            evaluation_periods=MISSED_PROBES,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=region.alarm_actions,
            actions_enabled=region.actions_enabled,
            opts=region.options(self),
        )
