"""Archives and replays of an event bus.

AWS: an archive keeps what its bus took in, replays excepted, for RetentionDays (0: for ever); a replay goes to the
archive's own bus only, oldest minute first, to the rules named in Destination.FilterArns or else to all but managed
ones, and its events carry `replay-name` (User Guide, "Archiving and replaying events"; API reference,
ReplayDestination). The 10 minutes that AWS advises to wait are not needed here: the archive is never behind.

`GET /_signals/archive?account=…&region=…&ArchiveName=…` shows the events in an archive, as rules see them.

ministack: keeps what it was given without end, answers DescribeArchive with the events in it, counts no bytes,
replays to every rule whatever FilterArns say, and does not list what a replay covers.
"""

import json
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from ministack import app
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.services import eventbridge as events

from components import resource_types as types
from signals.local.embedded_aws import ARCHIVE_PATH
from signals.local.extensions import event_bus, patching
from signals.local.extensions.event_bus import Event

_MOST_REPLAYS = 10
_DAY_SECONDS = 86_400
_LISTED = ("EventStartTime", "EventEndTime", "EventLastReplayedTime", "ReplayEndTime")
patching.require(
    events, "_archives", "_replays", "_archive_name_from_ref", "_coerce_timestamp", "_matches_pattern_view"
)


@patching.replaces(events, "_archive_event(event, view)")
def keep(event: Event, view: Any = None) -> None:
    """Put an event into the archives of its bus."""
    if event.get("ReplayName"):
        return
    bus_arn = types.arn(types.BUS, region=get_region(), account=get_account_id(), name=event["EventBusName"])
    view = view or events._pattern_event_view(event)
    for archive in events._archives.values():
        pattern = archive.get("EventPattern")
        if archive.get("EventSourceArn") != bus_arn:
            continue
        if pattern and not events._matches_pattern_view(pattern, view, f"archive {archive['ArchiveName']}"):
            continue
        # What was replicated once is not replicated again by a replay; that it came from elsewhere stays true.
        archive.setdefault("Events", []).append({k: v for k, v in event.items() if k not in ("_Endpoint", "_Ingested")})
        archive["SizeBytes"] = archive.get("SizeBytes", 0) + len(event["Detail"].encode())
        _forget(archive)


@patching.replaces(events, "_start_replay(data)")
def start_replay(data: dict[str, Any]) -> Any:
    """StartReplay: check, then replay in the background."""
    name, destination = data.get("ReplayName"), data.get("Destination") or {}
    archive_name, error = events._archive_name_from_ref(data.get("EventSourceArn", ""))
    if error:
        return error_response_json(*error, 400)
    archive = events._archives.get(archive_name)
    if archive is None:
        return error_response_json("ResourceNotFoundException", f"Archive {archive_name} does not exist.", 400)
    if name in events._replays:
        return error_response_json("ResourceAlreadyExistsException", f"Replay {name} already exists.", 400)
    if destination.get("Arn") != archive["EventSourceArn"]:
        reason = "Parameter Destination.Arn is not valid. Reason: Must be the event bus of the archive."
        return error_response_json("ValidationException", reason, 400)
    if sum(r["State"] in ("STARTING", "RUNNING") for r in events._replays.values()) >= _MOST_REPLAYS:
        return error_response_json("LimitExceededException", f"More than {_MOST_REPLAYS} replays are active.", 400)
    replay = {
        "ReplayName": name,
        "ReplayArn": types.arn(types.REPLAY, region=get_region(), account=get_account_id(), name=name),
        "Description": data.get("Description", ""),
        "EventSourceArn": data["EventSourceArn"],
        "EventStartTime": events._coerce_timestamp(data["EventStartTime"]),
        "EventEndTime": events._coerce_timestamp(data["EventEndTime"]),
        "Destination": destination,
        "State": "STARTING",
        "ReplayStartTime": time.time(),
    }
    events._replays[name] = replay
    # The context holds the account and the Region.
    threading.Thread(target=copy_context().run, args=(_replay, replay, archive), daemon=True).start()
    return json_response({key: replay[key] for key in ("ReplayArn", "State", "ReplayStartTime")})


def _replay(replay: dict[str, Any], archive: dict[str, Any]) -> None:
    replay["State"] = "RUNNING"
    only = frozenset(replay["Destination"].get("FilterArns") or ())
    _forget(archive)
    chosen = [e for e in archive.get("Events", []) if replay["EventStartTime"] <= e["Time"] <= replay["EventEndTime"]]
    for event in sorted(chosen, key=lambda e: e["Time"] // 60):
        if replay["State"] != "RUNNING":
            return
        event_bus.dispatch({**event, "ReplayName": replay["ReplayName"], "_Ingested": time.time()}, only_rules=only)
        replay["EventLastReplayedTime"] = event["Time"]
    replay["State"], replay["ReplayEndTime"] = "COMPLETED", time.time()


@patching.extends(events, "_list_replays(data)")
def _list_replays(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    """ListReplays, which says of each what it covers (API reference, Replay)."""
    status, headers, body = original(data)
    found = json.loads(body)
    for replay in found.get("Replays", ()):
        known = events._replays[replay["ReplayName"]]
        replay |= {key: known[key] for key in _LISTED if key in known}
    return status, headers, json.dumps(found).encode()


def _forget(archive: dict[str, Any]) -> None:
    """Drop what is older than the retention."""
    days, kept = archive.get("RetentionDays") or 0, archive.setdefault("Events", [])
    if days and kept and kept[0]["Time"] < time.time() - days * _DAY_SECONDS:
        kept[:] = [event for event in kept if event["Time"] >= time.time() - days * _DAY_SECONDS]
        archive["SizeBytes"] = sum(len(event["Detail"].encode()) for event in kept)
    archive["EventCount"] = len(kept)


@patching.extends(events, "_describe_archive(data)")
def _describe(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    archive = events._archives.get(data.get("ArchiveName"))
    if archive is None:
        return original(data)
    _forget(archive)
    return json_response({key: value for key, value in archive.items() if key != "Events"})


@patching.extends(events, "_list_archives(data)")
def _list(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    for archive in events._archives.values():
        _forget(archive)
    return original(data)


@patching.extends(app, "_handle_sqs_messages_request(method, path, headers, query_params)")
async def _show(original: Callable[..., Any], method: str, path: str, headers: Any, query_params: Any) -> Any:
    """What an archive holds, beside ministack's own view of what a queue holds."""
    if path != ARCHIVE_PATH:
        return await original(method, path, headers, query_params)
    account, region, name = (query_params[key][0] for key in ("account", "region", "ArchiveName"))
    with request_scope(account, region):
        archive = events._archives.get(name, {})
        _forget(archive)
        held = [events._pattern_event_view(event).event_with_detail() for event in archive["Events"]]
    return 200, {"Content-Type": "application/json"}, json.dumps(held).encode()
