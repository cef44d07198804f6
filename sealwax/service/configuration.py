"""Settings of every service: its origin, the proxies in front of it, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit


def now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


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
    """Return whether a checked origin is reached with TLS."""
    return origin.startswith("https://")
