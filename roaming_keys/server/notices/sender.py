"""Sends the notices, in a thread of each process of the key server."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass

from roaming_keys.server.notices.mail import Letterhead, write_mail
from roaming_keys.server.notices.outbox import GIVEN_UP_AFTER, Notice, Outbox
from sealwax.notices.submission import MailFailed, Submission
from sealwax.notices.working import Worker
from sealwax.notices.writing import Unwritable
from sealwax.service.metrics import count_notice

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesByMail:
    """The mail server that accepts the notices, and the letterhead of their mails."""

    submission: Submission
    head: Letterhead


class NoticeSender:
    """Sends what is due, one notice after another, until it is stopped."""

    def __init__(self, outbox: Outbox, by_mail: NoticesByMail, clock: Callable[[], datetime.datetime]) -> None:
        self._outbox = outbox
        self._by_mail = by_mail
        self._clock = clock
        self._worker = Worker(self.send_due)

    def start(self) -> None:
        """Begin to send. The process must not fork any more."""
        self._worker.start()

    def stop(self) -> None:
        """End after the notice that is being sent. If this takes too long, another process sends it again."""
        self._worker.stop()

    def send_due(self) -> None:
        """Send what is due. Raises DatabaseUnavailable.

        If the mail server accepts none, the others wait for the next time.
        """
        while not self._worker.is_stopping and (notice := self._outbox.take(self._clock())) is not None:
            if not self._send(notice):
                return

    def _send(self, notice: Notice) -> bool:
        """Send one notice, and return whether the next one may be tried."""
        try:
            self._hand_over(notice)
        except Unwritable as error:
            _log.warning("a notice was given up: %s", error)
            count_notice("given-up")
        except MailFailed as error:
            _log.warning("a notice waits: %s", error)
            count_notice("later")
            self._outbox.postpone(notice, self._clock())
            return error.is_of_mail
        except Exception as error:  # noqa: BLE001 (one notice must not hold up the others)
            _log.error("a notice waits: %s", type(error).__name__)
            count_notice("later")
            self._outbox.postpone(notice, self._clock())
            return True
        else:
            count_notice("sent")
        self._outbox.drop(notice)
        return True

    def _hand_over(self, notice: Notice) -> None:
        """Give a notice to the mail server. Raises MailFailed, or Unwritable, also if the notice is too old."""
        if abs(self._clock() - notice.at) > GIVEN_UP_AFTER:
            raise Unwritable("the mail server has refused it for too long")
        head = self._by_mail.head
        self._by_mail.submission.send(write_mail(notice, head), head.sender, notice.user)
