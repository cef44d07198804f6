"""The cookies of a browser: one for each session, and one for the device. A session is for one signed-in account.

The name of a session's cookie ends with the id of its account. A request of the pages names its account: the address in
the header `X-Sealwax-Account`, or the id in the query. The request gets only the session of this account. So a tab of
one account cannot use the session of another account, even if one browser has both sessions.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Request, Response

from webbridge.login.devices import KEPT_SECONDS

ACCOUNT_HEADER: Final = "X-Sealwax-Account"
"""A percent-encoded address: of the page's account in a request, of the session's account in an answer."""
ACCOUNT_QUERY: Final = "account"
"""The id of the page's account. A header would cost a preflight for each read, and streams have no headers."""
MAX_ACCOUNTS: Final = 5
"""The accounts that are signed in in one browser at the same time."""
_MAX_COOKIES: Final = 2 * MAX_ACCOUNTS  # The cookies of ended sessions stay in the browser until its next request.
_MAX_ADDRESS_BYTES: Final = 1024
_ID: Final = re.compile("[0-9a-f]{32}")
_ID_DIGITS: Final = 32
_KEY_LABEL: Final = b"sealwax bridge account ids 1"
_READING_METHODS: Final = frozenset({"GET", "HEAD"})


class AccountIds:
    """Makes the ids of accounts for cookies and URLs.

    Without the bridge's secret, nobody can compute an address's id.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_KEY_LABEL).derive(secret)

    def id_of(self, address: str) -> str:
        """Return the id of the account with this address."""
        return hmac.digest(self._key, address.encode(), sha256).hex()[:_ID_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookie:
    """The cookies of sessions, whose names begin with `name`. If `is_secure`, browsers send them only over HTTPS."""

    name: str
    is_secure: bool
    path: str = "/"

    def name_for(self, account: str) -> str:
        """Return the name of the cookie for the account with this id."""
        return f"{self.name}-{account}"

    def accounts_in(self, request: Request) -> list[str]:
        """Return the ids of the accounts for which a request has a cookie. Their sessions may have ended."""
        start = f"{self.name}-"
        ids = (name.removeprefix(start) for name, value in request.cookies.items() if name.startswith(start) and value)
        return [account for account in ids if _ID.fullmatch(account)][:_MAX_COOKIES]

    def value_in(self, request: Request, account: str) -> str:
        """Return the value of the account's cookie that a request has, or an empty text."""
        return request.cookies.get(self.name_for(account), "")

    def set_in(self, response: Response, account: str, value: str) -> None:
        """Set the account's cookie until the browser is closed, for this host only, and hidden from scripts."""
        response.set_cookie(
            self.name_for(account), value, secure=self.is_secure, httponly=True, samesite="Strict", path=self.path
        )

    def delete_in(self, response: Response, account: str) -> None:
        """Delete the account's cookie in the browser."""
        response.delete_cookie(
            self.name_for(account), secure=self.is_secure, httponly=True, samesite="Strict", path=self.path
        )

    @property
    def device_name(self) -> str:
        """The name of the cookie that holds the token of a known device."""
        return f"{self.name}-device"

    def device_in(self, request: Request) -> str:
        """Return the token of the device that a request comes from, or an empty text."""
        return request.cookies.get(self.device_name, "")

    def set_device_in(self, response: Response, token: str) -> None:
        """Let the browser keep the token of the device for a long time."""
        response.set_cookie(
            self.device_name,
            token,
            max_age=KEPT_SECONDS,
            secure=self.is_secure,
            httponly=True,
            samesite="Strict",
            path=self.path,
        )


HTTPS_COOKIE: Final = SessionCookie(name="__Host-sealwax", is_secure=True)
LOOPBACK_COOKIE: Final = SessionCookie(name="sealwax", is_secure=False)
"""Cookies for plain HTTP, which `check_origin` allows on loopback only. WebKit sends no Secure cookie there."""


def named_account(request: Request, *, cookie: SessionCookie, ids: AccountIds) -> str:
    """Return the id of the account that a request of the pages names, or an empty text if it does not name exactly one.

    A request that only reads may name no account, if the browser has only one. Older versions of the pages do so. A
    request that changes something has to name its account. So a tab cannot act for another account after a sign-out.
    """
    named = set()
    if (address := request.headers.get(ACCOUNT_HEADER)) is not None:
        named.add(ids.id_of(unquote(address[:_MAX_ADDRESS_BYTES])))
    named.update(request.args.getlist(ACCOUNT_QUERY))
    if not named and request.method in _READING_METHODS:
        named.update(cookie.accounts_in(request))
    only = named.pop() if len(named) == 1 else ""
    return only if _ID.fullmatch(only) else ""
