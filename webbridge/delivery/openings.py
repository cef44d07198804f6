"""The opening of parcels. Five wrong proofs are allowed. Answers do not reveal whether an id is known.

A known and an unknown id each cost one SELECT and one change of a row. They get the same answers: a salt, "wrong", and
after five tries "too many". A parcel is locked while a proof is compared, so concurrent proofs are counted one by one.
The answers "expired", "withdrawn" and "used up" are only for people who have proved that they know the secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from sealwax.service import CLOCK_SLACK_SECONDS, Database, LeakyCounter, ServiceError
from sealwax.service.counter_table import counter_of
from sealwax.service.database import insert_into
from webbridge.database.tables import PARCEL, PARCEL_NOTICE, TABLES
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.limits import KEPT_SECONDS, PROOF_BYTES, TICKET_SECONDS, TRIES
from webbridge.delivery.parcels import ABOUT_TRIES, Parcel, Parcels, notice_row, parcel_of
from webbridge.delivery.pepper import NOBODY, Pepper, Ticket
from webbridge.delivery.states import Stage
from webbridge.delivery.submission import Recipient

_STRANGERS: Final = "parcel-stranger"
_MOST_STRANGERS: Final = 100_000
# The time in which one network may send MAX_WRONG_PER_CLIENT wrong proofs, for all parcels together.
_WINDOW_SECONDS: Final = 15 * 60
MAX_WRONG_PER_CLIENT: Final = 60
_REFUSAL: Final = "There were too many wrong secrets from your network. Wait some minutes."


class WrongSecret(ServiceError):
    """The proof is wrong, or there is no such parcel. `tries_left` is the number of further tries."""

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        text = "The secret is wrong, or there is no such parcel. Compare the words with the ones that you were told."
        super().__init__(403, "wrong-secret", text)


class TooManyTries(
    FixedError,
    status=429,
    code="too-many-tries",
    text="There were too many wrong secrets. The sender has to allow more tries: ask them.",
):
    """There were too many wrong proofs. No further proof is compared until the sender allows more tries."""


class TicketEnded(FixedError, status=401, code="ticket-ended", text="Open the parcel again."):
    """The text is no ticket, or the ticket has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A recipient's proof: a value made from the secret, or the certificate whose key decrypted a nonce.

    `fingerprint` is None if the nonce was wrong.
    """

    value: bytes | None = field(default=None, repr=False)
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An opened parcel, and the ticket for its objects."""

    parcel: Parcel
    ticket: Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class _Locked:
    """The columns of a locked parcel without the long ones."""

    id: str
    sender: str
    record: bytes = field(repr=False)
    fingerprints: bytes
    tries_left: int


_COUNTER: Final = counter_of(TABLES)
_IS: Final = PARCEL.c.id == bindparam("of_id")
# A large parcel has a long list of sizes, which takes time to read. It is read only after a right proof.
_FIND_SALT: Final = select(PARCEL.c.salt).where(_IS, PARCEL.c.submitted_at > 0)
_LOCK: Final = (
    select(PARCEL.c.id, PARCEL.c.sender, PARCEL.c.proof, PARCEL.c.certificates, PARCEL.c.tries_left)
    .where(_IS, PARCEL.c.submitted_at > 0)
    .with_for_update()
)
_FIND: Final = select(PARCEL).where(_IS)
_CHANGE: Final = update(PARCEL).where(_IS)
_FORGET_OLD: Final = delete(_COUNTER).where(_COUNTER.c.kind == _STRANGERS, _COUNTER.c.at <= bindparam("oldest"))
_NEWEST: Final = (
    select(_COUNTER.c.name)
    .where(_COUNTER.c.kind == _STRANGERS)
    .order_by(_COUNTER.c.at.desc())
    .offset(_MOST_STRANGERS)
    .limit(_MOST_STRANGERS)
)
_FORGET_BEYOND: Final = delete(_COUNTER).where(_COUNTER.c.kind == _STRANGERS, _COUNTER.c.name.in_(_NEWEST))


