"""The name of a client in the counters: an IPv4 address, or a network of IPv6 addresses."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def client_network(address: str | None) -> str:
    """Return the IPv4 address, the /64 network of an IPv6 address, or `unknown` if there is no address.

    A provider assigns a whole /64 to one customer, who could use a new address for each request.
    """
    return _network(address, ipv6_prefix=64)


def client_site(address: str | None) -> str:
    """Return the IPv4 address, the /48 network of an IPv6 address, or `unknown` if there is no address.

    One customer may have a /48 (RFC 6177 section 2), and could use each of its 65,536 networks once.
    """
    return _network(address, ipv6_prefix=48)


def _network(address: str | None, *, ipv6_prefix: int) -> str:
    """Return the network of an address.

    A listener for both protocols sees IPv4 clients as IPv6 addresses in one /64 (RFC 4291 section 2.5.5.2), so these
    addresses are converted back to IPv4.
    """
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ip_network((parsed, ipv6_prefix), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)
