"""Faults of the embedded AWS, for rehearsals and tests: what fails, where, and how.

`PUT /_signals/faults` on the AWS port sets them all, `GET` shows them, `{}` clears them:

    {"refusing_endpoints": true,               PutEvents through a global endpoint fails
     "slow_endpoints_s": 3,                    PutEvents through one takes this much longer, and succeeds
     "refuse_every_entry": 2,                  every second entry sent through one is refused; the answer is 200
     "refusing_regions": ["us-west-2"],        PutEvents there fails, deliveries there are retried
     "latency_ms": {"us-west-2": 60000},       is added to IngestionToInvocationStartLatency
     "missing_buses": ["signals-ingress"],     these are treated as buses that do not exist
     "cut_replication": true,                  no copy leaves a Region, each is retried
     "replication_gives_up_s": 10,             for this long instead of 24 h: days of outage in seconds
     "refusing_apis": ["us-west-2"],           the HTTP APIs there answer 503
     "failing_functions": ["signals-enrichment"],   these end with an error before they do anything
     "refusing_queues": ["signals-spool"],     SendMessage to these fails
     "refusing_streams": ["signals-lake"]}     PutRecord to these Firehose streams is throttled
"""

from dataclasses import dataclass, field

PATH = "/_signals/faults"


@dataclass
class Faults:
    """The faults in effect; the fields are the keys of the HTTP form."""

    refusing_endpoints: bool = False
    slow_endpoints_s: float = 0
    refuse_every_entry: int = 0
    refusing_regions: list[str] = field(default_factory=list)
    latency_ms: dict[str, float] = field(default_factory=dict)
    missing_buses: list[str] = field(default_factory=list)
    cut_replication: bool = False
    replication_gives_up_s: float | None = None
    refusing_apis: list[str] = field(default_factory=list)
    failing_functions: list[str] = field(default_factory=list)
    refusing_queues: list[str] = field(default_factory=list)
    refusing_streams: list[str] = field(default_factory=list)


now = Faults()
