"""The SQL of sessions and devices, made once, because SQLAlchemy needs longer to make a statement than to run it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, exists, func, outerjoin, select, update

from roaming_keys.server.database.tables import (
    ACCOUNT,
    DEVICE,
    FACTOR,
    KEPT_FACTOR,
    RECORD,
    RESET,
    RESTRICTION,
    SESSION,
    USED,
    WAITING_LOGIN,
)
from sealwax.service import Database, insert_into

# The names of the parameters. They are not names of columns, which SQLAlchemy reserves for the values of an INSERT.
KEY, USER, DEVICE_ID, NUMBER = "the_key", "the_user", "the_device", "the_number"
NOW, LATEST, MOST = "now", "latest_allowed", "most"

_IS_SESSION: Final = SESSION.c.key == bindparam(KEY)
_IS_OWN_DEVICE: Final = DEVICE.c.user == bindparam(USER)
_OTHER_SESSIONS: Final = (SESSION.c.user == bindparam(USER), SESSION.c.key != bindparam(KEY))
_LATEST_SESSIONS: Final = (
    select(SESSION.c.key).where(*_OTHER_SESSIONS).order_by(SESSION.c.started.desc()).limit(bindparam(MOST))
)
_OTHER_DEVICES: Final = (_IS_OWN_DEVICE, DEVICE.c.id != bindparam(DEVICE_ID))
_LATEST_DEVICES: Final = (
    select(DEVICE.c.id).where(*_OTHER_DEVICES).order_by(DEVICE.c.latest.desc()).limit(bindparam(MOST))
)

FIND: Final = select(SESSION.c.user, SESSION.c.device, SESSION.c.started).where(
    _IS_SESSION, SESSION.c.ends > bindparam(NOW)
)
COUNT: Final = (
    update(SESSION)
    .where(_IS_SESSION, SESSION.c.counter < bindparam(NUMBER))
    .values(counter=bindparam(NUMBER))
    .returning(SESSION.c.key)
)
END_SESSIONS: Final = delete(SESSION).where((SESSION.c.ends <= bindparam(NOW)) | (SESSION.c.ends > bindparam(LATEST)))
END_OTHERS: Final = delete(SESSION).where(*_OTHER_SESSIONS)
END_WAITING: Final = delete(WAITING_LOGIN).where(WAITING_LOGIN.c.user == bindparam(USER))
DROP_SESSIONS: Final = delete(SESSION).where(*_OTHER_SESSIONS, SESSION.c.key.not_in(_LATEST_SESSIONS))
DROP_DEVICES: Final = delete(DEVICE).where(
    *_OTHER_DEVICES, DEVICE.c.id.not_in(_LATEST_DEVICES) | (DEVICE.c.latest < bindparam(NOW))
)
DEVICES: Final = (
    select(DEVICE.c.id, DEVICE.c.sealed_name, DEVICE.c.created, DEVICE.c.latest)
    .where(_IS_OWN_DEVICE)
    .order_by(DEVICE.c.latest.desc())
)
LOCK_ACCOUNT: Final = (
    select(ACCOUNT.c.sealed_login_key, ACCOUNT.c.sealed_recovery_key)
    .where(ACCOUNT.c.user == bindparam(USER))
    .with_for_update()
)
# The reasons why a login with a right signature may get no session. They are read in a separate statement, after the
# account is locked. On PostgreSQL, the statement that waits for the lock would read all other rows as they were before
# its wait.
HINDRANCES: Final = select(
    exists().where(RESTRICTION.c.user == bindparam(USER), RESTRICTION.c.disabled.is_not(None)).label("is_disabled"),
    exists().where(FACTOR.c.user == bindparam(USER)).label("has_factor"),
    exists().where(KEPT_FACTOR.c.user == bindparam(USER)).label("has_kept_factor"),
)
# Whether there are so many rows that the oldest ones must be deleted after an INSERT. Databases differ in whether they
# count the new row here, so the DELETE may come one row early.
_session, _device = SESSION.alias("other"), DEVICE.alias("other")
_HAS_MANY_SESSIONS: Final = (
    select(func.count() >= bindparam(MOST))
    .select_from(_session)
    .where(_session.c.user == bindparam(USER))
    .scalar_subquery()
    .label("has_many")
)
_HAS_DEVICES_TO_DROP: Final = (
    select((func.count() >= bindparam(MOST)) | (func.min(_device.c.latest) < bindparam(NOW)))
    .where(_device.c.user == bindparam(USER))
    .scalar_subquery()
    .label("has_some_to_drop")
)
_GOES_ON: Final = (RESET.c.user == RECORD.c.user) & (RESET.c.ends > bindparam(NOW))
RECORD_AND_RESET: Final = (
    select(RECORD.c.sealed, RESET.c.ready)
    .select_from(outerjoin(RECORD, RESET, _GOES_ON))
    .where(RECORD.c.user == bindparam(USER))
)
FORGET_USED: Final = delete(USED).where(USED.c.ends <= bindparam(NOW))


class SessionStatements:
    """The statements whose SQL differs between the kinds of databases."""

    def __init__(self, database: Database) -> None:
        used, session, device = (insert_into(database, table) for table in (USED, SESSION, DEVICE))
        self.use: Final = used.on_conflict_do_nothing().returning(USED.c.value)
        self.start: Final = session.on_conflict_do_nothing().returning(SESSION.c.key, _HAS_MANY_SESSIONS)
        again = {name: device.excluded[name] for name in ("sealed_name", "latest", "of_earlier_keys")}
        known = device.on_conflict_do_update(index_elements=["user", "token"], set_=again)
        self.remember: Final = known.returning(DEVICE.c.id, _HAS_DEVICES_TO_DROP)
