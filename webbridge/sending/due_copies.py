"""The deletion of sent copies whose days are over, after their owner has signed in.

The bridge knows an account only while a session lives, so this is the first moment at which it can delete anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date

from sealwax.service import DatabaseUnavailable
from webbridge.gateway import ConnectionPool, GatewayError, MailConnection
from webbridge.gateway.imap_expiry import MAX_AT_ONCE
from webbridge.login.sessions import Session
from webbridge.sending.copies import CopyChoices

_log = logging.getLogger(__name__)


def delete_due_copies(
    session: Session, *, pool: ConnectionPool, copies: CopyChoices, today: date, tell_changed: Callable[[str], None]
) -> None:
    """Delete the due copies of an account. A failure is logged, and the next sign-in tries again."""

    def delete(connection: MailConnection) -> tuple[str, int]:
        folder = connection.sent_folder()
        return folder, connection.delete_due(folder, today)

    try:
        folder, count = pool.run_once(session.id, session.credentials, delete)
        if count < MAX_AT_ONCE:
            copies.were_deleted(session.address)
    except GatewayError as error:
        _log.warning("copies whose days are over were not deleted: %s", error.code.value)
        return
    except DatabaseUnavailable:
        _log.warning("copies whose days are over were not deleted: the database is unavailable")
        return
    if count:
        tell_changed(folder)
