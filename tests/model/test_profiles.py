"""The profile consumer as it runs in Lambda, on a table of which each Region has its own copy."""

from collections import Counter

import pytest

from components.resource_types import ROLE_POLICY
from signals.model.clock import HOUR_S
from signals.model.faults import Fault, FaultKind
from signals.model.operator import Operator
from signals.model.platform import Platform
from signals.model.tables import Item, Tables
from tests.model.support import PRIMARY, SECONDARY, changed, hours, platform_of, policy_without

STATE = "signals-prod-profile-state"


def items(platform: Platform, region: str) -> list[str]:
    """Ids of the signals that a Region's copy of a profile has."""
    return sorted(item["id"]["S"] for item in platform.tables.items(region, STATE))


_KINDS = [None, FaultKind.DUPLICATES, FaultKind.INVERTED, FaultKind.REPLICATION, FaultKind.FUNCTION_ERRORS]


@pytest.mark.parametrize("kind", _KINDS)
def test_both_regions_profiles_have_every_acknowledged_signal_once(kind: FaultKind | None) -> None:
    of = "profile" if kind is FaultKind.FUNCTION_ERRORS else None
    faults = [Fault(kind, region, 1 * HOUR_S, 3 * HOUR_S, of=of) for region in (PRIMARY, SECONDARY)] if kind else []
    platform = platform_of(None, faults, sent_s=hours(0.5, 4, 60))
    operator = Operator(platform)
    platform.clock.run(5 * HOUR_S)
    operator.recover(5 * HOUR_S)
    platform.clock.run(8 * HOUR_S)
    # A replay without need: every signal once more.
    operator.replay(0, 4 * HOUR_S)
    platform.clock.run()
    assert len(platform.ledger.acknowledged) == 60
    for region in (PRIMARY, SECONDARY):
        assert items(platform, region) == sorted(platform.ledger.acknowledged)


def test_what_is_processed_already_is_recognized_also_in_the_other_region(monkeypatch: pytest.MonkeyPatch) -> None:
    writes: Counter[str] = Counter()
    put = Tables.put

    def counted(self: Tables, region: str, table: str, item: Item) -> None:
        writes[item["id"]["S"]] += 1
        put(self, region, table, item)

    monkeypatch.setattr(Tables, "put", counted)
    platform = platform_of(None, [Fault(FaultKind.DUPLICATES, PRIMARY, 0, 3 * HOUR_S)], sent_s=hours(1, 2, 20))
    platform.clock.run()
    # Once, or once a Region where both had it before the item had crossed.
    assert set(writes) == set(platform.ledger.acknowledged)
    assert set(writes.values()) <= {1, 2}
    written = writes.total()
    Operator(platform).replay(0, 3 * HOUR_S)
    platform.clock.run()
    assert writes.total() == written, "what both Regions have is not written again"


def test_a_profile_that_may_not_write_fails_as_it_would_on_aws() -> None:
    helpless = changed(
        ROLE_POLICY,
        f"processing-{PRIMARY}-profile-role-policy",
        lambda i: i.update(policy=policy_without(i["policy"], statement=lambda s: "dynamodb:PutItem" in s["Action"])),
    )
    platform = platform_of(helpless, sent_s=hours(1, 2, 4))
    platform.clock.run(3 * HOUR_S)
    assert platform.ledger.counts["function errors"] == 3 * 4, "each signal is tried three times"
    assert len(items(platform, PRIMARY)) == 4, "the other Region's function writes for both"
