"""The known devices of an account with second factors: devices that have logged in since a factor was added.

An earlier login proves only the passphrase. Its device may belong to the thief against whom the factor was added.
"""

from __future__ import annotations

from sqlalchemy import Connection, Select, func, select, update

from roaming_keys.server.database.tables import DEVICE, FACTOR


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
