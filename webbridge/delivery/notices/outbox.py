"""The queue of mails about parcels: notices, answers, and the codes for keys."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sealwax.notices.outbox import OPEN_STATES, Attempt, NoticeOutbox, Outcome, pending_values
from sealwax.service import Database
from sealwax.service.database import insert_into
from webbridge.database.tables import PARCEL, PARCEL_ANSWER, PARCEL_EVENT, PARCEL_NOTICE
from webbridge.delivery.limits import MAX_ANSWERS, MAX_KEY_REQUESTS
from webbridge.delivery.notices.sender_mail import Change
from webbridge.delivery.states import SaidBy, State

PARCEL_KIND: Final = "parcel"
"""The kind of the notice to a recipient. The other kinds are the values of Change, ANSWER_KINDS and KEY_KINDS."""
ANSWER_KINDS: Final = tuple(f"answer-{number}" for number in range(1, MAX_ANSWERS + 1))
"""The kinds of the mails with the answers to a parcel, in the order of their numbers."""
KEY_KINDS: Final = tuple(f"key-{number}" for number in range(1, MAX_KEY_REQUESTS + 1))
"""The kinds of the mails with codes for keys, in the order of their numbers."""
_OF_SENDER: Final = ""  # The parcel has the language of its sender.
_PARCEL, _NUMBER = "the_parcel", "the_number"
_KINDS: Final = (PARCEL_KIND, *(change.value for change in Change), *ANSWER_KINDS, *KEY_KINDS)
_KEY: Final = tuple(PARCEL_NOTICE.primary_key.columns)
_FIND_PARCEL: Final = select(PARCEL).where(PARCEL.c.id == bindparam(_PARCEL))
_IS_ANSWER: Final = and_(PARCEL_ANSWER.c.parcel == bindparam(_PARCEL), PARCEL_ANSWER.c.number == bindparam(_NUMBER))
_FIND_ANSWER: Final = select(PARCEL_ANSWER.c.cms).where(_IS_ANSWER)
_EMPTY_ANSWER: Final = update(PARCEL_ANSWER).where(_IS_ANSWER).values(cms=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The facts of a parcel that its notice needs."""

    id: str
    reference: str
    sender: str
    kind: str
    stage: str
    total_bytes: int
    ends_at: datetime.datetime
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice about a parcel. `parcel` is None if the parcel is gone."""

    parcel: Parcel | None
    parcel_id: str
    address: str
    kind: str
    language: str

    @property
    def answer(self) -> int | None:
        """The number of the answer that this mail passes on, or None for a notice."""
        return ANSWER_KINDS.index(self.kind) + 1 if self.kind in ANSWER_KINDS else None

    @property
    def key_request(self) -> int | None:
        """The number of the request whose code this mail has, or None for another mail."""
        return KEY_KINDS.index(self.kind) + 1 if self.kind in KEY_KINDS else None


def queue_parcel(rows: Connection, parcel: str, recipients: Iterable[tuple[str, str]], at: datetime.datetime) -> None:
    """Queue the notices to the recipients, which are pairs of address and language, inside a transaction.

    A second call changes nothing.
    """
    for address, language in recipients:
        rows.execute(_added(rows, parcel, address, PARCEL_KIND, language, at).on_conflict_do_nothing())


def queue_change(rows: Connection, parcel: str, change: Change, *, sender: str, at: datetime.datetime) -> None:
    """Queue a mail to the sender of a parcel inside a transaction.

    A mail of this kind that was sent before is sent again.
    """
    again = PARCEL_NOTICE.c.state.not_in(OPEN_STATES)
    added, anew = _added(rows, parcel, sender, change.value, _OF_SENDER, at), pending_values(at.timestamp())
    rows.execute(added.on_conflict_do_update(index_elements=list(_KEY), set_=anew, where=again))


def queue_first_change(rows: Connection, parcel: str, change: Change, *, sender: str, at: datetime.datetime) -> None:
    """Queue a mail to the sender of a parcel inside a transaction, unless there was one of the same kind."""
    rows.execute(_added(rows, parcel, sender, change.value, _OF_SENDER, at).on_conflict_do_nothing())


def queue_answer(rows: Connection, parcel: str, number: int, *, sender: str, at: datetime.datetime) -> None:
    """Queue the mail with an answer to the sender of a parcel, inside the transaction that stores the answer."""
    rows.execute(_added(rows, parcel, sender, ANSWER_KINDS[number - 1], _OF_SENDER, at))


def queue_code(
    rows: Connection, parcel: str, number: int, *, address: str, language: str, at: datetime.datetime
) -> None:
    """Queue the mail with a request's code in the transaction that stores the code. An earlier mail is sent again."""
    added = _added(rows, parcel, address, KEY_KINDS[number - 1], language, at)
    rows.execute(added.on_conflict_do_update(index_elements=list(_KEY), set_=pending_values(at.timestamp())))


