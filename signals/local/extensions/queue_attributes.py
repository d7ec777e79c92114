"""Queue attributes that are JSON, as SQS gives them back.

AWS: RedrivePolicy and RedriveAllowPolicy come back as compact JSON, however they were written (seen in its answers;
Terraform's provider compares with a compact form, and would plan a change for ever).

ministack: gives back the text that it got.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import sqs

from signals.local.extensions import patching

_COMPACT = ("RedrivePolicy", "RedriveAllowPolicy")
_ministack_get: Callable[..., dict[str, Any]]


def install() -> None:
    global _ministack_get
    patching.require(sqs, "_HANDLERS")
    _ministack_get = patching.replace(sqs, "_act_get_queue_attributes(data, qurl)", get)
    if sqs._HANDLERS.get("GetQueueAttributes") is not _ministack_get:
        raise patching.PatchError("ministack.services.sqs._HANDLERS no longer lists GetQueueAttributes")
    sqs._HANDLERS["GetQueueAttributes"] = get


def get(data: dict[str, Any], qurl: str) -> dict[str, Any]:
    """GetQueueAttributes."""
    answer = _ministack_get(data, qurl)
    attributes = answer.get("Attributes") or {}
    for name in _COMPACT:
        if attributes.get(name):
            attributes = {**attributes, name: json.dumps(json.loads(attributes[name]), separators=(",", ":"))}
    return {**answer, "Attributes": attributes} if attributes else answer
