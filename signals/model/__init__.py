"""The model: the platform in virtual time, built from the recording of the real program, running the real functions.

Days of outage take seconds. Each AWS behaviour is in a module that names its source: `bus`, `replication`, `targets`,
`queues`, `functions`, `alarm`, `failover`, `iam`, `event`. `run` takes a stack through an outage. `report`,
`ledger` and `scenarios` are shared with the drill.
"""
