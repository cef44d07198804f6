"""The address of a delivery service, and the links to parcels in its notices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from sealwax.http_client import DEFAULT_PORTS, ServiceAddress
from smime_core.errors import MalformedMessage
from smime_core.text import is_loopback

_MAX_URL_CHARACTERS: Final = 2_048
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_PAGE: Final = "/parcel.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLink:
    """A link to a parcel: the pages that it leads to, the parcel's id, and the six words if the link has them."""

    pages: ServiceAddress
    parcel_id: str
    words: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.pages}{_PAGE}#{self.parcel_id}"

    def with_words(self) -> str:
        """The link that opens the parcel without typing, because the six words are in its fragment."""
        words = quote((self.words or "").replace(" ", "-"), safe="-")
        return f"{self}.{words}" if words else str(self)


def parse_server(url: str) -> ServiceAddress:
    """The address in a URL without query and fragment. Raises MalformedMessage."""
    where = "address of the service"
    if len(url) > _MAX_URL_CHARACTERS or not all("!" <= character <= "~" for character in url):
        raise MalformedMessage("expected a URL", where)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise MalformedMessage("expected a URL", where) from None
    if not host or "@" in parts.netloc or parts.query or parts.fragment or parts.scheme not in DEFAULT_PORTS:
        raise MalformedMessage("expected a URL of scheme, host and path", where)
    if parts.scheme != "https" and not is_loopback(host):
        raise MalformedMessage("expected https, or http on this machine", where)
    if any(part in (".", "..") for part in parts.path.split("/")):
        raise MalformedMessage("expected a path without dots", where)
    return ServiceAddress(
        scheme=parts.scheme,
        host=host,
        port=DEFAULT_PORTS[parts.scheme] if port is None else port,
        prefix=parts.path.rstrip("/"),
    )


def parse_store_url(url: str, service: ServiceAddress) -> tuple[ServiceAddress, str]:
    """The server and the path in a URL to which a service redirects for an object.

    Raises MalformedMessage, also if the URL is on this machine and the service is on another machine.
    """
    where = "address of the store"
    base, _, query = url.partition("?")
    address = parse_server(base)
    if is_loopback(address.host) and not is_loopback(service.host):
        raise MalformedMessage("a service elsewhere names this machine", where)
    if not all("!" <= character <= "~" and character != "#" for character in query):
        raise MalformedMessage("expected a URL", where)
    path = urlsplit(base).path or "/"
    return replace(address, prefix=""), f"{path}?{query}" if query else path


def is_link(text: str) -> bool:
    """Whether the text is a URL, and not the name of a folder."""
    return text.lower().startswith(("https://", "http://"))


def parse_link(text: str) -> ParcelLink:
    """The link in a notice. No error quotes the link, because it may contain the six words. Raises MalformedMessage."""
    where = "link"
    base, separator, fragment = text.strip().partition("#")
    if not separator or not base.endswith(_PAGE):
        raise MalformedMessage(f"expected the link of a notice, with {_PAGE} and # in it", where)
    parcel_id, dot, words = fragment.partition(".")
    if not _ID.fullmatch(parcel_id):
        raise MalformedMessage("expected the 22 characters of a parcel's id after #", where)
    return ParcelLink(
        pages=parse_server(base.removesuffix(_PAGE)),
        parcel_id=parcel_id,
        words=unquote(words) if dot and words else None,
    )
