"""The model: the platform in virtual time, built from the recording of the real program, running the real functions.

Days of outage take seconds. Each AWS behaviour is in a module that names its source: `bus`, `replication`, `targets`,
`retries`, `archive`, `queues`, `functions`, `alarm`, `health_check`, `failover`, `iam`, `patterns`. `run` takes a stack
through an outage. `report`, `ledger`, `scenarios` and `duration` are shared with the drill.
"""
