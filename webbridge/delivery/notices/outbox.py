"""The queue of notices. A row is written in the transaction of the change that it reports, so no notice is lost.

A notice is `pending` until the line that ends its mail is about to be sent, and `sending` from then on. Each step is
one UPDATE that names the owner, so a process that was believed dead cannot end a mail. If a notice is `sending` without
a living owner, it was perhaps sent. It is sent once more with the same Message-ID, and is `perhaps-twice` then.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sealwax.notices.pauses import LONGEST_PAUSE_SECONDS, TAKEN_SECONDS, pause_seconds
from sealwax.service import CLOCK_SLACK_SECONDS, Database
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
_ID_BYTES: Final = 12
_OWNER_BYTES: Final = 12
_NOW, _AHEAD, _UNTIL, _OWNER, _NEW_ID = "now", "ahead", "until", "the_owner", "new_id"
_PARCEL, _ADDRESS, _KIND, _STATE, _CODE = "the_parcel", "the_address", "the_kind", "new_state", "new_code"
_NUMBER: Final = "the_number"
_OPEN_STATES: Final = ("pending", "sending")
_KNOWN_KINDS: Final = (PARCEL_KIND, *(one.value for one in Change), *ANSWER_KINDS, *KEY_KINDS)
_IS_DUE: Final = and_(
    # Other kinds are of a newer version of the bridge, which sends them.
    PARCEL_NOTICE.c.kind.in_(_KNOWN_KINDS),
    PARCEL_NOTICE.c.state.in_(_OPEN_STATES),
    # A wrong clock wrote a time that is further ahead than any pause.
    or_(PARCEL_NOTICE.c.next_at <= bindparam(_NOW), PARCEL_NOTICE.c.next_at > bindparam(_AHEAD)),
)
_KEY: Final = (PARCEL_NOTICE.c.parcel, PARCEL_NOTICE.c.address, PARCEL_NOTICE.c.kind)
_ANY_DUE: Final = select(*_KEY).where(_IS_DUE).limit(1)
# On PostgreSQL, each process takes a different notice. On SQLite, BEGIN IMMEDIATE locks the database.
_FIRST_DUE: Final = _ANY_DUE.order_by(PARCEL_NOTICE.c.next_at).with_for_update(skip_locked=True)
_IS_NAMED: Final = and_(
    PARCEL_NOTICE.c.parcel == bindparam(_PARCEL),
    PARCEL_NOTICE.c.address == bindparam(_ADDRESS),
    PARCEL_NOTICE.c.kind == bindparam(_KIND),
)
_IS_MINE: Final = and_(_IS_NAMED, PARCEL_NOTICE.c.owner == bindparam(_OWNER), PARCEL_NOTICE.c.state.in_(_OPEN_STATES))
_TAKE: Final = (
    update(PARCEL_NOTICE)
    .where(_IS_NAMED)
    .values(next_at=bindparam(_UNTIL), owner=bindparam(_OWNER), tries=PARCEL_NOTICE.c.tries + 1)
    .returning(PARCEL_NOTICE)
)
_NAME: Final = (
    update(PARCEL_NOTICE).where(_IS_NAMED, PARCEL_NOTICE.c.message_id == "").values(message_id=bindparam(_NEW_ID))
)
_WILL_END: Final = update(PARCEL_NOTICE).where(_IS_MINE).values(state="sending", next_at=bindparam(_UNTIL))
_POSTPONE: Final = (
    update(PARCEL_NOTICE)
    .where(_IS_MINE)
    .values(state=bindparam(_STATE), next_at=bindparam(_UNTIL), owner="", code=bindparam(_CODE))
)
_END: Final = update(PARCEL_NOTICE).where(_IS_MINE).values(state=bindparam(_STATE), owner="", code=bindparam(_CODE))
_DROP: Final = delete(PARCEL_NOTICE).where(_IS_NAMED)
_FIND_PARCEL: Final = select(PARCEL).where(PARCEL.c.id == bindparam(_PARCEL))
_IS_ANSWER: Final = and_(PARCEL_ANSWER.c.parcel == bindparam(_PARCEL), PARCEL_ANSWER.c.number == bindparam(_NUMBER))
_FIND_ANSWER: Final = select(PARCEL_ANSWER.c.cms).where(_IS_ANSWER)
_EMPTY_ANSWER: Final = update(PARCEL_ANSWER).where(_IS_ANSWER).values(cms=b"")


class Outcome(StrEnum):
    """The ends of a notice, as stable words in the table."""

    SENT = "sent"
    PERHAPS_TWICE = "perhaps-twice"
    FAILED = "failed"


class NotOurs(Exception):
    """Another process sends this notice, or it was taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The parcel of a notice, as the table has it."""

    id: str
    reference: str
    sender: str
    kind: str
    stage: str
    total_bytes: int
    ends_at: datetime.datetime
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice that one owner tries for the `tries`-th time. `is_repeated` means that it was perhaps sent already.

    `id` is the left part of its Message-ID. `begun_at` is the time of the first try.
    """

    parcel: Parcel | None
    parcel_id: str
    address: str
    kind: str
    language: str
    id: str
    begun_at: datetime.datetime
    tries: int
    owner: str
    is_repeated: bool

    @property
    def answer(self) -> int | None:
        """The number of the answer that this mail passes on, or None for a notice."""
        return ANSWER_KINDS.index(self.kind) + 1 if self.kind in ANSWER_KINDS else None

    @property
    def key_request(self) -> int | None:
        """The number of the request whose code this mail has, or None for another mail."""
        return KEY_KINDS.index(self.kind) + 1 if self.kind in KEY_KINDS else None

    @property
    def name(self) -> dict[str, str]:
        """The parameters that name the row."""
        return {_PARCEL: self.parcel_id, _ADDRESS: self.address, _KIND: self.kind}

    @property
    def owned(self) -> dict[str, str]:
        """The parameters that name the row while this owner has it."""
        return {**self.name, _OWNER: self.owner}


