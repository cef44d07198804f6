"""Sends the notices about parcels, in a thread of each process of the bridge."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from typing import Final

from sealwax.notices.submission import MailFailed
from sealwax.notices.working import Worker
from sealwax.notices.writing import Unwritable
from sealwax.service import Database, DatabaseUnavailable
from sealwax.service.metrics import count_notice
from sealwax.words import language_of
from webbridge.delivery.abuse.blocks import Blocks
from webbridge.delivery.abuse.refusals import RefusalTokens
from webbridge.delivery.notices.answer_mail import AnswerMail, write_answer_mail
from webbridge.delivery.notices.code_mail import CodeMail, write_code_mail
from webbridge.delivery.notices.failures import BLOCKED, GIVEN_UP, REFUSED, smtp_code
from webbridge.delivery.notices.outbox import PARCEL_KIND, NotOurs, Outbox, Parcel, Waiting
from webbridge.delivery.notices.parcel_mail import ParcelNotice, write_parcel_mail
from webbridge.delivery.notices.recipients import NoPerson, Unreachable, check_recipient
from webbridge.delivery.notices.sender_mail import Change, SenderNotice, write_sender_mail
from webbridge.delivery.notices.settings import NoticesConfig
from webbridge.delivery.own_keys.codes import CodeBook
from webbridge.delivery.states import Stage

GIVEN_UP_AFTER: Final = datetime.timedelta(days=3)
LEAST_TRIES: Final = 10
"""The least number of tries, whose pauses take half a day. So a clock that jumps ahead gives up no notice."""
_log = logging.getLogger(__name__)


class _Undeliverable(Exception):
    """A notice that is never sent, with the stable code of the reason."""


class _Pointless(Exception):
    """A notice of something that is over."""


class _NotNow(Exception):
    """A notice of something that is over according to a clock that may be wrong."""


class ParcelNoticeSender:
    """Sends the due notices, one after another, until it is stopped. `codes` has the codes for keys, if any."""

    def __init__(
        self,
        database: Database,
        config: NoticesConfig,
        clock: Callable[[], datetime.datetime],
        refusals: RefusalTokens,
        *,
        codes: CodeBook | None = None,
    ) -> None:
        self._outbox = Outbox(database)
        self._blocks = Blocks(database)
        self._config = config
        self._clock = clock
        self._refusals = refusals
        self._codes = codes
        self._worker = Worker(self.send_due)

    def start(self) -> None:
        """Begin to send. The process must not fork any more."""
        self._worker.start()

    def stop(self) -> None:
        """End after the current notice. If that takes too long, it is left, and another process sends it again."""
        self._worker.stop()

    def send_due(self) -> None:
        """Send the due notices. Raises DatabaseUnavailable.

        If the mail server accepts no mail, the other notices wait for the next time.
        """
        while not self._worker.is_stopping and (waiting := self._outbox.take(self._clock())) is not None:
            if not self._send(waiting):
                return

    def _send(self, waiting: Waiting) -> bool:
        """Send one notice, and return whether the next one may be tried."""
        try:
            mail = self._write(waiting)
        except _Pointless:
            self._outbox.drop(waiting)
            return True
        except _NotNow:
            self._outbox.postpone(waiting, self._clock())
            return True
        except (_Undeliverable, Unwritable) as error:
            self._fail(waiting, str(error) if isinstance(error, _Undeliverable) else Unreachable.ADDRESS.value)
            return True
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 (one notice must not hold up the others)
            _log.error("a notice of a parcel waits: %s", type(error).__name__)
            count_notice("later")
            self._outbox.postpone(waiting, self._clock())
            return True
        return self._hand_over(waiting, mail)

    def _hand_over(self, waiting: Waiting, mail: bytes) -> bool:
        """Give a mail to the mail server, and return whether the next one may be tried."""
        is_ending = False

        def before_last_line() -> None:
            nonlocal is_ending
            self._outbox.will_end(waiting, self._clock())
            is_ending = True

        try:
            self._config.submission.send(
                mail, self._config.head.sender, waiting.address, before_last_line=before_last_line
            )
        except NotOurs:
            return True
        except MailFailed as error:
            return self._answer_to_failure(waiting, error, is_ending=is_ending)
        count_notice("sent")
        self._outbox.end(waiting, self._clock())
        return True

    def _answer_to_failure(self, waiting: Waiting, error: MailFailed, *, is_ending: bool) -> bool:
        code = "" if error.code is None else smtp_code(error.code)
        if error.is_final:
            self._fail(waiting, code)
            return True
        if is_ending and error.code is None and waiting.is_repeated:
            # The mail was sent twice, and each time the reply was lost. A third mail would help nobody.
            count_notice("sent")
            self._outbox.end(waiting, self._clock())
            return True
        _log.warning("a notice of a parcel waits: %s", error)
        count_notice("later")
        self._outbox.postpone(waiting, self._clock(), code=code, is_ending=is_ending and error.code is None)
        return error.is_of_mail

    def _fail(self, waiting: Waiting, code: str) -> None:
        _log.warning("a notice of a parcel was given up: %s", code)
        count_notice("given-up")
        self._outbox.fail(waiting, self._clock(), code)

    def _write(self, waiting: Waiting) -> bytes:
        """Return the mail of a notice.

        Raises _Pointless, _NotNow, _Undeliverable, Unwritable, or DatabaseUnavailable.
        """
        parcel, at = waiting.parcel, self._clock()
        if parcel is None:
            raise _Pointless
        if waiting.kind == PARCEL_KIND:
            return self._write_to_recipient(waiting, parcel, at)
        if waiting.answer is not None:
            return self._write_answer(waiting, parcel)
        if waiting.key_request is not None:
            return self._write_code(waiting, parcel, waiting.key_request, at)
        return self._write_to_sender(waiting, parcel)

    def _write_to_recipient(self, waiting: Waiting, parcel: Parcel, at: datetime.datetime) -> bytes:
        if parcel.stage != Stage.SUBMITTED:
            raise _Pointless
        if parcel.ends_at <= at:
            # The sweep ends the parcel a day later, unless the clock is set right or the sender extends it.
            raise _NotNow
        if self._is_given_up(waiting):
            raise _Undeliverable(GIVEN_UP)
        try:
            check_recipient(waiting.address, own=(self._config.head.sender,))
        except NoPerson as error:
            raise _Undeliverable(error.reason.value) from None
        if self._blocks.find_for_recipient(waiting.address, at) is not None:
            raise _Undeliverable(REFUSED)
        if self._blocks.find_for_sender(parcel.sender, at) is not None:
            raise _Undeliverable(BLOCKED)
        notice = ParcelNotice(
            id=waiting.id,
            at=waiting.begun_at,
            parcel=parcel.id,
            reference=parcel.reference,
            sender=parcel.sender,
            recipient=waiting.address,
            language=language_of(waiting.language),
            kind=parcel.kind,
            size_bytes=parcel.total_bytes,
            until=parcel.ends_at,
            refusal=self._refusals.seal(waiting.address),
        )
        return write_parcel_mail(notice, self._config.head)

    def _write_answer(self, waiting: Waiting, parcel: Parcel) -> bytes:
        # The answer was acknowledged, so it is sent even if the parcel is withdrawn or has expired.
        if abs(self._clock() - waiting.begun_at) > GIVEN_UP_AFTER:
            raise _Undeliverable(GIVEN_UP)
        cms = self._outbox.answer_of(waiting)
        if not cms:
            raise _Pointless
        answer = AnswerMail(
            id=waiting.id,
            at=waiting.begun_at,
            reference=parcel.reference,
            sender=waiting.address,
            language=self._config.language_for(parcel.language),
            cms=cms,
        )
        return write_answer_mail(answer, self._config.head)

    def _write_code(self, waiting: Waiting, parcel: Parcel, number: int, at: datetime.datetime) -> bytes:
        found = None if self._codes is None else self._codes.find(parcel.id, waiting.address, number, at)
        if found is None or parcel.stage != Stage.SUBMITTED:
            raise _Pointless
        if self._blocks.find_for_recipient(waiting.address, at) is not None:
            raise _Undeliverable(REFUSED)
        mail = CodeMail(
            id=waiting.id,
            at=waiting.begun_at,
            reference=parcel.reference,
            recipient=waiting.address,
            language=language_of(waiting.language),
            code=found.digits,
            until=found.ends_at,
            refusal=self._refusals.seal(waiting.address),
        )
        return write_code_mail(mail, self._config.head)

    def _write_to_sender(self, waiting: Waiting, parcel: Parcel) -> bytes:
        if self._is_given_up(waiting):
            raise _Pointless
        change = Change(waiting.kind)
        notice = SenderNotice(
            id=waiting.id,
            at=waiting.begun_at,
            reference=parcel.reference,
            sender=waiting.address,
            language=self._config.language_for(parcel.language),
            change=change,
            until=parcel.ends_at,
            failures=tuple(self._outbox.failures(parcel.id)) if change is Change.FAILED else (),
        )
        return write_sender_mail(notice, self._config.head)

    def _is_given_up(self, waiting: Waiting) -> bool:
        return waiting.tries > LEAST_TRIES and abs(self._clock() - waiting.begun_at) > GIVEN_UP_AFTER
