"""How fast what was replayed can be processed beside live signals, and which quota of the primary binds.

Every replayed event takes the way of a live one from the primary's bus on: enrichment, a request to the data bus for
each ten signals, an invocation for each signal and consumer. What live signals leave of each quota, a tenth of it kept
free, divided by what a replayed event takes, is the rate that the quota allows. Above it EventBridge delays
invocations, live ones too; delays are what the latency alarm measures, so that a replay could cause a failover.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from components.aws_quotas import Quota

KEPT_FREE = 0.1
# Assumed (s): what works through a batch or an entry of the ingress bus; a consumer's function, one signal.
FUNCTION_S, CONSUMER_S = 0.25, 0.05
# Assumed: an enriched signal in the lake, about the 900 bytes that `make bench` measures with, and what is added.
SIGNAL_BYTES = 1_000
# Clients' batches fill an entry of the ingress bus with so many signals: `make bench` measures it.
SIGNALS_PER_EVENT = 25
RETURN_PATH = "return path"  # what binds where no quota does
_ENTRIES = 10  # of a PutEvents request


@dataclass(frozen=True)
class Load:
    """What one Region's platform works on.

    Args:
        signals_per_second: Live signals.
        signals_per_event: How many share an entry of the ingress bus.
        targets_per_signal: How many rules of the data bus match a signal, on average.
        functions_per_signal: How many of those invoke a function.
    """

    signals_per_second: float
    signals_per_event: float
    targets_per_signal: float
    functions_per_signal: float


@dataclass(frozen=True)
class Speed:
    """How fast events come back.

    Args:
        events_per_second: At most; 0 when live signals alone leave nothing.
        binding: Name of the quota that allows no more, or `return path`.
        live_share: By quota, the share of it that live signals take.
    """

    events_per_second: float
    binding: str
    live_share: Mapping[str, float]


def recovery_speed(
    load: Load,
    quotas: Mapping[str, Quota],
    region: str,
    *,
    return_path: float,
    measured: Mapping[str, float] = MappingProxyType({}),
) -> Speed:
    """How fast replayed events can be processed.

    Args:
        load: What is processed beside them.
        quotas: The account's, by name; one that grows by itself does not bind.
        region: The primary.
        return_path: Events a second that the return path's function puts on the primary's bus.
        measured: By quota, what is live as metrics show it, in place of what `load` makes of it.
    """
    live, replayed = {**_live(load), **measured}, _replayed(load)
    allowed = {name: quotas[name].of(region) for name in live if name in quotas}
    rates = {
        RETURN_PATH: return_path,
        **{
            name: max(0.0, ((1 - KEPT_FREE) * quota - live[name]) / replayed[name])
            for name, quota in allowed.items()
            if not quotas[name].grows
        },
    }
    binding = min(rates, key=lambda name: rates[name])
    return Speed(rates[binding], binding, {name: live[name] / quota for name, quota in allowed.items()})


def _live(load: Load) -> dict[str, float]:
    """What live signals take of each quota."""
    events = load.signals_per_second / load.signals_per_event
    more = {
        "put_events": events,  # ingest's, at one entry a request
        "invocations": events,  # replication's
        "lambda_concurrency": events * FUNCTION_S,  # ingest
        "firehose_bytes": 0.0,
    }
    return {name: events * taken + more[name] for name, taken in _processed(load).items()}


def _replayed(load: Load) -> dict[str, float]:
    """What one replayed event takes of each quota."""
    more = {
        "put_events": 1 / _ENTRIES,  # the return path's
        "invocations": 0.0,
        "lambda_concurrency": 0.0,  # the return path's function is in the other Region
        "firehose_bytes": 0.0,
    }
    return {name: taken + more[name] for name, taken in _processed(load).items()}


def _processed(load: Load) -> dict[str, float]:
    """What one event of the primary's ingress bus takes of each quota from there on."""
    signals = load.signals_per_event
    return {
        "put_events": float(math.ceil(signals / _ENTRIES)),
        "invocations": 1 + signals * load.targets_per_signal,
        "lambda_concurrency": FUNCTION_S + signals * load.functions_per_signal * CONSUMER_S,
        "firehose_bytes": signals * SIGNAL_BYTES,
    }
