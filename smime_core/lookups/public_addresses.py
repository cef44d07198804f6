"""Which addresses stand on the public Internet, so that no certificate can point at a machine behind a firewall."""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # RFC 4291 section 2.4, all that IANA gives out
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1


def is_public(address: Address) -> bool:
    """Whether anybody could reach this address; for IPv6 forms that carry an IPv4 address that one decides.

    Left out are private, shared, loopback, link-local, documentation and multicast addresses (the IANA registries of
    special-purpose addresses, RFC 6890) and tunnels whose end nobody can know (Teredo).
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(address.packed[12:])
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_UNICAST and address.is_global and address.teredo is None