def queue_parcel(rows: Connection, parcel: str, recipients: Iterable[tuple[str, str]], at: datetime.datetime) -> None:
    """Queue the notices to the recipients, which are pairs of address and language, inside a transaction.

    A second call changes nothing.
    """
    for address, language in recipients:
        added = insert_into(rows, PARCEL_NOTICE).values(
            **_new_row(at), parcel=parcel, address=address, kind=PARCEL_KIND, language=language
        )
        rows.execute(added.on_conflict_do_nothing())


def queue_change(rows: Connection, parcel: str, change: Change, *, sender: str, at: datetime.datetime) -> None:
    """Queue a mail to the sender of a parcel inside a transaction. If such a mail was sent before, it is sent anew."""
    again = PARCEL_NOTICE.c.state.not_in(_OPEN_STATES)
    added = _change(rows, parcel, change, sender=sender, at=at)
    rows.execute(added.on_conflict_do_update(index_elements=list(_KEY), set_=_new_row(at), where=again))


def queue_first_change(rows: Connection, parcel: str, change: Change, *, sender: str, at: datetime.datetime) -> None:
    """Queue a mail to the sender of a parcel inside a transaction, unless there was one of the same kind."""
    rows.execute(_change(rows, parcel, change, sender=sender, at=at).on_conflict_do_nothing())


def queue_answer(rows: Connection, parcel: str, number: int, *, sender: str, at: datetime.datetime) -> None:
    """Queue the mail with an answer to the sender of a parcel, inside the transaction that stores the answer."""
    named = {"parcel": parcel, "address": sender, "kind": ANSWER_KINDS[number - 1], "language": _OF_SENDER}
    rows.execute(insert_into(rows, PARCEL_NOTICE).values(**_new_row(at), **named))


def queue_code(
    rows: Connection, parcel: str, number: int, *, address: str, language: str, at: datetime.datetime
) -> None:
    """Queue the mail with a request's code in the transaction that stores the code. A mail sent before is sent anew."""
    named = {"parcel": parcel, "address": address, "kind": KEY_KINDS[number - 1], "language": language}
    added = insert_into(rows, PARCEL_NOTICE).values(**_new_row(at), **named)
    rows.execute(added.on_conflict_do_update(index_elements=list(_KEY), set_=_new_row(at)))


