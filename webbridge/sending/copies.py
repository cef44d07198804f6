"""The copy of a sent message in the folder for sent mail: kept, not kept, or deleted after some days.

A person chooses for all messages or for one message. The database has the choice for all messages, with a hash of the
account. It also has the time until which the folder may have copies that are deleted after some days. The table names
no message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, select, update

from sealwax.service import Database, ServiceError
from sealwax.service.database import insert_into
from webbridge.database.tables import SENT_COPY
from webbridge.gateway.imap_expiry import MAX_DAYS

_DAY_SECONDS: Final = 24 * 60 * 60
# A copy is deleted at most one day after its last whole day, and the mail server may be in another time zone.
_SLACK_DAYS: Final = 3
_KEPT: Final = "kept"
_NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class CopyWish:
    """Whether a sent message gets a copy, and after how many days the copy is deleted. Without days the copy stays."""

    is_wanted: bool = True
    days: int | None = None


KEEP: Final = CopyWish()
KEEP_NONE: Final = CopyWish(is_wanted=False)


def read_wish(value: object) -> CopyWish:
    """Return the wish from the JSON value true, false or a number of days. Raises ServiceError."""
    if isinstance(value, bool):
        return KEEP if value else KEEP_NONE
    if isinstance(value, int) and 1 <= value <= MAX_DAYS:
        return CopyWish(days=value)
    raise ServiceError(400, "bad-request", f"The member copy is true, false, or a number of days from 1 to {MAX_DAYS}.")


def render_wish(wish: CopyWish) -> bool | int:
    """Return a wish for JSON."""
    return wish.is_wanted if wish.days is None else wish.days


# Made once, because making a statement takes longer than running it.
_IS: Final = SENT_COPY.c.account == bindparam("of_account")
_FIND_CHOICE: Final = select(SENT_COPY.c.choice).where(_IS)
_FIND_END: Final = select(SENT_COPY.c.ends_until).where(_IS)


class CopyChoices:
    """The choices of one bridge's accounts."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def of(self, account: str) -> CopyWish:
        """Return the choice of an account for all its messages. Without a choice, copies stay."""
        with self._database.reading() as rows:
            choice = rows.execute(_FIND_CHOICE, {"of_account": _hashed(account)}).scalar_one_or_none()
        return KEEP if choice is None else _read(choice)

    def choose(self, account: str, wish: CopyWish) -> None:
        """Note the choice of an account."""
        self._write(account, choice=_write(wish))

    def expect_end(self, account: str, days: int) -> None:
        """Note that the account will have a copy that is deleted after `days` days."""
        until = self._clock().timestamp() + (days + _SLACK_DAYS) * _DAY_SECONDS
        mine = SENT_COPY.c.account == _hashed(account)
        self._write(account)
        with self._database.transaction(durable=False) as rows:
            rows.execute(update(SENT_COPY).where(mine, SENT_COPY.c.ends_until < until).values(ends_until=until))

    def may_have_ends(self, account: str) -> bool:
        """Return whether the account may have copies that must be deleted some day."""
        with self._database.reading() as rows:
            return bool(rows.execute(_FIND_END, {"of_account": _hashed(account)}).scalar_one_or_none())

    def were_deleted(self, account: str) -> None:
        """Note that the due copies are deleted. If no later copy is expected, the account has none to delete."""
        mine = SENT_COPY.c.account == _hashed(account)
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            rows.execute(update(SENT_COPY).where(mine, SENT_COPY.c.ends_until < at).values(ends_until=0.0))

    def _write(self, account: str, **values: str) -> None:
        row = {"account": _hashed(account), "choice": _KEPT, "ends_until": 0.0, **values}
        with self._database.transaction(durable=False) as rows:
            made = insert_into(rows, SENT_COPY).values(row)
            if values:
                rows.execute(made.on_conflict_do_update(index_elements=["account"], set_=values))
            else:
                rows.execute(made.on_conflict_do_nothing())


def _write(wish: CopyWish) -> str:
    return str(wish.days or (_KEPT if wish.is_wanted else _NONE))


def _read(choice: str) -> CopyWish:
    return {_KEPT: KEEP, _NONE: KEEP_NONE}.get(choice) or CopyWish(days=int(choice))


def _hashed(account: str) -> bytes:
    return sha256(f"sealwax sent copy\0{account.casefold()}".encode()).digest()
