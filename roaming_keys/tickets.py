"""Enrolment tickets: the bridge, which saw a mail login succeed, tells the key server that a user owns an address.

A ticket is base64url(JSON of user and expiry) "." base64url(HMAC-SHA-256) under a key that both services share. It can
be used until it expires; a registered user refuses a second registration, so that one ticket registers once.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import hmac
import json

from roaming_keys.protocol import encode_fields, normalise_user
from smime_core.errors import SmimeError

MIN_KEY_BYTES = 32


class BadTicket(SmimeError):
    """The ticket is damaged, expired, made under another key or for another user; the text does not say which."""

    code = "bad-ticket"

    def __init__(self) -> None:
        super().__init__("the enrolment ticket does not hold: log in to the mail account again")


def issue_ticket(key: bytes, user: str, expires: datetime.datetime) -> str:
    """A ticket with which `user` may register until `expires` (aware). Raises ValueError for a short key."""
    claims = {"user": normalise_user(user), "expires": int(expires.timestamp())}
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return f"{_to_base64url(payload)}.{_to_base64url(_mac(key, payload))}"


def check_ticket(key: bytes, ticket: str, *, user: str, at: datetime.datetime) -> None:
    """Return when the ticket lets `user` register at the time `at`. Raises BadTicket."""
    payload_text, _, mac_text = ticket.partition(".")
    try:
        payload, mac = _from_base64url(payload_text), _from_base64url(mac_text)
    except (binascii.Error, ValueError):
        raise BadTicket from None
    # The MAC before the JSON: nothing that the bridge did not write is parsed.
    if not hmac.compare_digest(mac, _mac(key, payload)):
        raise BadTicket
    claims = json.loads(payload)
    if claims["user"] != normalise_user(user) or at.timestamp() >= claims["expires"]:
        raise BadTicket


def _mac(key: bytes, payload: bytes) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the ticket key has {len(key)} bytes, expected {MIN_KEY_BYTES} or more")
    return hmac.new(key, encode_fields("enrolment ticket", payload), hashlib.sha256).digest()


def _to_base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _from_base64url(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
