"""The tokens of programs that send parcels for an account. A token has 256 random bits. The database has only its hash.

With a token, a program sends parcels from one address, and lists, changes and withdraws them, until the token expires
or is revoked. A token opens no mailbox.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from sealwax.service import Database, ServiceError
from sealwax.service.database import insert_into
from webbridge.database.tables import PARCEL_TOKEN
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.limits import MAX_NAME_CHARACTERS, MAX_TOKEN_DAYS, MAX_TOKENS
from webbridge.delivery.members import number, text
from webbridge.delivery.parcels import DAY_SECONDS


def _is_name(name: str) -> bool:
    # The name is the last part of the URL for revoking the token.
    is_path = "/" in name or name in (".", "..")
    return bool(name.strip()) and name.isprintable() and len(name) <= MAX_NAME_CHARACTERS and not is_path


NAME: Final = text(
    "name",
    _is_name,
    f"The name of a token is a text of at most {MAX_NAME_CHARACTERS} characters, without a slash, and is no folder.",
    {"maxLength": MAX_NAME_CHARACTERS},
)
DAYS: Final = number("days", 1, MAX_TOKEN_DAYS)
_PREFIX: Final = "swp_"
_TOKEN_BYTES: Final = 32
_MAX_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedToken:
    """A token without its value."""

    name: str
    created_at: float
    expires_at: float


class TokenRefused(
    FixedError, status=401, code="token-refused", text="This token does not count any more. Ask for a new one."
):
    """The token is unknown, revoked or expired."""


# The number of an advisory lock of PostgreSQL for new tokens, because an account without a token has no row to lock. On
# SQLite, BEGIN IMMEDIATE keeps other writers out.
_LOCK_NUMBER: Final = 0x5EA1_70CE
_LOCK: Final = select(func.pg_advisory_xact_lock(_LOCK_NUMBER))
_FIND: Final = select(PARCEL_TOKEN).where(PARCEL_TOKEN.c.token == bindparam("of_token"))
_OF_ADDRESS: Final = (
    select(PARCEL_TOKEN)
    .where(PARCEL_TOKEN.c.address == bindparam("of_address"))
    .order_by(PARCEL_TOKEN.c.created_at, PARCEL_TOKEN.c.name)
)
_COUNT: Final = select(func.count()).select_from(PARCEL_TOKEN).where(PARCEL_TOKEN.c.address == bindparam("of_address"))
_REVOKE: Final = delete(PARCEL_TOKEN).where(
    PARCEL_TOKEN.c.address == bindparam("of_address"), PARCEL_TOKEN.c.name == bindparam("of_name")
)
_FORGET: Final = delete(PARCEL_TOKEN).where(PARCEL_TOKEN.c.expires_at <= bindparam("now"))


class Tokens:
    """The tokens of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._add = insert_into(database, PARCEL_TOKEN).on_conflict_do_nothing().returning(PARCEL_TOKEN.c.name)

    def make(self, address: str, name: str, days: int) -> str:
        """Return a new token, which is shown once. `name` was read by the member NAME. Raises ServiceError."""
        at = self._clock().timestamp()
        token = _PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        row = {
            "token": _hashed(token),
            "address": address,
            "name": name,
            "created_at": at,
            "expires_at": at + days * DAY_SECONDS,
        }
        with self._database.transaction() as rows:
            # With the lock, tokens that are made at the same time are counted one after another.
            if self._database.is_postgresql:
                rows.execute(_LOCK)
            rows.execute(_FORGET, {"now": at})
            if int(rows.execute(_COUNT, {"of_address": address}).scalar_one()) >= MAX_TOKENS:
                raise ServiceError(409, "too-many-tokens", f"You have {MAX_TOKENS} tokens. Revoke one of them.")
            if rows.execute(self._add, row).first() is None:
                raise ServiceError(409, "name-used", "You have a token of this name. Choose another name.")
        return token

    def list(self, address: str) -> list[ListedToken]:
        """Return the tokens of an account, the oldest first."""
        at = self._clock().timestamp()
        with self._database.reading() as rows:
            token_rows = rows.execute(_OF_ADDRESS, {"of_address": address}).all()
        return [
            ListedToken(name=row.name, created_at=row.created_at, expires_at=row.expires_at)
            for row in token_rows
            if row.expires_at > at
        ]

    def revoke(self, address: str, name: str) -> None:
        """Delete a token, if there is one of this name."""
        if not _is_name(name):
            return  # Other texts name no token, and PostgreSQL refuses some.
        with self._database.transaction() as rows:
            rows.execute(_REVOKE, {"of_address": address, "of_name": name})

    def address_of(self, token: str) -> str:
        """Return the address that a token sends for. Raises TokenRefused."""
        if len(token) > _MAX_CHARACTERS or not token.isascii():
            raise TokenRefused
        hashed = _hashed(token)
        with self._database.reading() as rows:
            row = rows.execute(_FIND, {"of_token": hashed}).first()
        # An attacker cannot choose a token whose hash begins like a stored one. The comparison takes constant time
        # anyway.
        if row is None or not hmac.compare_digest(bytes(row.token), hashed):
            raise TokenRefused
        if row.expires_at <= self._clock().timestamp():
            raise TokenRefused
        return str(row.address)


def _hashed(token: str) -> bytes:
    return sha256(f"sealwax parcel token\0{token}".encode()).digest()
