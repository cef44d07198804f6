"""Tickets: after a mail login, the bridge confirms to the key server that the user owns the address.

A ticket is base64url(claims) "." base64url(signature). The claims are JSON, and the signature is by the bridge's
Ed25519 key (RFC 8032) over a label and the claims. The key server has only the public key, so it can make no ticket.
Each ticket has an id and a purpose, and works once: to register, or for one step of a reset.
"""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from roaming_keys.protocol.key_account import encode_fields, normalise_user
from roaming_keys.protocol.messages.accounts import TicketClaims
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.text import read_base64url, read_ed25519, write_base64url

KEY_BYTES: Final = 32
LIFETIME: Final = datetime.timedelta(minutes=10)
_LABEL: Final = "ticket 2"
# The clocks of the bridge and the key server may differ by this much.
_SLACK: Final = datetime.timedelta(minutes=1)
_MAX_CHARACTERS: Final = 2_048
_ID_BYTES: Final = 16


class Purpose(StrEnum):
    """The purpose of a ticket: a registration or a reset."""

    ENROLMENT = "enrolment"
    RESET = "reset"


class BadTicket(SmimeError):
    """The ticket is damaged, expired or used, or it is for another user or server, or signed by another key.

    The error's text does not reveal the reason.
    """

    code = "bad-ticket"

    def __init__(self) -> None:
        super().__init__("the ticket is not valid: log in to the mail account again")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that was checked. The server has to remember it as used only until `ends`."""

    id: str
    ends: datetime.datetime


def public_key_of(key: bytes) -> bytes:
    """Return the public key to the bridge's secret key of 32 bytes. Raises ValueError."""
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def read_public_key(text: str) -> bytes:
    """Parse the public key of a bridge, in the form of `write_ed25519`. Raises ValueError."""
    try:
        return read_ed25519(text.strip())
    except ValueError:
        raise ValueError(
            "a key is expected as `sealwax bridge ticket-key` prints it: ed25519: and 43 characters"
        ) from None


def issue_ticket(
    key: bytes,
    *,
    audience: str,
    user: str,
    at: datetime.datetime,
    purpose: Purpose = Purpose.ENROLMENT,
    discovery_key: str | None = None,
) -> str:
    """Return a ticket of `user` for one purpose at the key server with the origin `audience`, valid for LIFETIME.

    `discovery_key` is the text of the key that signs the list of the domain's servers, for the client to pin.
    """
    claims = TicketClaims(
        audience=audience,
        user=normalise_user(user),
        purpose=purpose,
        issued=int(at.timestamp()),
        ends=int((at + LIFETIME).timestamp()),
        id=write_base64url(secrets.token_bytes(_ID_BYTES)),
        discovery_key=discovery_key,
    ).to_json()
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(_signed_bytes(claims))
    return f"{write_base64url(claims)}.{write_base64url(signature)}"


def check_ticket(
    public_key: bytes,
    ticket: str,
    *,
    audience: str,
    user: str,
    at: datetime.datetime,
    purpose: Purpose = Purpose.ENROLMENT,
) -> Ticket:
    """Return the ticket if it is valid for `user` and the purpose at the time `at`. Raises BadTicket.

    The caller checks that the ticket's id was not used before.
    """
    if len(ticket) > _MAX_CHARACTERS:
        raise BadTicket
    claims_text, _, signature_text = ticket.partition(".")
    try:
        claims_json, signature = read_base64url(claims_text), read_base64url(signature_text)
        # The signature is checked before the JSON, so that only text from the bridge is parsed.
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _signed_bytes(claims_json))
        claims = TicketClaims.from_json(claims_json)
    except (InvalidSignature, MalformedMessage, ValueError):
        raise BadTicket from None
    ends = datetime.datetime.fromtimestamp(claims.ends, datetime.UTC)
    issued = datetime.datetime.fromtimestamp(claims.issued, datetime.UTC)
    is_now = issued - _SLACK <= at < ends <= issued + LIFETIME
    if (claims.audience, claims.user, claims.purpose) != (audience, normalise_user(user), purpose) or not is_now:
        raise BadTicket
    return Ticket(claims.id, ends)


def _signed_bytes(claims: bytes) -> bytes:
    return encode_fields(_LABEL, claims)
