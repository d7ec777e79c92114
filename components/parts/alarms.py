"""Alarms: what is watched, and what an alarm does when it is more than it may be."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.parts.regions import Region
from components.parts.runbook import see


def alarm_above(
    name: str,
    *,
    region: Region,
    parent: pulumi.Resource,
    physical_name: str,
    runbook: str,
    what: str,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, pulumi.Input[str]],
    statistic: str = "Sum",
    threshold: float = 0,
    periods: int = 1,
    period_seconds: int = 60,
    at_risk: bool = False,
) -> aws.cloudwatch.MetricAlarm:
    """An alarm on a metric that is above a threshold in each of so many periods.

    Periods without data are good ones: AWS sends most of these metrics only when they are not zero (EventBridge User
    Guide, "Monitoring Amazon EventBridge"), and SQS none of a queue that has been idle for six hours.

    Args:
        name: Logical name.
        region: Whose topic it notifies.
        parent: The component that it belongs to.
        physical_name: Its name in CloudWatch.
        runbook: The heading of the runbook, as its links name it.
        what: What happened, for whoever is woken.
        namespace: For example `AWS/SQS`.
        metric: The metric's name.
        dimensions: All of its dimensions; with `at_risk`, names and no outputs: see `signals_at_risk`.
        statistic: How the values of one period become one.
        threshold: The largest value that is good, in the metric's unit.
        periods: Consecutive periods that must be above it.
        period_seconds: The length of one (s).
        at_risk: Whether signals are lost, or will be unless somebody acts: then the Region's composite alarm says so.
    """
    alarm = aws.cloudwatch.MetricAlarm(
        name,
        name=physical_name,
        alarm_description=see(runbook, what),
        namespace=namespace,
        metric_name=metric,
        dimensions=dict(dimensions),
        statistic=statistic,
        period=period_seconds,
        evaluation_periods=periods,
        comparison_operator="GreaterThanThreshold",
        threshold=threshold,
        treat_missing_data="notBreaching",
        alarm_actions=region.alarm_actions,
        actions_enabled=region.actions_enabled,
        opts=pulumi.ResourceOptions.merge(
            region.options(parent), pulumi.ResourceOptions(delete_before_replace=False if at_risk else None)
        ),
    )
    if at_risk:
        region.at_risk.append(alarm.name)
    return alarm


def signals_at_risk(name: str, *, region: Region, parent: pulumi.Resource) -> aws.cloudwatch.CompositeAlarm:
    """One alarm over all that say of a Region's signals that they are lost or will be: the one to wake people with.

    CloudWatch deletes no alarm that is in a composite's rule, so that of a consumer that goes must be deleted after the
    rule was changed. Pulumi does. Terraform does for what it would create before it destroys, and takes the same of all
    that this depends on (hashicorp/terraform-provider-aws#34807): so these alarms depend on nothing.

    Source: CloudWatch User Guide, "Composite alarms" (alarms of one Region, 100 at most).
    """
    rule: list[pulumi.Input[str]] = []
    for alarm in region.at_risk:
        rule += [" OR " if rule else "", 'ALARM("', alarm, '")']
    return aws.cloudwatch.CompositeAlarm(
        name,
        alarm_name=region.names.at_risk_alarm,
        alarm_description=see("signals-at-risk", "Signals are lost in this Region, or will be unless somebody acts."),
        alarm_rule=pulumi.Output.concat(*rule),
        alarm_actions=region.alarm_actions,
        actions_enabled=region.actions_enabled,
        opts=region.options(parent),
    )
