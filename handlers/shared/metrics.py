"""Metrics as one line of CloudWatch's embedded metric format an invocation: no call, no agent.

Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

import orjson

NAMESPACE = "Signals"


def emit(counts: Mapping[str, int]) -> None:
    """Write the counts of one invocation; the dimension is the function's name, and counts of 0 are left out."""
    seen = {name: count for name, count in counts.items() if count}
    if not seen:
        return
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["FunctionName"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in seen],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        "FunctionName": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
        **seen,
    }
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
