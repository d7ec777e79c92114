"""What both Regions received, read from the embedded AWS as from CloudWatch."""

from datetime import UTC, datetime, timedelta

import pytest

from signals.recover.outage import outage_windows
from signals.stack import Stack
from tests.support.hand_made import PRIMARY, SECONDARY


def count(stack: Stack, region: str, at: datetime, probes: float) -> None:
    dimensions = {"EventBusName": stack.names.ingress_bus, "RuleName": stack.names.probe}
    datum = {
        "MetricName": "Invocations",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Timestamp": at,
        "Value": probes,
        "Unit": "Count",
    }
    stack.aws.client("cloudwatch", region).put_metric_data(Namespace="AWS/Events", MetricData=[datum])  # type: ignore[list-item]


@pytest.mark.parametrize("minute", [0, 59])
def test_an_hour_in_which_the_primary_saw_fewer_probes_is_found_in_the_metrics(platform: Stack, minute: int) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=50 + 10 * bool(minute))
    for n in range(3):
        at = hour + timedelta(hours=n, minutes=minute)
        count(platform, SECONDARY, at, 60)
        count(platform, PRIMARY, at, 60 if n != 1 else 30)
    found = outage_windows(platform, None, None)
    lacking = hour + timedelta(hours=1)
    window = (lacking - timedelta(minutes=5), lacking + timedelta(minutes=70))
    assert window in found.windows
    assert not any(start < hour + timedelta(minutes=50) and end > hour for start, end in found.windows)
