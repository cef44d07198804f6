"""Who counts as one client where failed logins are counted: an IPv4 address, or a customer's network of IPv6."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def client_network(address: str | None) -> str:
    """Return the network that an address belongs to, and `unknown` where there is no address.

    A provider gives a whole /64 to one customer: counting single addresses there would count nothing. A listener for
    both protocols names IPv4 clients inside IPv6 (RFC 4291 section 2.5.5.2), where all of them are in one /64.
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
