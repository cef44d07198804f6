"""The deletion of messages whose days are over: copies of sent messages, and those retrieved by POP3.

The bridge has access to an account only while a session lives, so it deletes these messages at a sign-in. A failure is
logged, and the next sign-in tries again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date

from sealwax.service import DatabaseUnavailable
from webbridge.gateway import ConnectionPool, GatewayError, MailConnection
from webbridge.gateway.imap_expiry import MAX_AT_ONCE
from webbridge.login.sessions import Session
from webbridge.retrieved import Retrieved
from webbridge.sending.copies import CopyChoices

_log = logging.getLogger(__name__)


def delete_due_copies(
    session: Session, *, pool: ConnectionPool, copies: CopyChoices, today: date, tell_changed: Callable[[str], None]
) -> None:
    """Delete the copies of sent messages whose days are over."""

    def delete(connection: MailConnection) -> tuple[str, int]:
        folder = connection.sent_folder()
        return folder, connection.delete_due(folder, today)

    def delete_and_note() -> None:
        folder, count = pool.run_once(session.id, session.credentials, delete)
        if count < MAX_AT_ONCE:
            copies.were_deleted(session.address)
        if count:
            tell_changed(folder)

    _try(delete_and_note)


def delete_retrieved(session: Session, messages: list[bytes], *, pool: ConnectionPool, retrieved: Retrieved) -> None:
    """Delete the retrieved messages that are due."""

    def delete_and_note() -> None:
        due_messages = frozenset(messages)
        pool.run_once(session.id, session.credentials, lambda connection: connection.delete_retrieved(due_messages))
        retrieved.forget(session.address, messages)

    _try(delete_and_note)


def _try(delete_and_note: Callable[[], None]) -> None:
    try:
        delete_and_note()
    except GatewayError as error:
        _log.warning("messages whose days are over were not deleted: %s", error.code.value)
    except DatabaseUnavailable:
        _log.warning("messages whose days are over were not deleted: the database is unavailable")
