"""Origins of web servers (RFC 6454), as browsers write them, and the hosts that are this machine."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_MAX_PORT: Final = 65_535
_DEFAULT_PORTS: Final = {"https": "443", "http": "80"}
# No character of an origin may end a source in a Content-Security-Policy. Host names beyond ASCII are in their DNS form
# (xn--).
_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
)


def check_origin(origin: str) -> None:
    """Check that an origin is scheme, host and port, as browsers write them. Plain HTTP needs a loopback host.

    Raises ValueError.
    """
    written = _ORIGIN.fullmatch(origin)
    if written is None or int(written["port"] or 0) > _MAX_PORT:
        raise ValueError(f"{origin!r} is not an origin: write it as https://mail.example.org")
    if written["port"] == _DEFAULT_PORTS[written["scheme"]]:
        raise ValueError(f"{origin!r} is not an origin as browsers write it: leave out the default port")
    if written["scheme"] != "https" and not is_loopback(written["host"].strip("[]")):
        raise ValueError(f"{origin!r} is an origin without HTTPS: use https, or a loopback host")


def is_loopback(host: str) -> bool:
    """Whether a host (a name, or an address without brackets) is this machine, without a query to the DNS.

    RFC 6761 section 6.3.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
