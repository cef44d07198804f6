"""The key server's sessions and devices. A session belongs to one login, and a device to its token."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select, update

from roaming_keys.database.tables import DEVICE, SESSION, USED
from roaming_keys.wire import MAX_DEVICES
from sealwax.service import CLOCK_SLACK_SECONDS, Database
from sealwax.service.database import insert_into

LIFETIME: Final = datetime.timedelta(hours=1)
MAX_SESSIONS: Final = 20
FORGET_DEVICE_AFTER: Final = datetime.timedelta(days=400)
_ID_BYTES: Final = 16
_KEPT_AFTER_END: Final = datetime.timedelta(days=1)


class UsedBefore(Exception):
    """A ticket, nonce or call has been used already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The session of a call. `started` is the time of its login."""

    session_key: bytes
    user: str
    device: str
    started: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDevice:
    """A device of an account, with its name sealed by the server. The times are aware."""

    id: str
    sealed_name: bytes
    created: datetime.datetime
    latest: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A login that was right: the nonce that it used, and the device, known by the hash of its token."""

    user: str
    nonce: bytes
    nonce_ends: datetime.datetime
    key: bytes
    token_hash: bytes
    sealed_name: bytes


class SessionStore:
    """Sessions and devices, in the key server's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, new: NewSession, at: datetime.datetime) -> datetime.datetime:
        """Start a session and return its end. Raises UsedBefore if the nonce or the key was used before."""
        ends, now = at + LIFETIME, at.timestamp()
        with self._database.transaction(durable=False) as rows:
            use_once(rows, f"nonce {new.nonce.hex()}", new.nonce_ends, at)
            device = _remember_device(rows, new, at)
            started = insert_into(rows, SESSION).values(
                key=new.key, user=new.user, device=device, counter=0, started=now, ends=ends.timestamp()
            )
            if rows.execute(started.on_conflict_do_nothing().returning(SESSION.c.key)).first() is None:
                raise UsedBefore
            is_over = (SESSION.c.ends <= now) | (SESSION.c.started > now + CLOCK_SLACK_SECONDS)
            rows.execute(delete(SESSION).where(is_over))
            latest = select(SESSION.c.key).where(SESSION.c.user == new.user)
            latest = latest.where(SESSION.c.key != new.key)
            latest = latest.order_by(SESSION.c.started.desc()).limit(MAX_SESSIONS - 1)
            is_earlier = (SESSION.c.user == new.user, SESSION.c.key != new.key, SESSION.c.key.not_in(latest))
            rows.execute(delete(SESSION).where(*is_earlier))
        return ends

    def find(self, key: bytes, at: datetime.datetime) -> Caller | None:
        """Return the session with a public key, unless it has ended."""
        session = SESSION.c
        query = select(session.user, session.device, session.started)
        query = query.where(session.key == key, session.ends > at.timestamp())
        with self._database.reading() as rows:
            row = rows.execute(query).first()
        return row and Caller(session_key=key, user=row.user, device=row.device, started=_aware(row.started))

    def count(self, key: bytes, counter: int) -> None:
        """Note the number of a call. Raises UsedBefore if it is not larger than those before."""
        is_next = (SESSION.c.key == key, SESSION.c.counter < counter)
        counted = update(SESSION).where(*is_next).values(counter=counter)
        with self._database.transaction(durable=False) as rows:
            if rows.execute(counted.returning(SESSION.c.key)).first() is None:
                raise UsedBefore

    def devices(self, user: str) -> list[StoredDevice]:
        """Return the devices of a user, the latest first."""
        device = DEVICE.c
        query = select(device.id, device.sealed_name, device.created, device.latest).where(device.user == user)
        with self._database.reading() as rows:
            found = rows.execute(query.order_by(device.latest.desc())).all()
        return [
            StoredDevice(
                id=row.id,
                sealed_name=bytes(row.sealed_name),
                created=_aware(row.created),
                latest=_aware(row.latest),
            )
            for row in found
        ]

    def knows_device(self, user: str, token_hash: bytes) -> bool:
        """Return whether a user has logged in on the device with this token."""
        query = select(DEVICE.c.id).where(DEVICE.c.user == user, DEVICE.c.token == token_hash)
        with self._database.reading() as rows:
            return rows.execute(query).first() is not None


def use_once(rows: Connection, value: str, ends: datetime.datetime, at: datetime.datetime) -> None:
    """Note the use of something that ends. Raises UsedBefore."""
    # Kept for longer, because another process may have a clock that is behind.
    rows.execute(delete(USED).where(USED.c.ends <= (at - _KEPT_AFTER_END).timestamp()))
    used = insert_into(rows, USED).values(value=value, ends=ends.timestamp())
    if rows.execute(used.on_conflict_do_nothing().returning(USED.c.value)).first() is None:
        raise UsedBefore


def _remember_device(rows: Connection, new: NewSession, at: datetime.datetime) -> str:
    now = at.timestamp()
    used = {"sealed_name": new.sealed_name, "latest": now}
    device = insert_into(rows, DEVICE).values(
        id=os.urandom(_ID_BYTES).hex(), user=new.user, token=new.token_hash, created=now, **used
    )
    device = device.on_conflict_do_update(index_elements=["user", "token"], set_=used)
    id_ = rows.execute(device.returning(DEVICE.c.id)).scalar_one()
    is_own = DEVICE.c.user == new.user
    latest = select(DEVICE.c.id).where(is_own).order_by(DEVICE.c.latest.desc()).limit(MAX_DEVICES)
    rows.execute(delete(DEVICE).where(is_own, DEVICE.c.id.not_in(latest), DEVICE.c.id != id_))
    rows.execute(delete(DEVICE).where(is_own, DEVICE.c.latest < (at - FORGET_DEVICE_AFTER).timestamp()))
    return str(id_)


def _aware(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
