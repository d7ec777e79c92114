"""The probe: an event that goes through the global endpoint as signals do, and is looked for in both Regions."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.active_archive import GlobalBus
from components.parts.function import PackagedFunction
from components.parts.iam import allow, service_role
from components.parts.queues import MessageQueue
from components.parts.regions import Region, RegionPair
from components.parts.runbook import see
from components.parts.schedule import every_minute
from components.parts.subscription import Subscription, rule_arn
from components.settings import FunctionSize, PlatformSettings
from handlers.shared.contract import PROBE_SOURCE, REPLAY_NAME

_RETENTION_SECONDS = 300
_MISSED_PROBES = 5


class Probe(pulumi.ComponentResource):
    """A rule and a queue in each Region that probes come to, the canary that sends one a minute, and two alarms.

    An operator's command sends probes too, to see where the endpoint routes: every copy says which Region it entered.
    The canary runs in the secondary, so that it outlives the primary. Its alarms see what no metric of the endpoint
    shows (there is none): a bus that is gone, for which PutEvents answers 200; replication that is cut; a bus that
    refuses. They count the rule's invocations: unlike latency, that metric has kept coming with dimensions.

    Args:
        name: Prefix of every child's logical name.
        settings: The stack's settings.
        regions: The primary and the secondary Region.
        bus: The ingress buses and the endpoint.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: PlatformSettings,
        regions: RegionPair[Region],
        bus: GlobalBus,
        opts: pulumi.ResourceOptions | None = None,
    ):
        super().__init__("signals:index:Probe", name, None, opts)
        self._name, self._settings, self._bus = name, settings, bus
        for region, regional_bus in zip(regions, bus.buses, strict=True):
            self._seen_in(region, regional_bus)
        self._canary(regions.secondary)
        self.register_outputs({})

    def _seen_in(self, region: Region, bus: aws.cloudwatch.EventBus) -> None:
        child, physical = pulumi.ResourceOptions(parent=self), f"{self._settings.name}-probe"
        queue = MessageQueue(
            f"{self._name}-{region.name}",
            settings=self._settings,
            region=region,
            queue_name=physical,
            rule_arns=[rule_arn(self._settings, region, self._bus.bus_name, physical)],
            alarmed=False,
            holds_data=False,
            retention_seconds=_RETENTION_SECONDS,
            opts=child,
        )
        Subscription(
            f"{self._name}-subscription-{region.name}",
            settings=self._settings,
            region=region,
            bus_name=bus.name,
            rule_name=physical,
            pattern={"source": [PROBE_SOURCE], REPLAY_NAME: [{"exists": False}]},
            target_arn=queue.arn,
            opts=child,
        )
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-missing-{region.name}",
            name=f"{physical}-missing",
            alarm_description=see(
                "no-probe-arrives",
                "What goes through the global endpoint does not arrive in this Region: its bus is gone or ill, "
                "replication is cut, or the canary does not run.",
            ),
            namespace="AWS/Events",
            metric_name="Invocations",
            dimensions={"EventBusName": bus.name, "RuleName": physical},
            statistic="Sum",
            period=60,
            evaluation_periods=_MISSED_PROBES,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=self._settings.alarm_actions(region.name),
            opts=region.options(self),
        )

    def _canary(self, region: Region) -> None:
        settings, here, physical = self._settings, region.options(self), f"{self._settings.name}-canary"
        function = PackagedFunction(
            f"{self._name}-canary",
            settings=settings,
            region=region,
            folder="canary",
            function_name=physical,
            size=FunctionSize(memory_mb=256, timeout_seconds=15),
            environment={"EVENT_BUS_NAME": self._bus.bus_name, "EVENT_ENDPOINT_ID": self._bus.endpoint_id},
            statements=[
                allow(
                    "events:PutEvents",
                    [bus.arn for bus in self._bus.buses],
                    {"StringEquals": {"events:source": PROBE_SOURCE}},
                )
            ],
            asynchronous=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        role, policy = service_role(
            f"{self._name}-schedule-role",
            physical_name=f"{physical}-schedule",
            service="scheduler.amazonaws.com",
            statements=[allow("lambda:InvokeFunction", function.alias_arn)],
            account_id=settings.account_id,
            opts=here,
        )
        every_minute(
            f"{self._name}-schedule",
            physical_name=physical,
            target=aws.scheduler.ScheduleTargetArgs(arn=function.alias_arn, role_arn=role.arn, input="{}"),
            opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[policy])),
        )
