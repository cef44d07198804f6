"""Enrolment tickets: after a mail login, the bridge confirms to the key server that the user owns the address.

A ticket is base64url(JSON of user and expiry) "." base64url(HMAC-SHA-256) under a key that both services share. It can
be used until it expires. No user can be registered twice, so one ticket registers only once.
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
    """The ticket is damaged, expired, made under another key or for another user. The text does not reveal which."""

    code = "bad-ticket"

    def __init__(self) -> None:
        super().__init__("the enrolment ticket is not valid: log in to the mail account again")


def check_key(key: bytes) -> None:
    """Check that the ticket key is long enough. Raises ValueError."""
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the ticket key has {len(key)} bytes, expected {MIN_KEY_BYTES} or more")


def issue_ticket(key: bytes, user: str, expires: datetime.datetime) -> str:
    """Return a ticket with which `user` may register until `expires` (aware). Raises ValueError for a short key."""
    claims = {"user": normalise_user(user), "expires": int(expires.timestamp())}
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return f"{_to_base64url(payload)}.{_to_base64url(_mac(key, payload))}"


def check_ticket(key: bytes, ticket: str, user: str, at: datetime.datetime) -> None:
    """Return if the ticket lets `user` register at the time `at`. Raises BadTicket."""
    payload_text, _, mac_text = ticket.partition(".")
    try:
        payload, mac = _from_base64url(payload_text), _from_base64url(mac_text)
    except (binascii.Error, ValueError):
        raise BadTicket from None
    # The MAC is checked before the JSON, so that only text from the bridge is parsed.
    if not hmac.compare_digest(mac, _mac(key, payload)):
        raise BadTicket
    claims = json.loads(payload)
    if claims["user"] != normalise_user(user) or at.timestamp() >= claims["expires"]:
        raise BadTicket


def _mac(key: bytes, payload: bytes) -> bytes:
    check_key(key)
    return hmac.new(key, encode_fields("enrolment ticket", payload), hashlib.sha256).digest()


def _to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64url(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
