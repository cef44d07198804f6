"""The messages of POP3 mailboxes that their readers have retrieved, and that are to be deleted after some days.

POP3 has no flags, so the database notes such messages. A note has a hash of the account, a hash of the message's unique
id (RFC 1939 section 7), and the time when the message is due. If nobody signs in to an account for a while, its notes
are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import delete, select

from sealwax.service import Database
from sealwax.service.database import insert_into
from webbridge.database.tables import RETRIEVED

MAX_DAYS: Final = 365
MAX_DUE_AT_ONCE: Final = 10_000
_DAY_SECONDS: Final = 24 * 60 * 60
_FORGOTTEN_SECONDS: Final = 365 * _DAY_SECONDS


class Retrieved:
    """The notes of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def note(self, account: str, messages: Sequence[bytes], *, days: int) -> None:
        """Note messages with the hashes of their unique ids. A later note about a message replaces the earlier note."""
        at = self._clock().timestamp()
        due_at = at + days * _DAY_SECONDS
        named = _hashed(account)
        with self._database.transaction(durable=False) as rows:
            rows.execute(delete(RETRIEVED).where(RETRIEVED.c.due_at <= at - _FORGOTTEN_SECONDS))
            for message in messages:
                noted = insert_into(rows, RETRIEVED).values(account=named, message=message, due_at=due_at)
                rows.execute(
                    noted.on_conflict_do_update(index_elements=["account", "message"], set_={"due_at": due_at})
                )

    def due(self, account: str) -> list[bytes]:
        """Return the messages of an account that are due now."""
        is_due = RETRIEVED.c.account == _hashed(account), RETRIEVED.c.due_at <= self._clock().timestamp()
        with self._database.reading() as rows:
            messages = rows.execute(select(RETRIEVED.c.message).where(*is_due).limit(MAX_DUE_AT_ONCE)).scalars()
            return [bytes(message) for message in messages]

    def forget(self, account: str, messages: Sequence[bytes]) -> None:
        """Drop the notes of messages that are deleted."""
        named = _hashed(account)
        with self._database.transaction(durable=False) as rows:
            for message in messages:
                rows.execute(delete(RETRIEVED).where(RETRIEVED.c.account == named, RETRIEVED.c.message == message))


def _hashed(account: str) -> bytes:
    return sha256(f"sealwax retrieved\0{account.casefold()}".encode()).digest()
