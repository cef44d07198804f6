"""The sender of a request: the bridge's own pages, or a browser extension whose origin the operator allows.

The pages have a cookie. An extension sends the token of its session as `Authorization: Sealwax <token>`, because it
would share a cookie with the pages. A session belongs either to the pages or to an extension. The pages cannot use the
token of an extension, and an extension cannot use the cookie of the pages.

Chromium 156 and Firefox 153 send `Origin` with an extension's POST, PUT and DELETE, but not with its GET to a site that
the person has granted. Such a GET has `Sec-Fetch-Site: none` in Chromium and `same-origin` in Firefox. A page of
another site cannot set these values. If such a page sends the header Authorization, its request needs a preflight, and
so always has the page's Origin (Fetch section 3.2).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from flask import Request

SCHEME: Final = "sealwax "
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_SITES_OF_EXTENSIONS: Final = frozenset({"none", "same-origin"})
# Chromium: 32 letters from a to p. Firefox: a UUID, which each installation chooses at random.
_EXTENSION_ORIGIN: Final = re.compile(
    r"chrome-extension://[a-p]{32}|moz-extension://[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


def check_extension_origin(origin: str) -> None:
    """Check that a text is the origin of a browser extension, as browsers write it. Raises ValueError."""
    if _EXTENSION_ORIGIN.fullmatch(origin) is None:
        example = "chrome-extension:// and 32 letters, or moz-extension:// and a UUID"
        raise ValueError(f"one of them is not the origin of an extension: {example}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of a request.

    `extension_origins` are the origins that the request may have: none for the pages, one for most requests of an
    extension, and all allowed origins if the browser sent no Origin. `token` is an extension's token, or empty.
    """

    extension_origins: frozenset[str] = frozenset()
    token: str = ""

    @property
    def is_extension(self) -> bool:
        """Whether an extension sends the request."""
        return bool(self.extension_origins)

    def may_use(self, session_origin: str) -> bool:
        """Return whether the caller may use a session of this origin. Sessions of the pages have an empty origin."""
        return session_origin in self.extension_origins if self.is_extension else not session_origin


PAGES: Final = Caller()


def find_extension(request: Request, allowed: Collection[str]) -> Caller | None:
    """Return the extension that sends a request, or None if no allowed extension sends it."""
    origin, token = request.headers.get("Origin"), token_in(request)
    if origin is not None:
        return Caller(extension_origins=frozenset({origin}), token=token) if origin in allowed else None
    is_readable = request.method in _SAFE_METHODS and request.headers.get("Sec-Fetch-Site") in _SITES_OF_EXTENSIONS
    return Caller(extension_origins=frozenset(allowed), token=token) if token and is_readable and allowed else None


def token_in(request: Request) -> str:
    """Return the token of a request's header Authorization, or an empty text."""
    header = request.headers.get("Authorization", "")
    return header[len(SCHEME) :].strip() if header[: len(SCHEME)].lower() == SCHEME else ""
