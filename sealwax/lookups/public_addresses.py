"""Addresses of the public Internet. Only these are asked, so no certificate leads us to a machine behind a firewall.

The networks below are those of the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), as of 2025-10,
that are not globally reachable. The module `ipaddress` includes some of them only in later versions of Python.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL_IPV4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network, RFC 791
            "10.0.0.0/8",  # private use, RFC 1918
            "100.64.0.0/10",  # shared, RFC 6598
            "127.0.0.0/8",  # loopback, RFC 1122
            "169.254.0.0/16",  # link-local, RFC 3927
            "172.16.0.0/12",  # private use, RFC 1918
            "192.0.0.0/24",  # IETF protocol assignments, RFC 6890
            "192.0.2.0/24",  # documentation, RFC 5737
            "192.88.99.0/24",  # 6to4 relays, RFC 7526, and 6a44, RFC 6751
            "192.168.0.0/16",  # private use, RFC 1918
            "198.18.0.0/15",  # benchmarks, RFC 2544
            "198.51.100.0/24",  # documentation, RFC 5737
            "203.0.113.0/24",  # documentation, RFC 5737
            "224.0.0.0/4",  # multicast, RFC 5771
            "240.0.0.0/4",  # reserved, RFC 1112, and broadcast, RFC 919
        ),
    )
)
# Inside 192.0.0.0/24: anycast for the Port Control Protocol (RFC 7723) and for TURN (RFC 8155).
_REACHABLE_IPV4: Final = frozenset(map(ipaddress.IPv4Address, ("192.0.0.9", "192.0.0.10")))
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # RFC 4291 section 2.4: all public addresses so far.
_SPECIAL_IPV6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            # IETF protocol assignments, RFC 2928. They include Teredo, whose endpoint is unknown. No authority has its
            # server in the few parts that are globally reachable.
            "2001::/23",
            "2001:db8::/32",  # documentation, RFC 3849
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1
# RFC 5214 section 6.1: an interface identifier with this prefix ends with an IPv4 address, in any network.
_ISATAP: Final = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def is_public(address: Address) -> bool:
    """Whether the address is reachable from everywhere. An IPv4 address inside an IPv6 address must be public too.

    A NAT64 prefix that a network has chosen itself (RFC 6052 section 2.2) looks like any public prefix and is not
    recognised.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address in _REACHABLE_IPV4 or not any(address in network for network in _SPECIAL_IPV4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(_last_ipv4(address))
    if address not in _GLOBAL_UNICAST or any(address in network for network in _SPECIAL_IPV6):
        return False
    return all(map(is_public, _carried(address)))


def _carried(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.packed[8:12] in _ISATAP:
        yield _last_ipv4(address)


def _last_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(address.packed[12:])
