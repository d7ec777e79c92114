"""What recovery relies on: the secondary's archive, and the return path from it."""

from collections.abc import Iterator

from components.resource_types import ARCHIVE, MAPPING, QUEUE, RULE, TARGET
from policies.rule import Finding, rule
from policies.rules.delivery import rule_of
from policies.rules.endpoint import primary_and_secondary
from policies.rules.publishers import may_put_on, sources_put
from policies.view import StackView, json_document
from signals.recording.iam import as_list
from signals.recording.resources import Declared

_SHORTEST_RETENTION_DAYS = 2


@rule(
    "EB-ARCHIVE-SECONDARY",
    why="Replication gives up after 24 hours: after that, the secondary's archive is the only copy of what the primary "
    "lacks. One that leaves signals out, or deletes them before the outage is over, loses them.",
    source="EventBridge User Guide, eb-rule-retry-policy, eb-archive; AWS News Blog, 2023-06-16",
    remedy="archive the secondary's ingress bus for 2 days or more, with no eventPattern but one of the form "
    '{"source": [{"anything-but": [the platform\'s own heartbeats and probes]}]}',
)
def the_secondary_is_archived(stack: StackView) -> Iterator[Finding]:
    for bus in primary_and_secondary(stack)[1]:
        archives = stack.naming(ARCHIVE, "eventSourceArn", bus)
        if not archives:
            yield bus, "nothing archives it"
        for archive in archives:
            days = archive.get("retentionDays") or 0  # 0: for ever
            if 0 < days < _SHORTEST_RETENTION_DAYS:
                yield archive, f"it keeps events for {days:g} day"
            elif archive.get("eventPattern") and not _keeps_signals(stack, archive, bus):
                yield archive, f"it keeps only what matches {archive.get('eventPattern')}"


def _keeps_signals(stack: StackView, archive: Declared, bus: Declared) -> bool:
    """Whether an archive's pattern excludes only sources that the return path does not bring back either."""
    pattern = json_document(archive.inputs["eventPattern"])
    compared = pattern.pop("source", None)
    match compared:
        case [{"anything-but": left_out, **other}] if not pattern and not other:
            functions = [f for r in _return_rules(stack, bus) for f in _functions_behind(stack, r)]
            recovered = [source for function in functions for source in sources_put(stack, function)]
            return not set(as_list(left_out)) & set(recovered)
    return False


def _takes_replays(rule_: Declared) -> bool | None:
    """Whether a rule takes only replayed events (True), refuses them (False), or does not say (None)."""
    stated = json_document(rule_.inputs["eventPattern"]).get("replay-name")
    return {"[{'exists': True}]": True, "[{'exists': False}]": False}.get(str(stated))


def _return_rules(stack: StackView, bus: Declared) -> list[Declared]:
    return [r for r in stack.naming(RULE, "eventBusName", bus) if _takes_replays(r)]


def _functions_behind(stack: StackView, rule_: Declared) -> list[Declared]:
    """The functions that drain the queues that a rule feeds."""
    queues = [stack.refer(t.inputs.get("arn"), QUEUE) for t in stack.of(TARGET) if rule_of(stack, t) is rule_]
    mappings = [m for queue in queues if queue for m in stack.naming(MAPPING, "eventSourceArn", queue)]
    functions = [stack.function(m.inputs["functionName"], m.region) for m in mappings]
    return [function for function in functions if function]


@rule(
    "EB-RETURN-PATH",
    why="A replay goes to the archive's own bus and nowhere else: without a rule there for replayed events alone, "
    "a queue, and a function that puts them on the primary's bus, nothing archived ever gets back.",
    source="EventBridge API reference, ReplayDestination; User Guide, eb-archive, eb-bus-to-bus",
    remedy="add a rule on replay-name exists there, to a queue that a function drains onto the primary's bus",
)
def replays_find_the_way_back(stack: StackView) -> Iterator[Finding]:
    primaries, secondaries = primary_and_secondary(stack)
    for bus in secondaries:
        returns = _return_rules(stack, bus)
        if not returns:
            yield bus, "no rule on it takes replayed events alone"
        for rule_ in returns:
            reached = [may_put_on(stack, function) for function in _functions_behind(stack, rule_)]
            if not reached or not all(buses and all(b in primaries for b in buses) for buses in reached):
                yield rule_, "what it takes does not end on the primary's bus only"


@rule(
    "EB-REPLAY-STANCE",
    why="A replay without FilterArns fires every rule of the bus: in the secondary, processing it and bringing it "
    "back to the primary as well makes each recovered signal arrive twice.",
    source="EventBridge API reference, ReplayDestination.FilterArns; User Guide, eb-archive",
    remedy="say replay-name exists false in the pattern of every other rule on the secondary's ingress bus",
)
def rules_in_the_secondary_refuse_replays(stack: StackView) -> Iterator[Finding]:
    for bus in primary_and_secondary(stack)[1]:
        for rule_ in stack.naming(RULE, "eventBusName", bus):
            if _takes_replays(rule_) is None:
                yield rule_, "its pattern does not say whether it takes replayed events"
