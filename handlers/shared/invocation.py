"""An invocation as Lambda makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class LambdaContext(Protocol):
    """What functions use of Lambda's context."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


Handler = Callable[[dict[str, Any], LambdaContext], Any]
