"""The records of parcels. They are made, submitted, withdrawn, extended, and listed for their senders.

One transaction makes a parcel and reserves its bytes. The parcel's id makes requests idempotent: a repeated request
gets the same answer. A different request with the same id is refused, from any sender.
"""

from __future__ import annotations

import hmac
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, literal, select, tuple_, update

from sealwax.service import Database, ServiceError
from sealwax.service.database import insert_into
from webbridge.database.tables import PARCEL, PARCEL_EVENT, PARCEL_NOTICE
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.ids import reference_of
from webbridge.delivery.limits import PAGE_PARCELS, TRIES
from webbridge.delivery.notices.changes import FORGET_EXPIRY, tell_sender
from webbridge.delivery.notices.outbox import ANSWER_KINDS
from webbridge.delivery.quota import Quota
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.states import Event, SaidBy, Stage, State
from webbridge.delivery.submission import Kind, Recipient, Submission

DAY_SECONDS: Final = 24 * 60 * 60
PENDING: Final = "pending"
"""The state of a notice that waits to be sent for the first time."""
TO_RECIPIENT: Final = "parcel"
ABOUT_TRIES: Final = "tries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The record of a parcel."""

    id: str
    reference: str
    sender: str
    folder: str
    salt: bytes
    proof_record: bytes = field(repr=False)
    fingerprints: bytes
    recipients: tuple[Recipient, ...]
    kind: Kind
    objects: tuple[int, ...]
    manifest_bytes: int
    total_bytes: int
    is_whole: bool
    stage: Stage
    created_at: float
    submitted_at: float
    ends_at: float
    is_stored: bool
    most_openings: int | None
    openings: int
    tries_left: int
    language: str

    @property
    def openings_left(self) -> int | None:
        """The openings that the sender still allows, or None without a limit."""
        return None if self.most_openings is None else max(0, self.most_openings - self.openings)

    def is_over(self, at: float) -> bool:
        """Return whether the parcel has reached its end."""
        return at >= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedParcel:
    """A parcel and its events, ordered by time."""

    parcel: Parcel
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a sender's list. `next` is the id after which the next page begins, or None."""

    parcels: list[ListedParcel]
    next: str | None


class NoParcel(FixedError, status=404, code="no-such-parcel", text="You have no such parcel."):
    """The sender has no such parcel."""


class IdUsed(
    FixedError, status=409, code="id-used", text="This id belongs to another parcel. Send this one under a new id."
):
    """The id belongs to another parcel."""


class ParcelGone(ServiceError):
    """The parcel is withdrawn, or expired for good."""

    def __init__(self, stage: Stage) -> None:
        is_withdrawn = stage is Stage.WITHDRAWN
        text = "The parcel is withdrawn." if is_withdrawn else "The parcel has expired, and its bytes are deleted."
        super().__init__(410, "withdrawn" if is_withdrawn else "expired", f"{text} Send it anew.")


# These statements are made once, because making one takes longer than running it. Parameters that have the name of a
# column are new values.
_IS: Final = PARCEL.c.id == bindparam("of_id")
_IS_OWN: Final = (_IS, PARCEL.c.sender == bindparam("of_sender"))
_FIND: Final = select(PARCEL).where(_IS)
_FIND_OWN: Final = select(PARCEL).where(*_IS_OWN)
_LOCK_OWN: Final = _FIND_OWN.with_for_update()
_CHANGE: Final = update(PARCEL).where(_IS)
_NEWEST: Final = (
    select(PARCEL)
    .where(PARCEL.c.sender == bindparam("of_sender"))
    .order_by(PARCEL.c.created_at.desc(), PARCEL.c.id.desc())
    .limit(PAGE_PARCELS + 1)
)
_OLDER: Final = _NEWEST.where(
    tuple_(PARCEL.c.created_at, PARCEL.c.id) < tuple_(bindparam("before_at"), bindparam("before_id"))
)
_EVENTS: Final = select(PARCEL_EVENT).where(PARCEL_EVENT.c.parcel.in_(bindparam("of_ids", expanding=True)))
_DROP_PENDING: Final = delete(PARCEL_NOTICE).where(
    PARCEL_NOTICE.c.parcel == bindparam("of_id"),
    PARCEL_NOTICE.c.state == PENDING,
    # Mails with answers stay, because the bridge has accepted the answers, and they go to the sender.
    PARCEL_NOTICE.c.kind.not_in(ANSWER_KINDS),
)


