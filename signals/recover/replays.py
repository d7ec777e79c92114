"""The replays that EventBridge knows of in the secondary, whoever started them; it keeps them for 90 days."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from signals.recover.window import Interval
from signals.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import ReplayTypeDef


def listed(stack: Stack, prefix: str) -> "list[ReplayTypeDef]":
    """Those whose name begins with a prefix."""
    events, found = stack.aws.client("events", stack.secondary), []
    request: dict[str, Any] = {"NamePrefix": prefix} if prefix else {}
    while True:
        answer = events.list_replays(**request)
        found += answer["Replays"]
        if not answer.get("NextToken"):
            return found
        request["NextToken"] = answer["NextToken"]


def into_return_path(stack: Stack) -> "list[ReplayTypeDef]":
    """Those of this stack's return path."""
    return listed(stack, f"{stack.names.return_path}-")


def covered(stack: Stack, since: datetime | None = None) -> list[Interval]:
    """Windows of the completed replays into the return path, up to where the archive was complete when they began.

    Args:
        stack: The stack.
        since: Only of those that began after this.
    """
    completed = [replay for replay in into_return_path(stack) if replay["State"] == "COMPLETED"]
    done = [replay for replay in completed if since is None or replay["ReplayStartTime"] > since]
    return [
        (
            replay["EventStartTime"].astimezone(UTC),
            min(replay["EventEndTime"], replay["ReplayStartTime"] - stack.aws.archive_lag).astimezone(UTC),
        )
        for replay in done
    ]
