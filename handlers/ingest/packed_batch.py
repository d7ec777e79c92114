"""Packing a request's signals for the ingress bus."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from handlers.ingest.http import HttpRequest
from handlers.shared.contract import BATCH_TYPE, INGEST_SOURCE
from handlers.shared.packing import BILLING_CHUNK_BYTES, Entry, group, write
from handlers.shared.times import timestamp

_MAX_USER_AGENT = 512
# A client's address is truncated so far that it identifies nobody.
_V4_PREFIX_BITS, _V6_PREFIX_BITS = 24, 48


class PackedBatch(NamedTuple):
    """One entry for the ingress bus, and the places in the request of the signals in it."""

    entry: Entry
    places: list[int]


def envelope(request: HttpRequest, *, source: str, region: str, received_at: datetime) -> bytes:
    """What is common to the batches of a request, as JSON without its braces."""
    # Headers come from outside: a lone surrogate in one could not be written.
    user_agent = request.headers.get("user-agent", "")[:_MAX_USER_AGENT].encode("utf-8", "replace").decode()
    seen = {
        "source": source,
        "received_at": timestamp(received_at),
        "region": region,
        "client": {"network": network_of(request.address), "user_agent": user_agent or None},
    }
    return write(seen)[1:-1]


@lru_cache(maxsize=4096)
def network_of(address: str) -> str | None:
    """The /24 of an IPv4 address or the /48 of an IPv6 address; None for anything else."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = _V4_PREFIX_BITS if ip.version == 4 else _V6_PREFIX_BITS
    return str(ip_network((int(ip), bits), strict=False))


def pack(accepted: Mapping[int, bytes], common: bytes, new_id: Callable[[], str]) -> list[PackedBatch]:
    """Accepted signals in as few batches as fill one billing chunk each; a larger signal gets its own."""
    places, written = list(accepted), list(accepted.values())
    empty = Entry(INGEST_SOURCE, BATCH_TYPE, _detail("0" * 32, common, []))
    groups = group(
        [len(raw) + 1 for raw in written],  # with the comma before the next one,
        capacity=BILLING_CHUNK_BYTES - empty.size_bytes + 1,  # which the last one has not
    )
    return [
        PackedBatch(
            Entry(INGEST_SOURCE, BATCH_TYPE, _detail(new_id(), common, [written[index] for index in members])),
            [places[index] for index in members],
        )
        for members in groups
    ]


def _detail(batch_id: str, common: bytes, signals: Sequence[bytes]) -> str:
    return (b'{"batch_id":"%b",%b,"signals":[%b]}' % (batch_id.encode(), common, b",".join(signals))).decode()
