"""Sends the notices about parcels."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from sealwax.notices.outbox import Attempt
from sealwax.notices.sending import GIVEN_UP, NoticeSender, NotNow, Pointless, Undeliverable
from sealwax.service import Database
from sealwax.words import language_of
from webbridge.delivery.abuse.blocks import Blocks
from webbridge.delivery.abuse.refusals import RefusalTokens
from webbridge.delivery.notices.answer_mail import AnswerMail, write_answer_mail
from webbridge.delivery.notices.code_mail import CodeMail, write_code_mail
from webbridge.delivery.notices.failures import BLOCKED, REFUSED
from webbridge.delivery.notices.outbox import PARCEL_KIND, Notice, Parcel, ParcelOutbox
from webbridge.delivery.notices.parcel_mail import ParcelNotice, write_parcel_mail
from webbridge.delivery.notices.recipients import NoPerson, check_recipient
from webbridge.delivery.notices.sender_mail import Change, SenderNotice, write_sender_mail
from webbridge.delivery.notices.settings import NoticesConfig
from webbridge.delivery.own_keys.codes import CodeBook
from webbridge.delivery.states import Stage


class ParcelNoticeSender(NoticeSender[Notice]):
    """Sends the notices in the bridge's database. `codes` has the codes for keys, if any."""

    def __init__(
        self,
        database: Database,
        config: NoticesConfig,
        clock: Callable[[], datetime.datetime],
        refusals: RefusalTokens,
        *,
        codes: CodeBook | None = None,
    ) -> None:
        self._notices = ParcelOutbox(database)
        super().__init__(self._notices, config.submission, config.head.sender, clock)
        self._blocks = Blocks(database)
        self._config = config
        self._refusals = refusals
        self._codes = codes

    def _write(self, attempt: Attempt[Notice]) -> bytes:
        notice, at = attempt.notice, self._clock()
        parcel = notice.parcel
        if parcel is None:
            raise Pointless
        if notice.kind == PARCEL_KIND:
            return self._write_to_recipient(attempt, parcel, at)
        if notice.answer is not None:
            return self._write_answer(attempt, parcel)
        if notice.key_request is not None:
            return self._write_code(attempt, parcel, notice.key_request, at)
        return self._write_to_sender(attempt, parcel)

    def _write_to_recipient(self, attempt: Attempt[Notice], parcel: Parcel, at: datetime.datetime) -> bytes:
        if parcel.stage != Stage.SUBMITTED:
            raise Pointless
        if parcel.ends_at <= at:
            # The sweep ends the parcel a day later, unless the clock is corrected or the sender extends the parcel by
            # then.
            raise NotNow
        if self._is_too_old(attempt):
            raise Undeliverable(GIVEN_UP)
        try:
            check_recipient(attempt.notice.address, own=(self._config.head.sender,))
        except NoPerson as error:
            raise Undeliverable(error.reason.value) from None
        if self._blocks.find_for_recipient(attempt.notice.address, at) is not None:
            raise Undeliverable(REFUSED)
        if self._blocks.find_for_sender(parcel.sender, at) is not None:
            raise Undeliverable(BLOCKED)
        notice = ParcelNotice(
            id=attempt.id,
            at=attempt.begun_at,
            parcel=parcel.id,
            reference=parcel.reference,
            sender=parcel.sender,
            recipient=attempt.notice.address,
            language=language_of(attempt.notice.language),
            kind=parcel.kind,
            size_bytes=parcel.total_bytes,
            until=parcel.ends_at,
            refusal=self._refusals.seal(attempt.notice.address),
        )
        return write_parcel_mail(notice, self._config.head)

    def _write_answer(self, attempt: Attempt[Notice], parcel: Parcel) -> bytes:
        # The answer was acknowledged, so it is sent even if the parcel is withdrawn or has expired.
        if self._is_too_old(attempt):
            raise Undeliverable(GIVEN_UP)
        cms = self._notices.answer_of(attempt.notice)
        if not cms:
            raise Pointless
        answer = AnswerMail(
            id=attempt.id,
            at=attempt.begun_at,
            reference=parcel.reference,
            sender=attempt.notice.address,
            language=self._config.language_for(parcel.language),
            cms=cms,
        )
        return write_answer_mail(answer, self._config.head)

    def _write_code(self, attempt: Attempt[Notice], parcel: Parcel, number: int, at: datetime.datetime) -> bytes:
        code = None if self._codes is None else self._codes.find(parcel.id, attempt.notice.address, number, at)
        if code is None or parcel.stage != Stage.SUBMITTED:
            raise Pointless
        if self._blocks.find_for_recipient(attempt.notice.address, at) is not None:
            raise Undeliverable(REFUSED)
        mail = CodeMail(
            id=attempt.id,
            at=attempt.begun_at,
            reference=parcel.reference,
            recipient=attempt.notice.address,
            language=language_of(attempt.notice.language),
            code=code.digits,
            until=code.ends_at,
            refusal=self._refusals.seal(attempt.notice.address),
        )
        return write_code_mail(mail, self._config.head)

    def _write_to_sender(self, attempt: Attempt[Notice], parcel: Parcel) -> bytes:
        if self._is_too_old(attempt):
            raise Pointless
        change = Change(attempt.notice.kind)
        notice = SenderNotice(
            id=attempt.id,
            at=attempt.begun_at,
            reference=parcel.reference,
            sender=attempt.notice.address,
            language=self._config.language_for(parcel.language),
            change=change,
            until=parcel.ends_at,
            failures=tuple(self._notices.failures(parcel.id)) if change is Change.FAILED else (),
        )
        return write_sender_mail(notice, self._config.head)
