"""A client's network: its address truncated so far that it identifies nobody."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

_V4_PREFIX_BITS = 24
_V6_PREFIX_BITS = 48


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
