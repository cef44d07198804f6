"""Settings of every service: its origins, the proxies in front of it, and its clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from smime_core.text import is_loopback

_DEFAULT_PORTS = {"https": "443", "http": "80"}
# No character of an origin may end a source in a Content-Security-Policy. Host names beyond ASCII are in their DNS form
# (xn--).
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{0,4}))?"
)


def now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


def check_origin(origin: str) -> None:
    """Check that an origin is scheme, host and port, as browsers write them. Plain HTTP needs a loopback host.

    Raises ValueError.
    """
    written = _ORIGIN.fullmatch(origin)
    if written is None:
        raise ValueError(f"{origin!r} is not an origin: write it as https://mail.example.org")
    if written["port"] == _DEFAULT_PORTS[written["scheme"]]:
        raise ValueError(f"{origin!r} is not an origin as browsers write it: leave out the default port")
    if not is_https(origin) and not is_loopback(host_of(origin)):
        raise ValueError(f"{origin!r} is an origin without HTTPS: use https, or a loopback host")


def check_proxies(name: str, count: int) -> None:
    """Check the number of proxies in the setting `name`. Raises ValueError.

    With a negative number, the service would trust the first entries of the X-Forwarded headers, which any client can
    write.
    """
    if count < 0:
        raise ValueError(f"{name} is {count}, 0 or more is expected")


def host_of(origin: str) -> str:
    """Return the host of a checked origin, without its port."""
    return urlsplit(origin).hostname or ""


def is_https(origin: str) -> bool:
    """Return whether a checked origin is reached by TLS."""
    return origin.startswith("https://")