class Openings:
    """The openings of one bridge's parcels."""

    def __init__(self, database: Database, parcels: Parcels, pepper: Pepper, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._parcels = parcels
        self._pepper = pepper
        self._clock = clock
        self._wrong = LeakyCounter(
            database, clock, tables=TABLES, kind="parcel-wrong", seconds=_WINDOW_SECONDS, refusal=_REFUSAL
        )
        counted = insert_into(database, _COUNTER).values(
            kind=_STRANGERS, name=bindparam("of_name"), value=1.0, at=bindparam("now")
        )
        self._count_stranger = counted.on_conflict_do_update(
            index_elements=["kind", "name"],
            set_={"value": _COUNTER.c.value + 1.0, "at": counted.excluded.at},
        ).returning(_COUNTER.c.value)
        notice = insert_into(database, PARCEL_NOTICE)
        # After new tries the sender may be asked again, but a queued request is not sent twice.
        self._ask_sender = notice.on_conflict_do_update(
            index_elements=["parcel", "address", "kind"],
            set_={name: notice.excluded[name] for name in ("message_id", "state", "tries", "next_at", "owner", "code")},
            where=PARCEL_NOTICE.c.state.not_in(("pending", "sending")),
        )

    def salt_of(self, parcel_id: str) -> bytes:
        """Return the salt of a parcel. An unknown id gets a made-up salt that is always the same."""
        made_up = self._pepper.made_up_salt(parcel_id)
        with self._database.reading() as rows:
            salt = rows.execute(_FIND_SALT, {"of_id": parcel_id}).scalar_one_or_none()
        return made_up if salt is None else bytes(salt)

    def open(self, parcel_id: str, proof: Proof, *, client: str) -> Opened:
        """Return a ticket for a right proof. A wrong proof counts against the parcel and against the network `client`.

        Raises WrongSecret, TooManyTries, TryLater, or for a right proof ServiceError 410.
        """
        at = self._clock().timestamp()
        # The value is computed for unknown ids too, so that a known id does not take longer.
        record = self._pepper.record_of(parcel_id, proof.value or bytes(PROOF_BYTES))
        with self._database.transaction() as rows:
            locked = _lock(rows, parcel_id)
            opened, tries = None, 0
            if locked is not None and locked.tries_left:
                tries = locked.tries_left
                opened = self._compare(rows, locked, proof, record, at)
            else:
                left = self._count_at_stranger(rows, parcel_id, at)
                # A known id without tries is counted too, so that it costs as much as an unknown id.
                tries = left if locked is None else 0
        if opened is not None:
            _check_available(opened.parcel, at)
            return replace(opened, parcel=replace(opened.parcel, openings=opened.parcel.openings + 1))
        self._wrong.start({self._pepper.client_name(client): MAX_WRONG_PER_CLIENT})
        raise WrongSecret(tries - 1) if tries else TooManyTries

    def find(self, text: str) -> Opened:
        """Return a ticket's parcel, if its objects may still be fetched.

        Raises TicketEnded or ServiceError 410.
        """
        ticket = self._pepper.open_ticket(text)
        at = self._clock().timestamp()
        if ticket is None or not at < ticket.ends_at <= at + TICKET_SECONDS + CLOCK_SLACK_SECONDS:
            raise TicketEnded
        parcel = self._parcels.find(ticket.parcel)
        if parcel is None:
            raise TicketEnded
        _check_stage(parcel, at)
        return Opened(parcel=parcel, ticket=ticket)

    def forget_strangers(self) -> None:
        """Delete old counts for unknown ids, and the oldest if there are too many."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(_FORGET_OLD, {"oldest": self._clock().timestamp() - KEPT_SECONDS})
            rows.execute(_FORGET_BEYOND)

    def _compare(self, rows: Connection, locked: _Locked, proof: Proof, record: bytes, at: float) -> Opened | None:
        """Compare a proof, and count it if it is wrong. The row is locked, so proofs come one after another."""
        if not _is_right(locked, proof, record):
            rows.execute(_CHANGE, {"of_id": locked.id, "tries_left": locked.tries_left - 1})
            if locked.tries_left == 1:
                sender = Recipient(address=locked.sender, language="")
                rows.execute(self._ask_sender, notice_row(locked.id, sender, ABOUT_TRIES, at))
            return None
        parcel = parcel_of(rows.execute(_FIND, {"of_id": locked.id}).one())
        is_counted = parcel.stage is Stage.SUBMITTED and not parcel.is_over(at) and parcel.openings_left != 0
        openings = parcel.openings + 1 if is_counted else parcel.openings
        rows.execute(_CHANGE, {"of_id": parcel.id, "tries_left": max(parcel.tries_left, TRIES), "openings": openings})
        ticket = Ticket(
            parcel=parcel.id,
            ends_at=min(int(at) + TICKET_SECONDS, int(parcel.ends_at)),
            fingerprint=proof.fingerprint or NOBODY,
        )
        return Opened(parcel=parcel, ticket=ticket)

    def _count_at_stranger(self, rows: Connection, parcel_id: str, at: float) -> int:
        """Count a wrong proof for an unknown id. Return the number of tries that were left before it."""
        counted = {"of_name": self._pepper.count_name(parcel_id), "now": at}
        return max(0, TRIES + 1 - int(rows.execute(self._count_stranger, counted).scalar_one()))


def _lock(rows: Connection, parcel_id: str) -> _Locked | None:
    """Return a submitted parcel, or None. Nobody else opens the parcel until the transaction ends."""
    row = rows.execute(_LOCK, {"of_id": parcel_id}).first()
    if row is None:
        return None
    return _Locked(
        id=row.id,
        sender=row.sender,
        record=bytes(row.proof),
        fingerprints=bytes(row.certificates),
        tries_left=row.tries_left,
    )


def _is_right(locked: _Locked, proof: Proof, record: bytes) -> bool:
    if proof.value is not None:
        return hmac.compare_digest(locked.record, record)
    known, step = locked.fingerprints, len(NOBODY)
    return proof.fingerprint is not None and any(
        hmac.compare_digest(known[start : start + step], proof.fingerprint) for start in range(0, len(known), step)
    )


def _check_available(parcel: Parcel, at: float) -> None:
    _check_stage(parcel, at)
    if parcel.openings_left == 0:
        text = "The parcel was opened as often as its sender allows. Ask the sender to allow more."
        raise ServiceError(410, "used-up", text)


def _check_stage(parcel: Parcel, at: float) -> None:
    if parcel.stage is Stage.WITHDRAWN:
        raise ServiceError(410, "withdrawn", "The sender has withdrawn the parcel.")
    if parcel.stage is not Stage.SUBMITTED or parcel.is_over(at):
        raise ServiceError(410, "expired", "The days of the parcel are over. Ask the sender to send it anew.")
