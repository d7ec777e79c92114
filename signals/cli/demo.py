"""One example signal through the whole platform, with each step shown."""

import json
import os
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.markup import escape

from handlers.shared.times import timestamp
from signals.errors import Failed
from signals.local.embedded_aws import LOCAL_WRITE_KEY
from signals.observe.find import Found, find
from signals.observe.inputs import Signal
from signals.observe.location import Location
from signals.observe.send import send
from signals.stack import Stack
from signals.terminal.console import busy, out

_ARRIVAL_SECONDS = 60.0
_SINCE = timedelta(hours=1)


def example(now: datetime) -> Signal:
    """An order that somebody placed."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": "order.placed",
        "source": "/shop/checkout",
        "subject": "customer-1017",
        "time": timestamp(now),
        "datacontenttype": "application/json",
        "data": {"order": "A-2042", "total": {"amount": 129.9, "currency": "EUR"}, "items": 3},
    }


def show(stack: Stack, url: str) -> None:
    """Send the example through the front door and show each place where it arrives.

    Raises:
        Failed: When it is refused, or does not arrive within a minute.
    """
    signal = example(datetime.now(UTC))
    out.rule(f"[bold]one signal's path[/]  {signal['id']}", align="left")
    [answer] = send([signal], url=url, key=LOCAL_WRITE_KEY, headers=stack.aws.headers)
    if not answer.accepted:
        raise Failed(f"ingest refused the example: {answer.status} {json.dumps(answer.detail)}")
    _step("sent", f"POST {url}/v1/signals -> {answer.status} {answer.detail['result']}")
    with busy("following it"):
        found = find(
            stack, signal["id"], since=_SINCE, wait_seconds=_ARRIVAL_SECONDS, until=lambda f: _everywhere(stack, f)
        )
    if not found.of("lake"):
        where = ", ".join(f"{place.kind} {place.where} in {place.region}" for place in found.places) or "nowhere"
        raise Failed(
            f"the example is not in the lake after {_ARRIVAL_SECONDS:.0f} s but {where}: "
            f"look at `signals status --stack {stack.name}`"
        )
    archived = found.of("archive")
    origin = next((place.origin for place in archived if place.origin), stack.primary)
    _step("ingress bus", f"{origin}: entered here, through the global endpoint")
    for place in archived:
        _step("ingress bus", f"{place.region}: {place.note}, and in archive {place.where}")
    for place in found.of("queue"):
        _step("consumer", f"{place.region}: queue {place.where}")
    for place in found.of("profile"):
        _step("profile", f"{place.region}: {place.where} {place.note or ''}")
    lake = found.of("lake")[0]
    _step("lake", f"{lake.region}: {lake.where}")
    out.print("\n[bold]as it is in the lake, enriched:[/]")
    out.print_json(data=lake.content or {})
    _next(stack, url, lake, signal)


def _everywhere(stack: Stack, found: Found) -> bool:
    """Whether the signal has arrived in every place where it will be."""
    profiles = [place.region for place in found.of("profile")]
    wanted = stack.regions if any(c.handler == "profile" for c in stack.settings.active_active) else ()
    return bool(found.of("lake")) and bool(found.of("archive")) and set(wanted) <= set(profiles)


def _command() -> str:
    """How this command was called, so that what is printed can be pasted: `.venv/bin/signals`, or `signals` on PATH."""
    called = Path(sys.argv[0])
    if called.name != "signals" or str(called.parent) in os.environ.get("PATH", "").split(os.pathsep):
        return "signals"
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)


def _step(what: str, where: str) -> None:
    out.print(f"[green]{what:>12}[/]  {escape(where)}")


def _next(stack: Stack, url: str, lake: Location, signal: Signal) -> None:
    event = json.dumps({name: signal[name] for name in ("specversion", "type", "source", "subject", "data")})
    option = "" if stack.name == "local" else f" --stack {stack.name}"
    command = _command()
    lines = {
        "send one yourself": f"curl -i {url}/v1/signals -H 'Authorization: Bearer {LOCAL_WRITE_KEY}' "
        f"-H 'Content-Type: application/cloudevents+json' -d '{event}'",
        "find a signal": f"{command} find {signal['id']}{option}",
        "both Regions": f"{command} status{option}",
        "fail over": f"{command} failover start{option}; then send one, find it, and end it with failover stop",
        "stop": "make down",
    }
    out.print("\n[bold]next[/]")
    for what, line in lines.items():
        out.print(f"{what:>18}:  [cyan]{escape(line)}[/]")
    out.print(f"\nsignal [bold]{signal['id']}[/] is in [bold]{escape(lake.where)}[/]")
