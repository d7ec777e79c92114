"""What decides failover: an alarm on EventBridge's own latency and the Route 53 health check that watches it."""

import pulumi
import pulumi_aws as aws

from components.parts.regions import Component, Region
from components.parts.runbook import see
from components.setting_groups import Failover

# EventBridge User Guide, "CloudFormation template for global endpoints": what the health check says without data.
_WITHOUT_DATA = {"breaching": "Unhealthy", "missing": "LastKnownStatus"}


class FailoverHealth(Component):
    """The health of the primary Region's EventBridge, as the global endpoint sees it.

    Args:
        failover: Threshold (ms), periods (minutes), how missing data counts, inversion.
        primary: The Region that is watched.

    An operator who holds a failover (`signals failover`) inverts and disables the check. The program therefore sets
    both switches once and ignores them afterwards, so that no deployment ends a failover and no failover is drift.
    Where the setting `inverted` is given, the program holds them instead.

    Source: EventBridge User Guide, "CloudFormation template for global endpoints"; Route 53 Developer Guide,
    "Monitoring a CloudWatch alarm": the check reads the metric's data stream with settings copied from the alarm, and
    takes no metric math, no M out of N, no percentile.
    """

    health_check_arn: pulumi.Output[str]
    health_check_id: pulumi.Output[str]

    def __init__(self, name: str, *, failover: Failover, primary: Region, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, opts)
        alarm = aws.cloudwatch.MetricAlarm(
            f"{name}-alarm",
            name=primary.names.latency_alarm,
            alarm_description=see(
                "failover-happened-by-itself",
                "EventBridge in the primary Region takes too long from ingestion to invocation, or says nothing: the "
                "global endpoint routes signals to the secondary.",
            ),
            namespace="AWS/Events",
            metric_name="IngestionToInvocationStartLatency",
            # No dimensions: the service's own latency over all buses. Dimensioned latency has stopped being published.
            statistic="Average",
            period=60,
            evaluation_periods=failover.evaluation_periods,
            comparison_operator="GreaterThanThreshold",
            threshold=failover.latency_threshold_ms,
            treat_missing_data=failover.missing_data,
            alarm_actions=primary.alarm_actions,
            actions_enabled=primary.actions_enabled,
            opts=primary.options(self),
        )
        check = aws.route53.HealthCheck(
            f"{name}-check",
            type="CLOUDWATCH_METRIC",
            cloudwatch_alarm_name=alarm.name,
            cloudwatch_alarm_region=primary.name,
            insufficient_data_health_status=_WITHOUT_DATA[failover.missing_data],
            invert_healthcheck=bool(failover.inverted),
            disabled=bool(failover.inverted),
            # Route 53 copied the alarm's settings: when they change it must be told to copy them again.
            triggers={
                "threshold": str(failover.latency_threshold_ms),
                "evaluation_periods": str(failover.evaluation_periods),
                "missing_data": failover.missing_data,
            },
            tags={"Name": primary.names.latency_alarm},
            opts=primary.options(
                self, ignore_changes=["invert_healthcheck", "disabled"] if failover.inverted is None else ()
            ),
        )
        self.health_check_arn, self.health_check_id = check.arn, check.id
        self.register_outputs({"healthCheckArn": self.health_check_arn, "healthCheckId": self.health_check_id})
