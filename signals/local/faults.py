"""Faults of the embedded AWS, for rehearsals and tests: what fails, where, and how.

`PUT /_signals/faults` on the AWS port sets them all, `GET` shows them, `{}` clears them.
"""

from dataclasses import dataclass, field

PATH = "/_signals/faults"


@dataclass
class Faults:
    """The faults in effect; the fields are the keys of the HTTP form."""

    refusing_endpoints: bool = False  # PutEvents through a global endpoint fails
    slow_endpoints_s: float = 0  # PutEvents through one takes this much longer, and succeeds
    refuse_every_entry: int = 0  # every nth entry sent through one is refused; the answer is 200
    refusing_regions: list[str] = field(default_factory=list)  # PutEvents there fails, deliveries there are retried
    latency_ms: dict[str, float] = field(default_factory=dict)  # by Region: added to IngestionToInvocationStartLatency
    missing_buses: list[str] = field(default_factory=list)  # treated as buses that do not exist, by name
    cut_replication: bool = False  # no copy leaves a Region, each is retried
    replication_gives_up_s: float | None = None  # for this long instead of 24 h: days of outage in seconds
    broken_connections: bool = False  # those that are open now break, once: what comes next is a new connection
    refusing_apis: list[str] = field(default_factory=list)  # the HTTP APIs of these Regions answer 503
    failing_functions: list[str] = field(default_factory=list)  # these end with an error before they do anything
    refusing_queues: list[str] = field(default_factory=list)  # SendMessage to these fails
    refusing_streams: list[str] = field(default_factory=list)  # PutRecord to these Firehose streams is throttled


now = Faults()
