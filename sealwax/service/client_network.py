"""The name of a client in the counters: an IPv4 address, or the /64 network of an IPv6 address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def client_network(address: str | None) -> str:
    """Return the network of an address, or `unknown` if there is no address.

    A provider assigns a whole /64 to one customer, who could use a new address for each request. A listener for both
    protocols sees IPv4 clients as IPv6 addresses in one /64 (RFC 4291 section 2.5.5.2), so these addresses are
    converted back to IPv4.
    """
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ip_network((parsed, 64), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)
