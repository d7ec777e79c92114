"""Where a stack's ingest API answers."""

from __future__ import annotations

from typing import Any

import httpx

from signals.errors import Failed, Misuse
from signals.local import process
from signals.stack import Stack


def _api(stack: Stack, region: str) -> dict[str, Any] | None:
    pages = stack.client("apigatewayv2", region).get_paginator("get_apis").paginate()
    return next((api for page in pages for api in page["Items"] if api["Name"] == stack.names.api), None)


def api_id(stack: Stack, region: str) -> str | None:
    """Id of one Region's API; None when it is not deployed."""
    api = _api(stack, region)
    return str(api["ApiId"]) if api else None


def region_url(stack: Stack, region: str) -> str | None:
    """URL of one Region's API; None when it is not deployed.

    The embedded AWS answers for every API under a path of its one address, so that no name has to resolve.
    """
    api = _api(stack, region)
    if api is None:
        return None
    return f"{stack.aws_endpoint}/_aws/execute-api/{api['ApiId']}/$default" if stack.local else str(api["ApiEndpoint"])


def public_url(stack: Stack) -> str | None:
    """URL that clients use: the domain, on this machine the front door, else the primary's API."""
    if stack.settings.domain:
        return f"https://{stack.settings.domain.name}"
    if stack.local:
        up = process.running(process.default_home())
        return up.url if up and up.aws_url == stack.aws_endpoint else None
    return region_url(stack, stack.primary)


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


def healthy(url: str) -> bool:
    """Whether an API's `/health` answers 200 within 5 s."""
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