class Parcels:
    """The records of one bridge."""

    def __init__(
        self, database: Database, quota: Quota, *, config: ParcelsConfig, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._quota = quota
        self._config = config
        self._clock = clock
        self._add = insert_into(database, PARCEL).on_conflict_do_nothing().returning(PARCEL.c.id)
        self._add_event = insert_into(database, PARCEL_EVENT).on_conflict_do_nothing()

    def find_repeated(self, sender: str, parcel_id: str, digest: bytes) -> Parcel | None:
        """Return the parcel that the same request has made, or None if the id is free. Raises IdUsed."""
        with self._database.reading() as rows:
            row = rows.execute(_FIND, {"of_id": parcel_id}).first()
        return None if row is None else _repeated(row, sender, digest)

    def create(
        self, sender: str, submission: Submission, *, digest: bytes, folder: str, record: bytes, language: str
    ) -> Parcel:
        """Return the new parcel, or the parcel that the same request has made meanwhile, which has another folder.

        `digest` is the digest of the request, `record` the record of its proof, and `language` the language of the
        mails to the sender. The parcel's bytes are reserved. A whole parcel counts as submitted, because its bytes are
        in the folder already. Raises IdUsed, or ServiceError beyond a quota.
        """
        at = self._now()
        columns = {"digest": digest, "folder": folder, "proof": record, "language": language}
        values = _values_of(sender, submission, at) | columns
        with self._database.transaction() as rows:
            if rows.execute(self._add, values).first() is None:
                return _repeated(rows.execute(_FIND, {"of_id": submission.id}).one(), sender, digest)
            self._quota.reserve(rows, sender, submission.total_bytes)
            if submission.is_whole:
                self._note_submitted(rows, submission.id, submission.recipients, at)
        return _parcel_of_values(values)

    def find(self, parcel_id: str) -> Parcel | None:
        """Return the parcel with an id."""
        with self._database.reading() as rows:
            row = rows.execute(_FIND, {"of_id": parcel_id}).first()
        return None if row is None else parcel_of(row)

    def find_own(self, sender: str, parcel_id: str) -> Parcel:
        """Return a parcel of the sender. Raises NoParcel."""
        with self._database.reading() as rows:
            return parcel_of(_found(rows.execute(_FIND_OWN, {"of_id": parcel_id, "of_sender": sender}).first()))

    def show_own(self, sender: str, parcel_id: str) -> ListedParcel:
        """Return a parcel of the sender with its events. Raises NoParcel."""
        parcel = self.find_own(sender, parcel_id)
        with self._database.reading() as rows:
            return _with_events(rows, [parcel])[0]

    def list_own(self, sender: str, *, before: str | None) -> Page:
        """Return a page of the sender's parcels, newest first. It begins after the parcel `before`. Raises NoParcel."""
        place = {"of_sender": sender}
        with self._database.reading() as rows:
            if before is None:
                parcel_rows = rows.execute(_NEWEST, place).all()
            else:
                last = _found(rows.execute(_FIND_OWN, {"of_id": before, **place}).first())
                parcel_rows = rows.execute(_OLDER, place | {"before_at": last.created_at, "before_id": last.id}).all()
            shown = [parcel_of(row) for row in parcel_rows[:PAGE_PARCELS]]
            return Page(
                parcels=_with_events(rows, shown), next=shown[-1].id if len(parcel_rows) > PAGE_PARCELS else None
            )

    def submit(self, sender: str, parcel_id: str, manifest_bytes: int | None = None) -> Parcel:
        """Note that all objects have come, and queue the notices. A second call changes nothing.

        `manifest_bytes` is the size of the manifest if it is smaller than announced. The difference is given back.
        Raises NoParcel or ParcelGone.
        """
        at = self._now()
        with self._database.transaction() as rows:
            parcel = self._lock(rows, sender, parcel_id)
            if parcel.stage is Stage.UPLOADING:
                # The parcel's time begins now, because the upload of a large parcel may take longer than the whole
                # time.
                ends_at = at + parcel.ends_at - parcel.created_at
                unused = 0 if manifest_bytes is None else parcel.manifest_bytes - manifest_bytes
                changed = {
                    "stage": Stage.SUBMITTED,
                    "submitted_at": at,
                    "ends_at": ends_at,
                    "manifest_bytes": parcel.manifest_bytes - unused,
                    "total_bytes": parcel.total_bytes - unused,
                }
                rows.execute(_CHANGE, {"of_id": parcel_id, **changed})
                self._quota.give_back(rows, sender, unused, parcels=0)
                self._note_submitted(rows, parcel_id, parcel.recipients, at)
        return self.find_own(sender, parcel_id)

    def withdraw(self, sender: str, parcel_id: str) -> Parcel:
        """Withdraw a parcel: nobody can open it any more, and no further notice is sent. Raises NoParcel or ParcelGone.

        The caller deletes the bytes.
        """
        with self._database.transaction() as rows:
            row = _found(rows.execute(_LOCK_OWN, {"of_id": parcel_id, "of_sender": sender}).first())
            if row.stage == Stage.EXPIRED:
                raise ParcelGone(Stage.EXPIRED)
            if row.stage != Stage.WITHDRAWN:
                rows.execute(_CHANGE, {"of_id": parcel_id, "stage": Stage.WITHDRAWN})
                rows.execute(_DROP_PENDING, {"of_id": parcel_id})
                self._note(rows, parcel_id, Event(state=State.WITHDRAWN, said_by=SaidBy.SENDER, at=self._now()))
        return parcel_of(row)

    def extend(self, sender: str, parcel_id: str, days: int) -> Parcel:
        """Let the parcel end `days` from now, unless it already ends later. Raises NoParcel or ParcelGone."""
        ends_at = self._now() + days * DAY_SECONDS
        with self._database.transaction() as rows:
            parcel = self._lock(rows, sender, parcel_id)
            if ends_at > parcel.ends_at:
                rows.execute(_CHANGE, {"of_id": parcel_id, "ends_at": ends_at})
                for statement in (_UNDO_EXPIRY, FORGET_EXPIRY):
                    rows.execute(statement, {"of_id": parcel_id})
        return self.find_own(sender, parcel_id)

    def give_tries(self, sender: str, parcel_id: str) -> Parcel:
        """Give the recipients five tries more. Raises NoParcel or ParcelGone."""
        with self._database.transaction() as rows:
            parcel = self._lock(rows, sender, parcel_id)
            # The limit keeps repeated requests from adding up to any number of tries.
            rows.execute(_CHANGE, {"of_id": parcel_id, "tries_left": min(parcel.tries_left + TRIES, 2 * TRIES)})
        return self.find_own(sender, parcel_id)

    def limit_openings(self, sender: str, parcel_id: str, most: int | None) -> Parcel:
        """Allow at most `most` openings in all, or any number if it is None. Raises NoParcel or ParcelGone."""
        with self._database.transaction() as rows:
            self._lock(rows, sender, parcel_id)
            rows.execute(_CHANGE, {"of_id": parcel_id, "most_openings": most})
        return self.find_own(sender, parcel_id)

    def note(self, parcel_id: str, event: Event) -> None:
        """Note that a parcel has reached a state. If the state was noted before, its earlier time stays."""
        with self._database.transaction() as rows:
            self._note(rows, parcel_id, event)

    def _lock(self, rows: Connection, sender: str, parcel_id: str) -> Parcel:
        parcel = parcel_of(_found(rows.execute(_LOCK_OWN, {"of_id": parcel_id, "of_sender": sender}).first()))
        if parcel.stage in (Stage.WITHDRAWN, Stage.EXPIRED):
            raise ParcelGone(parcel.stage)
        return parcel

    def _note_submitted(self, rows: Connection, parcel_id: str, recipients: Sequence[Recipient], at: float) -> None:
        self._note(rows, parcel_id, Event(state=State.SUBMITTED, said_by=SaidBy.SERVICE, at=at))
        rows.execute(_ADD_NOTICE, [notice_row(parcel_id, recipient, TO_RECIPIENT, at) for recipient in recipients])

    def _note(self, rows: Connection, parcel_id: str, event: Event) -> None:
        rows.execute(self._add_event, event_row(parcel_id, event))
        tell_sender(rows, [parcel_id], event)

    def _now(self) -> float:
        return self._clock().timestamp()


_ADD_NOTICE: Final = insert(PARCEL_NOTICE)
_UNDO_EXPIRY: Final = delete(PARCEL_EVENT).where(
    PARCEL_EVENT.c.parcel == bindparam("of_id"), PARCEL_EVENT.c.state == literal(State.EXPIRED.value)
)


def _found(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise NoParcel
    return row


def _repeated(row: Row[Any], sender: str, digest: bytes) -> Parcel:
    """Return the parcel of a row if the same request has made it. Raises IdUsed."""
    if row.sender != sender or not hmac.compare_digest(bytes(row.digest), digest):
        raise IdUsed
    return parcel_of(row)


def event_row(parcel_id: str, event: Event) -> dict[str, object]:
    """Return the row of an event."""
    return {
        "parcel": parcel_id,
        "state": event.state,
        "said_by": event.said_by,
        "recipient": event.recipient,
        "at": event.at,
        "code": event.code,
    }


def notice_row(parcel_id: str, recipient: Recipient, kind: str, at: float) -> dict[str, object]:
    """Return the row of a new notice, which waits to be sent."""
    return {
        "parcel": parcel_id,
        "address": recipient.address,
        "kind": kind,
        "language": recipient.language,
        "message_id": "",
        "state": PENDING,
        "tries": 0,
        "next_at": at,
        "owner": "",
        "code": "",
    }


def parcel_of(row: Row[Any]) -> Parcel:
    """Return the parcel of a row."""
    return _parcel_of_values(row._mapping)


def _values_of(sender: str, submission: Submission, at: float) -> dict[str, Any]:
    return {
        "id": submission.id,
        "reference": reference_of(submission.id),
        "sender": sender,
        "salt": submission.salt,
        "certificates": b"".join(submission.fingerprints),
        "recipients": json.dumps(
            [{"address": recipient.address, "language": recipient.language} for recipient in submission.recipients]
        ),
        "kind": submission.kind,
        "objects": json.dumps(submission.objects),
        "manifest_bytes": submission.manifest_bytes,
        "total_bytes": submission.total_bytes,
        "is_whole": int(submission.is_whole),
        "stage": Stage.SUBMITTED if submission.is_whole else Stage.UPLOADING,
        "created_at": at,
        "submitted_at": at if submission.is_whole else 0.0,
        "ends_at": at + submission.days * DAY_SECONDS,
        "is_stored": 1,
        "most_openings": submission.most_openings,
        "openings": 0,
        "tries_left": TRIES,
    }


def _parcel_of_values(row: Mapping[Any, Any]) -> Parcel:
    return Parcel(
        id=row["id"],
        reference=row["reference"],
        sender=row["sender"],
        folder=row["folder"],
        salt=bytes(row["salt"]),
        proof_record=bytes(row["proof"]),
        fingerprints=bytes(row["certificates"]),
        recipients=tuple(Recipient(**recipient) for recipient in json.loads(row["recipients"])),
        kind=Kind(row["kind"]),
        objects=tuple(json.loads(row["objects"])),
        manifest_bytes=row["manifest_bytes"],
        total_bytes=row["total_bytes"],
        is_whole=bool(row["is_whole"]),
        stage=Stage(row["stage"]),
        created_at=row["created_at"],
        submitted_at=row["submitted_at"],
        ends_at=row["ends_at"],
        is_stored=bool(row["is_stored"]),
        most_openings=row["most_openings"],
        openings=row["openings"],
        tries_left=row["tries_left"],
        language=row["language"],
    )


def _with_events(rows: Connection, parcels: Sequence[Parcel]) -> list[ListedParcel]:
    events: dict[str, list[Event]] = defaultdict(list)
    if parcels:
        for row in rows.execute(_EVENTS, {"of_ids": [parcel.id for parcel in parcels]}):
            events[row.parcel].append(
                Event(
                    state=State(row.state),
                    said_by=SaidBy(row.said_by),
                    at=row.at,
                    recipient=row.recipient,
                    code=row.code,
                )
            )
    # Events with the same time are shown in the usual order of the states.
    order = list(State)
    return [
        ListedParcel(
            parcel=parcel,
            events=tuple(sorted(events[parcel.id], key=lambda event: (event.at, order.index(event.state)))),
        )
        for parcel in parcels
    ]
