"""How fast a replay may be beside live signals, and which quota binds."""

from dataclasses import replace

import pytest

from components import aws_quotas
from signals.aws import quotas
from signals.errors import Misuse
from signals.recover.speed import Load, Speed, recovery_speed

ENOUGH = {"put_events": 1e6, "invocations": 1e6, "lambda_concurrency": 1e6}
REGION = "us-west-2"


def speed(load: Load, having: dict[str, float]) -> Speed:
    allowed = quotas.overridden(f"{name}={value}" for name, value in having.items())
    return recovery_speed(load, allowed, REGION, return_path=2_000)


LOAD = Load(signals_per_second=4_630, signals_per_event=25, targets_per_signal=3, functions_per_signal=1)


def test_with_enough_of_everything_the_return_path_itself_is_the_limit() -> None:
    found = speed(LOAD, ENOUGH)
    assert (found.events_per_second, found.binding) == (2_000, "return path")


@pytest.mark.parametrize("name", ENOUGH)
def test_each_quota_can_bind_and_a_tenth_of_it_stays_free(name: str) -> None:
    quiet = replace(LOAD, signals_per_second=0)
    found = speed(quiet, {**ENOUGH, name: 1_000})
    # An event: a tenth of a request and three; an invocation and 75; 0.25 s and 25 of 0.05 s.
    taken = {"put_events": 3.1, "invocations": 76, "lambda_concurrency": 1.5}
    assert (found.binding, found.events_per_second) == (name, pytest.approx(900 / taken[name]))


def test_where_live_signals_take_all_nothing_can_come_back() -> None:
    found = speed(LOAD, {"invocations": 14_000})
    assert (found.events_per_second, found.binding) == (0, "invocations")
    assert found.live_share["invocations"] > 1


def test_a_quota_that_grows_by_itself_does_not_bind_and_its_share_is_told() -> None:
    found = speed(LOAD, {**ENOUGH, "firehose_bytes": 1_000})
    assert found.binding == "return path"
    assert found.live_share["firehose_bytes"] == pytest.approx(4_630)


def test_quotas_have_sources_and_what_an_account_has_goes_before() -> None:
    assert all(quota.source and (quota.regions or quota.elsewhere) for quota in aws_quotas.QUOTAS.values())
    assert aws_quotas.INVOCATIONS.of("us-west-2") == 18_750
    assert aws_quotas.PUT_EVENTS.of("eu-south-1") == float("inf"), "nothing is claimed of what is not known"
    assert quotas.overridden(["invocations=50000"])["invocations"].of("us-west-2") == 50_000
    for wrong in ("invocations=many", "invocations=0", "speed=1", "invocations"):
        with pytest.raises(Misuse):
            quotas.overridden([wrong])
