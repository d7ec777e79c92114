"""The model: the platform in virtual time, built from the recording of the real program, running the real functions.

Days of outage take seconds. What AWS does is written down piece by piece, each in a module that names its source:
`bus`, `replication`, `targets`, `retries`, `archive`, `queues`, `functions`, `alarm`, `health_check`, `failover`,
`iam`, `patterns`. What an operator does is in `operator`, what goes wrong in `faults`, what became of each signal
in `ledger`.
"""

from signals.model.report import Report
from signals.model.run import run

__all__ = ["Report", "run"]