class ParcelOutbox(NoticeOutbox[Notice]):
    """The notices in the bridge's database. When a notice is sent or has failed, an event of the parcel says so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, PARCEL_NOTICE, _KINDS)

    def answer_of(self, notice: Notice) -> bytes:
        """Return the encrypted message of an answer, empty if it is gone. Raises DatabaseUnavailable."""
        with self._database.reading() as rows:
            cms = rows.execute(_FIND_ANSWER, {_PARCEL: notice.parcel_id, _NUMBER: notice.answer}).scalar()
        return bytes(cms or b"")

    def failures(self, parcel: str) -> list[tuple[str, str]]:
        """Return the recipients of a parcel who got no notice, each with the code. Raises DatabaseUnavailable."""
        failed = select(PARCEL_NOTICE.c.address, PARCEL_NOTICE.c.code).where(
            PARCEL_NOTICE.c.parcel == parcel, PARCEL_NOTICE.c.kind == PARCEL_KIND, PARCEL_NOTICE.c.state == "failed"
        )
        with self._database.reading() as rows:
            return [(row.address, row.code) for row in rows.execute(failed.order_by(PARCEL_NOTICE.c.address))]

    def _read(self, rows: Connection, row: Row[Any]) -> Notice:
        parcel = rows.execute(_FIND_PARCEL, {_PARCEL: row.parcel}).first()
        return Notice(
            parcel=None if parcel is None else _parcel(parcel),
            parcel_id=row.parcel,
            address=row.address,
            kind=row.kind,
            language=row.language,
        )

    def _note_end(
        self, rows: Connection, attempt: Attempt[Notice], outcome: Outcome, at: datetime.datetime, code: str
    ) -> None:
        notice, is_lost = attempt.notice, outcome is Outcome.FAILED
        if notice.parcel is None:
            return
        # The sender sees the code beside the state.
        shown = Outcome.PERHAPS_TWICE.value if outcome is Outcome.PERHAPS_TWICE else code
        if notice.kind == PARCEL_KIND:
            state = State.FAILED if is_lost else State.NOTIFIED
            _note(rows, notice, state, at, recipient=notice.address, code=shown)
            if is_lost:
                queue_change(rows, notice.parcel_id, Change.FAILED, sender=notice.parcel.sender, at=at)
        if notice.answer is not None:
            # An answer does not say which recipient wrote it. So the event of a lost answer names the sender's address.
            _note(rows, notice, State.ANSWERED, at, recipient=notice.address if is_lost else "", code=shown)
            rows.execute(_EMPTY_ANSWER, {_PARCEL: notice.parcel_id, _NUMBER: notice.answer})
            if is_lost:
                queue_change(rows, notice.parcel_id, Change.ANSWER_LOST, sender=notice.address, at=at)


def _added(
    rows: Connection, parcel: str, address: str, kind: str, language: str, at: datetime.datetime
) -> sqlite.Insert | postgresql.Insert:
    return insert_into(rows, PARCEL_NOTICE).values(
        **pending_values(at.timestamp()), parcel=parcel, address=address, kind=kind, language=language
    )


def _note(rows: Connection, notice: Notice, state: State, at: datetime.datetime, *, recipient: str, code: str) -> None:
    event = insert_into(rows, PARCEL_EVENT).values(
        parcel=notice.parcel_id,
        state=state.value,
        said_by=SaidBy.SERVICE.value,
        recipient=recipient,
        at=at.timestamp(),
        code=code,
    )
    rows.execute(event.on_conflict_do_nothing())


def _parcel(row: Row[Any]) -> Parcel:
    return Parcel(
        id=row.id,
        reference=row.reference,
        sender=row.sender,
        kind=row.kind,
        stage=row.stage,
        total_bytes=row.total_bytes,
        ends_at=datetime.datetime.fromtimestamp(row.ends_at, datetime.UTC),
        language=row.language,
    )
