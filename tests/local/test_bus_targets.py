"""Event buses as targets (User Guide, "Sending and receiving events between event buses")."""

import itertools
import json

from tests.support.embedded import ACCOUNT, EAST, ROLE, WEST, Aws, eventually, rule_arn


def chain(aws: Aws, name: str, *buses: tuple[str, str]) -> list[str]:
    """Buses (name, Region), each passing all on to the next; ARNs of a queue at each, then of each one's DLQ."""
    queues = []
    for at, (bus, region) in enumerate(buses):
        aws.bus(bus, region)
        queues.append(aws.queue(f"{bus}-{at}", region, sender=rule_arn(bus, "all", region)))
        aws.rule(bus, "all", {"source": ["test"]}, region, Arn=queues[-1])
    for at, ((bus, region), (following, there)) in enumerate(itertools.pairwise(buses)):
        dead_letters = aws.queue(f"{name}-dlq-{at}", region, sender=rule_arn(bus, "on", region))
        target = {"Arn": f"arn:aws:events:{there}:{ACCOUNT}:event-bus/{following}", "RoleArn": ROLE}
        aws.rule(bus, "on", {"source": ["test"]}, region, **target, DeadLetterConfig={"Arn": dead_letters})
        queues.append(dead_letters)
    return queues


def test_an_event_reaches_a_bus_in_another_region_with_its_first_region(aws: Aws, name: str) -> None:
    here, there, _ = chain(aws, name, (name, WEST), (name, EAST))
    aws.put(name, {"a": 1})
    (original,), (copy,) = (
        [json.loads(m["Body"]) for m in eventually(lambda q=q: aws.messages(q))] for q in (here, there)
    )
    assert copy["region"] == original["region"] == WEST
    assert copy["detail"] == {"a": 1}
    assert copy["id"] != original["id"]


def test_an_event_is_not_passed_on_to_a_third_region(aws: Aws, name: str) -> None:
    _, second, third, _, refused = chain(aws, name, (name, WEST), (name, EAST), (name, "eu-west-1"))
    aws.put(name)
    assert eventually(lambda: aws.messages(second))
    (message,) = eventually(lambda: aws.messages(refused))
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "THIRD_REGION_HOP_DETECTED"
    assert aws.messages(third) == []


def test_an_event_received_from_another_bus_is_not_passed_on_even_here(aws: Aws, name: str) -> None:
    _, second, third, _, refused = chain(aws, name, (name, WEST), (f"{name}-b", WEST), (f"{name}-c", WEST))
    aws.put(name)
    assert eventually(lambda: aws.messages(second))
    assert aws.messages(third) == []
    assert len(aws.messages(refused)) == 1


def test_a_bus_that_is_gone_means_the_dead_letter_queue(aws: Aws, name: str) -> None:
    aws.bus(name)
    dead_letters = aws.queue(name, sender=rule_arn(name, "on"))
    target = {"Arn": f"arn:aws:events:{EAST}:{ACCOUNT}:event-bus/gone", "RoleArn": ROLE}
    aws.rule(name, "on", {"source": ["test"]}, **target, DeadLetterConfig={"Arn": dead_letters})
    aws.put(name)
    (message,) = eventually(lambda: aws.messages(dead_letters))
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"
