"""Sends the notices to owners of keys."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from roaming_keys.server.notices.mail import Letterhead, write_mail
from roaming_keys.server.notices.outbox import Notice, OwnerOutbox
from sealwax.notices.outbox import Attempt
from sealwax.notices.sending import GIVEN_UP, NoticeSender, Undeliverable
from sealwax.notices.submission import MailFailed, Submission
from sealwax.service import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesByMail:
    """The mail server that accepts the notices, and the letterhead of their mails."""

    submission: Submission
    head: Letterhead


class OwnerNoticeSender(NoticeSender[Notice]):
    """Sends the notices in the key server's database."""

    def __init__(self, database: Database, by_mail: NoticesByMail, clock: Callable[[], datetime.datetime]) -> None:
        super().__init__(OwnerOutbox(database), by_mail.submission, by_mail.head.sender, clock)
        self._head = by_mail.head

    def _write(self, attempt: Attempt[Notice]) -> bytes:
        if self._is_too_old(attempt):
            raise Undeliverable(GIVEN_UP)
        return write_mail(attempt, self._head)

    def _is_final(self, failure: MailFailed) -> bool:
        """Return False to try again: nobody else would tell the owner, and the operator may repair the mail server."""
        return False
