"""Known devices: browsers in which somebody has signed in to an account before.

A device has a random token in a cookie. For each account, the table has a hash of token and account together. So the
table reveals neither tokens nor which accounts share a device. Logins from a known device are counted separately
(`counter`), so the failures of others do not keep the account's owner out. A token gives access to nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, delete, select

from sealwax.service import CLOCK_SLACK_SECONDS, Database
from sealwax.service.database import insert_into
from webbridge.database.tables import DEVICE

KEPT_SECONDS: Final = 180 * 24 * 60 * 60
MAX_PER_ACCOUNT: Final = 20
_TOKEN_BYTES: Final = 32
_TOKEN_CHARACTERS: Final = len(secrets.token_urlsafe(_TOKEN_BYTES))


# These statements are made once, because making one takes longer than running it. Parameters that have the name of a
# column are new values.
_FIND: Final = select(DEVICE.c.used_at).where(DEVICE.c.device == bindparam("of_device"))
_BY_USE: Final = (
    select(DEVICE.c.device).where(DEVICE.c.account == bindparam("of_account")).order_by(DEVICE.c.used_at.desc())
)
_FORGET_BEYOND: Final = delete(DEVICE).where(
    DEVICE.c.device.in_(_BY_USE.offset(MAX_PER_ACCOUNT).limit(MAX_PER_ACCOUNT))
)


class KnownDevices:
    """The known devices of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        noted = insert_into(database, DEVICE)
        self._note = noted.on_conflict_do_update(index_elements=["device"], set_={"used_at": noted.excluded.used_at})

    def knows(self, token: str, account: str) -> bool:
        """Return whether somebody has signed in to the account with this token within KEPT_SECONDS."""
        at = self._clock().timestamp()
        with self._database.reading() as rows:
            used_at = rows.execute(_FIND, {"of_device": _device(token, account)}).scalar_one_or_none()
        return used_at is not None and at - KEPT_SECONDS < used_at <= at + CLOCK_SLACK_SECONDS

    def remember(self, token: str, account: str) -> str:
        """Note that the device has signed in to the account. Return its token, which is new if it had none."""
        device_token = token if len(token) == _TOKEN_CHARACTERS else secrets.token_urlsafe(_TOKEN_BYTES)
        at = self._clock().timestamp()
        owner = _hashed("account", account.casefold())
        row = {"device": _device(device_token, account), "account": owner, "used_at": at}
        with self._database.transaction(durable=False) as rows:
            rows.execute(self._note, row)
            rows.execute(_FORGET_BEYOND, {"of_account": owner})
        return device_token

    def forget_old(self) -> None:
        """Delete the devices that nobody has used for long, and devices with a time in the future."""
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            for is_dead in (DEVICE.c.used_at <= at - KEPT_SECONDS, DEVICE.c.used_at > at + CLOCK_SLACK_SECONDS):
                rows.execute(delete(DEVICE).where(is_dead))


def _device(token: str, account: str) -> bytes:
    return _hashed("device", token, account.casefold())


def _hashed(*parts: str) -> bytes:
    return sha256("\0".join(("sealwax device", *parts)).encode("utf-8", "replace")).digest()