class Outbox:
    """The notices in the database. Several processes send them, and each takes a different notice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, at: datetime.datetime) -> Waiting | None:
        """Return a notice that is due, or None. Nobody else takes this notice for a while.

        Nothing is written if none is due. Raises DatabaseUnavailable.
        """
        now = at.timestamp()
        times = {_NOW: now, _AHEAD: now + LONGEST_PAUSE_SECONDS + CLOCK_SLACK_SECONDS}
        with self._database.reading() as rows:
            if rows.execute(_ANY_DUE, times).first() is None:
                return None
        owner = secrets.token_hex(_OWNER_BYTES)
        with self._database.transaction() as rows:
            due = rows.execute(_FIRST_DUE, times).first()
            if due is None:
                return None
            name = {_PARCEL: due.parcel, _ADDRESS: due.address, _KIND: due.kind}
            # The time of the first try is the Date of each mail, and is part of the id.
            rows.execute(_NAME, {**name, _NEW_ID: f"{int(now)}.{secrets.token_hex(_ID_BYTES)}"})
            row = rows.execute(_TAKE, {**name, _UNTIL: now + TAKEN_SECONDS, _OWNER: owner}).one()
            parcel = rows.execute(_FIND_PARCEL, {_PARCEL: due.parcel}).first()
        return _waiting(row, parcel)

    def will_end(self, waiting: Waiting, at: datetime.datetime) -> None:
        """Note that the line that ends the mail is sent next. Raises NotOurs or DatabaseUnavailable."""
        with self._database.transaction() as rows:
            step = rows.execute(_WILL_END, {**waiting.owned, _UNTIL: at.timestamp() + TAKEN_SECONDS})
            if step.rowcount != 1:
                raise NotOurs

    def end(self, waiting: Waiting, at: datetime.datetime) -> Outcome:
        """Note that the mail server has accepted the mail. Raises DatabaseUnavailable."""
        outcome = Outcome.PERHAPS_TWICE if waiting.is_repeated else Outcome.SENT
        with self._database.transaction() as rows:
            step = rows.execute(_END, {**waiting.owned, _STATE: outcome.value, _CODE: ""})
            if step.rowcount == 1 and waiting.kind == PARCEL_KIND:
                # The sender sees the code beside the state.
                code = Outcome.PERHAPS_TWICE.value if waiting.is_repeated else ""
                _note(rows, waiting, State.NOTIFIED, at, recipient=waiting.address, code=code)
            if step.rowcount == 1 and waiting.answer is not None:
                # Nobody knows which recipient has answered.
                code = Outcome.PERHAPS_TWICE.value if waiting.is_repeated else ""
                _note(rows, waiting, State.ANSWERED, at, recipient="", code=code)
                _empty_answer(rows, waiting)
        return outcome

    def fail(self, waiting: Waiting, at: datetime.datetime, code: str) -> None:
        """Note that the notice is never sent, and tell the sender of the parcel. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            step = rows.execute(_END, {**waiting.owned, _STATE: Outcome.FAILED.value, _CODE: code})
            if step.rowcount == 1 and waiting.kind == PARCEL_KIND and waiting.parcel is not None:
                _note(rows, waiting, State.FAILED, at, recipient=waiting.address, code=code)
                queue_change(rows, waiting.parcel_id, Change.FAILED, sender=waiting.parcel.sender, at=at)
            if step.rowcount == 1 and waiting.answer is not None:
                # The sender's address tells this event from the event of an answer that was sent.
                _note(rows, waiting, State.ANSWERED, at, recipient=waiting.address, code=code)
                _empty_answer(rows, waiting)
                queue_change(rows, waiting.parcel_id, Change.ANSWER_LOST, sender=waiting.address, at=at)

    def postpone(self, waiting: Waiting, at: datetime.datetime, *, code: str = "", is_ending: bool = False) -> None:
        """Let a notice wait, longer after each try. `is_ending` means that it was perhaps sent.

        Raises DatabaseUnavailable.
        """
        state = "sending" if is_ending or waiting.is_repeated else "pending"
        due = at.timestamp() + pause_seconds(waiting.tries)
        with self._database.transaction() as rows:
            rows.execute(_POSTPONE, {**waiting.owned, _STATE: state, _UNTIL: due, _CODE: code})

    def drop(self, waiting: Waiting) -> None:
        """Delete a notice that has nothing to report any more. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            rows.execute(_DROP, waiting.name)

    def answer_of(self, waiting: Waiting) -> bytes:
        """Return the encrypted message of an answer, empty if it is gone. Raises DatabaseUnavailable."""
        with self._database.reading() as rows:
            found = rows.execute(_FIND_ANSWER, {_PARCEL: waiting.parcel_id, _NUMBER: waiting.answer}).scalar()
        return bytes(found or b"")

    def failures(self, parcel: str) -> list[tuple[str, str]]:
        """Return the recipients of a parcel who got no notice, each with the code. Raises DatabaseUnavailable."""
        failed = select(PARCEL_NOTICE.c.address, PARCEL_NOTICE.c.code).where(
            PARCEL_NOTICE.c.parcel == parcel, PARCEL_NOTICE.c.kind == PARCEL_KIND, PARCEL_NOTICE.c.state == "failed"
        )
        with self._database.reading() as rows:
            return [(row.address, row.code) for row in rows.execute(failed.order_by(PARCEL_NOTICE.c.address))]


def _change(
    rows: Connection, parcel: str, change: Change, *, sender: str, at: datetime.datetime
) -> sqlite.Insert | postgresql.Insert:
    named = {"parcel": parcel, "address": sender, "kind": change.value, "language": _OF_SENDER}
    return insert_into(rows, PARCEL_NOTICE).values(**_new_row(at), **named)


def _new_row(at: datetime.datetime) -> dict[str, Any]:
    return {"message_id": "", "state": "pending", "tries": 0, "next_at": at.timestamp(), "owner": "", "code": ""}


def _empty_answer(rows: Connection, waiting: Waiting) -> None:
    rows.execute(_EMPTY_ANSWER, {_PARCEL: waiting.parcel_id, _NUMBER: waiting.answer})


def _note(
    rows: Connection, waiting: Waiting, state: State, at: datetime.datetime, *, recipient: str, code: str
) -> None:
    event = insert_into(rows, PARCEL_EVENT).values(
        parcel=waiting.parcel_id,
        state=state.value,
        said_by=SaidBy.SERVICE.value,
        recipient=recipient,
        at=at.timestamp(),
        code=code,
    )
    rows.execute(event.on_conflict_do_nothing())


def _waiting(row: Row[Any], parcel: Row[Any] | None) -> Waiting:
    begun = int(row.message_id.partition(".")[0])
    return Waiting(
        parcel=None if parcel is None else _parcel(parcel),
        parcel_id=row.parcel,
        address=row.address,
        kind=row.kind,
        language=row.language,
        id=row.message_id,
        begun_at=datetime.datetime.fromtimestamp(begun, datetime.UTC),
        tries=row.tries,
        owner=row.owner,
        is_repeated=row.state == "sending",
    )


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
