"""The lake: Firehose, and the bucket that it writes to.

While Firehose cannot write to its bucket it keeps trying for 24 hours, and then the data is lost (Firehose Developer
Guide, "Handle data delivery failures"). The bucket's life cycle deletes objects after the days of its rules (S3 User
Guide, "Expiring objects"): a signal that goes sooner than the settings say is lost too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signals.model.blueprint import StreamPlan
from signals.model.clock import DAY_S

if TYPE_CHECKING:
    from signals.model.platform import Platform


def write(stream: StreamPlan, consumer: str, text: str, platform: Platform) -> None:
    """Take a signal, which is in the lake then, unless its stream cannot write or its bucket does not keep it."""
    clock, ledger = platform.clock, platform.ledger
    if not stream.may_write:
        why = "Firehose may not write to the lake's bucket, and tried for 24 hours"
        clock.after(DAY_S, lambda: platform.drop(text, why))
    elif not stream.keeps:
        why = f"the lake's bucket deletes signals after {stream.kept_days} days"
        clock.after((stream.kept_days or 0) * DAY_S, lambda: platform.drop(text, why))
    else:
        ledger.deliver(text, clock.now)
        ledger.reach(consumer, text)
