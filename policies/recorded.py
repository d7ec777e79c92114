"""The neutral view of a recording."""

from __future__ import annotations

from typing import Any

from policies.view import Stack, View
from signals.recording.resources import Recording, Secret


def stack_of(recording: Recording) -> Stack:
    """A recorded stack as rules see it."""
    providers = {resource.urn: resource for resource in recording.all if resource.is_provider}

    def account(provider_urn: str | None) -> str | None:
        provider = providers.get((provider_urn or "").rpartition("::")[0]) or providers.get(provider_urn or "")
        allowed = provider.inputs.get("allowedAccountIds") if provider else None
        return str(allowed[0]) if allowed else None

    return Stack(
        View(r.type, r.name, r.urn, r.region, account(r.options.get("provider")), _plain(r.inputs))
        for r in recording.all
        if not r.is_provider and r.region
    )


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return _plain(value.value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value
