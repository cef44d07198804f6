"""The URLs of push services that browsers name (RFC 8030 section 5). Anyone who is signed in can name any URL.

So only https is accepted, only hosts that the operator allows, and only port 443 or a port that the operator writes
with the host. A URL is checked again before each message, because the operator may have changed the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

PUSH_HOSTS: Final = (
    "fcm.googleapis.com",  # Chrome, and other browsers made of Chromium
    "updates.push.services.mozilla.com",  # Firefox
    "*.push.apple.com",  # Safari
    "*.notify.windows.com",  # Edge
)
MAX_ENDPOINT_CHARACTERS: Final = 1024  # The bridge's limit. The URLs of the services above have up to 600.
_PORT: Final = 443
_BELOW: Final = "*."
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_ALLOWED: Final = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?")


class EndpointRefused(ValueError):
    """The URL does not belong to a push service that the operator allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The URL of one subscription. `origin` is the origin of its push service."""

    url: str
    origin: str


def check_push_host(host: str) -> None:
    """Check an entry of the operator's list: a host, perhaps with a port, or `*.` and a domain. Raises ValueError."""
    if len(host) > 255 or _ALLOWED.fullmatch(host) is None:
        raise ValueError("a host in small letters is expected, as push.example.org, or *.example.org for all below it")


def read_endpoint(url: str, hosts: Iterable[str]) -> Endpoint:
    """Return the endpoint of a subscription. Raises EndpointRefused."""
    # urlsplit drops tabs and line breaks, and some programs read a backslash as a slash. So these are refused first.
    if len(url) > MAX_ENDPOINT_CHARACTERS or not all(
        "!" <= character <= "~" and character != "\\" for character in url
    ):
        raise EndpointRefused("the address has characters that no address of a push service has, or is too long")
    try:
        parts = urlsplit(url)
        port = _PORT if parts.port is None else parts.port
    except ValueError:
        raise EndpointRefused("the address is no URL") from None
    host = parts.hostname or ""
    if parts.scheme != "https" or "@" in parts.netloc or "#" in url:
        raise EndpointRefused("the address is not https, names a user, or has a fragment")
    if _NAME.fullmatch(host) is None or not any(_is_allowed(host, port, allowed) for allowed in hosts):
        raise EndpointRefused("the operator does not allow this push service")
    origin = f"https://{host}" if port == _PORT else f"https://{host}:{port}"
    return Endpoint(url=url, origin=origin)


def _is_allowed(host: str, port: int, allowed: str) -> bool:
    name, _, own_port = allowed.partition(":")
    if port != (int(own_port) if own_port else _PORT):
        return False
    if name.startswith(_BELOW):
        return host.endswith(name.removeprefix("*")) and len(host) >= len(name)
    return host == name
