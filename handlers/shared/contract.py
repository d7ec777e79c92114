"""The event contract: the sources, detail types and marks that functions, components and commands agree on."""

# What ingest puts on the ingress bus: batches of signals.
INGEST_SOURCE = "signals.ingest"
BATCH_TYPE = "Signal Batch"
# What enrichment puts on the data platform bus: a signal each, its type as the detail type.
SIGNAL_SOURCE = "signals"
# Events by which the platform sees that it works; no archive and no consumer matches them.
HEARTBEAT_SOURCE = "signals.heartbeat"
HEARTBEAT_TYPE = "Heartbeat"
PROBE_SOURCE = "signals.probe"
PROBE_TYPE = "Probe"
# EventBridge sets this on events of a replay, and on no others.
REPLAY_NAME = "replay-name"
# The return path sets this in the detail of a batch that it brings back: the archive's Region and the replay.
REPLAYED_FROM = "replayed_from"
