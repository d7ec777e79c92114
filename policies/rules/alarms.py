"""Alarms that somebody hears."""

from collections.abc import Iterator

from components.resource_types import ALARM, COMPOSITE_ALARM
from policies.rule import Finding, rule
from policies.view import StackView


@rule(
    "ALARM-NOTIFIES",
    why="An alarm without an action changes its colour in a console that nobody looks at, and what the runbook says to "
    "do within the archive's retention is not done. A stack that is not protected, or whose alarms have their actions "
    "switched off because its settings say `alarm_topics: none`, may be as quiet as it likes.",
    source="CloudWatch API reference, PutMetricAlarm (AlarmActions, ActionsEnabled); CloudWatch User Guide, "
    "'Notify users on alarm changes'",
    remedy="name a topic of each Region in alarm_topics, or write alarm_topics: none, and give the alarm its Region's "
    "alarm_actions and actions_enabled",
)
def alarms_notify(stack: StackView) -> Iterator[Finding]:
    if not stack.protected:
        return
    for alarm in (*stack.of(ALARM), *stack.of(COMPOSITE_ALARM)):
        actions, enabled = alarm.get("alarmActions") or [], alarm.get("actionsEnabled")
        if actions and enabled is False:
            yield alarm, "it names whom to notify, and its actions are switched off"
        elif not actions and enabled is not False:
            yield alarm, "it notifies nobody"
        for action in actions:
            if stack.resolve(action).split(":")[3] != alarm.region:
                yield alarm, f"it notifies {stack.resolve(action)}, which is not in its Region, {alarm.region}"
