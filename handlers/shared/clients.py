"""AWS clients: made once, while the function starts, and impatient, because our own ladder of retries governs."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.session import get_session

# One request may take this long (s); `delivery` keeps deadlines, so by default the SDK does not retry.
CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 2
REQUEST_S = CONNECT_TIMEOUT_S + READ_TIMEOUT_S

# botocore itself, not boto3: the same clients, and a tenth of the cold start less.
_session = get_session()


def client(service: str, *, region: str | None = None, attempts: int = 1) -> Any:
    """A client of `region`, or of the Region that the function runs in; the SDK itself tries `attempts` times."""
    return _session.create_client(
        service,
        region_name=region,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            tcp_keepalive=True,
        ),
    )
