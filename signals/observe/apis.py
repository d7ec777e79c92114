"""Where a stack's ingest API answers."""

from typing import Any

from signals.aws.reading import items
from signals.errors import Failed, Misuse
from signals.stack import Stack


def region_api(stack: Stack, region: str) -> dict[str, Any] | None:
    """What `GetApis` says of one Region's API; None when it is not deployed."""
    apis = items(stack.aws.client("apigatewayv2", region), "get_apis", "Items")
    return next((api for api in apis if api["Name"] == stack.names.api), None)


def region_url(stack: Stack, region: str) -> str | None:
    """URL of one Region's API; None when it is not deployed."""
    api = region_api(stack, region)
    return stack.aws.api_url(api) if api else None


def public_url(stack: Stack) -> str | None:
    """URL that clients use: the domain, or the front door on this machine, or the primary's API; None without one."""
    if stack.settings.domain:
        return f"https://{stack.settings.domain.name}"
    return stack.aws.front_door or region_url(stack, stack.primary)


def url_for(stack: Stack, region: str | None) -> str:
    """URL to send to: of one Region, where one is asked for.

    Raises:
        Misuse: When the stack is not in that Region.
        Failed: When there is none, because the stack is not deployed.
    """
    if region is not None and region not in stack.regions:
        raise Misuse(f"stack {stack.name!r} is not in {region}: choose {' or '.join(stack.regions)}")
    url = public_url(stack) if region is None else region_url(stack, region)
    if url is None:
        raise Failed(f"stack {stack.name!r} is not deployed: run `signals up --stack {stack.name}` first")
    return url


def healthy(stack: Stack, url: str) -> bool:
    """Whether `/health` of one of the stack's APIs answers 200 within 5 s."""
    import httpx  # a quarter of the time that a command takes to start

    try:
        return httpx.get(f"{url}/health", headers=stack.aws.headers, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
