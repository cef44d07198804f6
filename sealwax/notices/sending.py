"""Sends the notices of a service, in a thread of each of its processes."""

from __future__ import annotations

import datetime
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, Generic

from sealwax.notices.outbox import Attempt, N, NoticeOutbox, NotOurs
from sealwax.notices.submission import MailFailed, Submission
from sealwax.notices.working import Worker
from sealwax.notices.writing import UNUSABLE_ADDRESS, Unwritable
from sealwax.service import DatabaseUnavailable, count_event

GIVEN_UP_AFTER: Final = datetime.timedelta(days=3)
LEAST_TRIES: Final = 10
"""The least number of tries. Their pauses take half a day, so no notice is given up because a clock jumps ahead."""
GIVEN_UP: Final = "given-up"
"""The stable code for a notice that the mail server did not accept in any try."""
_log = logging.getLogger(__name__)


class Undeliverable(Exception):
    """A notice that is never sent. The text is the stable code of the reason."""


class Pointless(Exception):
    """A notice that is not sent, because what it would report is over."""


class NotNow(Exception):
    """A notice that waits: what it would report is over, but only by a clock that may be wrong."""


class NoticeSender(Worker, ABC, Generic[N]):
    """Sends the due notices, one after another, until it is stopped. `sender` is the address in From."""

    def __init__(
        self, outbox: NoticeOutbox[N], submission: Submission, sender: str, clock: Callable[[], datetime.datetime]
    ) -> None:
        super().__init__(self.send_due)
        self._outbox = outbox
        self._submission = submission
        self._sender = sender
        self._clock = clock

    @abstractmethod
    def _write(self, attempt: Attempt[N]) -> bytes:
        """Return the mail of a notice.

        Raises Pointless, NotNow, Undeliverable, Unwritable, or DatabaseUnavailable.
        """

    def _is_final(self, failure: MailFailed) -> bool:
        """Whether a notice is given up after a failure."""
        return failure.is_final

    def send_due(self) -> None:
        """Send the due notices. Raises DatabaseUnavailable.

        If the mail server accepts no mail at all, the other notices wait for the next call.
        """
        while not self.is_stopping and (attempt := self._outbox.take(self._clock())) is not None:
            if not self._send(attempt):
                return

    def _is_too_old(self, attempt: Attempt[N]) -> bool:
        """Whether a notice has been tried long and often enough to give up."""
        return attempt.tries > LEAST_TRIES and abs(self._clock() - attempt.begun_at) > GIVEN_UP_AFTER

    def _send(self, attempt: Attempt[N]) -> bool:
        """Send one notice, and return whether the next one may be tried."""
        try:
            mail = self._write(attempt)
        except Pointless:
            self._outbox.drop(attempt)
        except NotNow:
            self._outbox.postpone(attempt, self._clock())
        except Undeliverable as error:
            self._fail(attempt, str(error))
        except Unwritable:
            self._fail(attempt, UNUSABLE_ADDRESS)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 (one notice must not hold up the others)
            self._postpone(attempt, type(error).__name__)
        else:
            return self._submit(attempt, mail)
        return True

    def _submit(self, attempt: Attempt[N], mail: bytes) -> bool:
        """Give a mail to the mail server, and return whether the next one may be tried."""
        is_ending = False

        def before_last_line() -> None:
            nonlocal is_ending
            self._outbox.will_end(attempt, self._clock())
            is_ending = True

        try:
            self._submission.send(mail, self._sender, attempt.notice.address, before_last_line=before_last_line)
        except NotOurs:
            return True
        except MailFailed as error:
            return self._answer_to_failure(attempt, error, is_ending=is_ending)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 (one notice must not hold up the others)
            self._postpone(attempt, type(error).__name__, is_ending=is_ending)
            return True
        self._end(attempt)
        return True

    def _answer_to_failure(self, attempt: Attempt[N], error: MailFailed, *, is_ending: bool) -> bool:
        if self._is_final(error):
            self._fail(attempt, error.stable_code)
            return True
        is_unanswered = is_ending and error.code is None
        if is_unanswered and attempt.is_repeated:
            # The mail was sent twice, and each time the reply was lost. A third mail would help nobody.
            self._end(attempt)
            return True
        self._postpone(attempt, str(error), code=error.stable_code, is_ending=is_unanswered)
        return error.is_of_mail

    def _postpone(self, attempt: Attempt[N], reason: str, *, code: str = "", is_ending: bool = False) -> None:
        _log.warning("a notice waits: %s", reason)
        count_event("notice", "later")
        self._outbox.postpone(attempt, self._clock(), code=code, is_ending=is_ending)

    def _end(self, attempt: Attempt[N]) -> None:
        count_event("notice", "sent")
        self._outbox.end(attempt, self._clock())

    def _fail(self, attempt: Attempt[N], code: str) -> None:
        _log.warning("a notice was given up: %s", code)
        count_event("notice", "given-up")
        self._outbox.fail(attempt, self._clock(), code)
