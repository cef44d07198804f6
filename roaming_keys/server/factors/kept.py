"""The second factors of an account, as the database stores them: encrypted under the master key.

The known devices of such an account are those that have logged in since a factor was added. An earlier login proves
only the passphrase. Its device may belong to the thief against whom the factor was added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Select, bindparam, func, select, update

from roaming_keys.protocol.key_account import LoginMethod
from roaming_keys.protocol.messages.factors import FactorKind
from roaming_keys.server.database.tables import DEVICE, FACTOR, KEPT_FACTOR
from roaming_keys.server.factors.security_keys import SecurityKey
from roaming_keys.server.master_key import Sealed, ServerKeys

_USER: Final = "the_user"
# Made once, because SQLAlchemy needs longer to make a statement than to run it.
_FACTORS, _FACTORS_BEFORE_RESET = (
    select(table).where(table.c.user == bindparam(_USER)).order_by(table.c.created, table.c.id)
    for table in (FACTOR, KEPT_FACTOR)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSecret:
    """The secret of an authenticator app."""

    secret: bytes = field(repr=False)


Means = SharedSecret | SecurityKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFactor:
    """A factor. `counter` is the time step of its latest code, or its count of signatures. Times are in seconds."""

    id: str
    name: str
    means: Means
    counter: int
    created: float
    latest: float

    @property
    def kind(self) -> FactorKind:
        return kind_of(self.means)


def kind_of(means: Means) -> FactorKind:
    """Return the kind of a factor."""
    return FactorKind.TOTP if isinstance(means, SharedSecret) else FactorKind.WEBAUTHN


def read_factors(
    rows: Connection, keys: ServerKeys, user: str, *, method: LoginMethod = LoginMethod.PASSPHRASE
) -> list[KeptFactor]:
    """Return the factors that a user's logins of one kind need, the oldest first. Raises ServerKeyError."""
    factors = []
    for row in rows.execute(_FACTORS_BEFORE_RESET if method.is_undo else _FACTORS, {_USER: user}):
        content = json.loads(keys.unseal(Sealed.FACTOR, bytes(row.sealed), user))
        factors.append(
            KeptFactor(
                id=row.id,
                name=content["name"],
                means=_read_means(content),
                counter=row.counter,
                created=row.created,
                latest=row.latest,
            )
        )
    return factors


def write_content(name: str, means: Means) -> bytes:
    """Return the factor as the bytes to encrypt."""
    members = (
        {"secret": means.secret.hex()}
        if isinstance(means, SharedSecret)
        else {
            "credential_id": means.credential_id.hex(),
            "public_key": means.public_key.hex(),
            "host": means.host,
        }
    )
    return json.dumps({"name": name, **members}).encode()


def _read_means(content: Mapping[str, str]) -> Means:
    if "secret" in content:
        return SharedSecret(secret=bytes.fromhex(content["secret"]))
    return SecurityKey(
        credential_id=bytes.fromhex(content["credential_id"]),
        public_key=bytes.fromhex(content["public_key"]),
        host=content["host"],
    )


def known_tokens(user: str) -> Select[tuple[bytes]]:
    """Return the query for the hashes of the tokens of a user's known devices."""
    oldest_factor = select(func.min(FACTOR.c.created)).where(FACTOR.c.user == user).scalar_subquery()
    return select(DEVICE.c.token).where(DEVICE.c.user == user, DEVICE.c.latest >= oldest_factor)


def knows_device(rows: Connection, user: str, token_hash: bytes) -> bool:
    """Return whether the device with this token has logged in since a factor was added, or has added a factor."""
    return rows.execute(known_tokens(user).where(DEVICE.c.token == token_hash)).first() is not None


def remember_use(rows: Connection, device: str, now: float) -> None:
    """Note that a factor was added on a device."""
    rows.execute(update(DEVICE).where(DEVICE.c.id == device).values(latest=now))
