"""The answers to parcels. They are encrypted messages to the parcels' senders, and the service mails them.

Anybody who has opened a parcel may answer it, without proving who they are. The client encrypts the answer for the
sender's certificate, which the bridge does not know. So the bridge only checks that the answer is encrypted. It cannot
know whether the sender can decrypt it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, func, insert, select

from sealwax.service import Database, LeakyCounter, ServiceError
from webbridge.database.tables import PARCEL, PARCEL_ANSWER, TABLES
from webbridge.delivery.encrypted_answer import smime_type_of
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.limits import MAX_ANSWERS
from webbridge.delivery.notices.outbox import queue_answer
from webbridge.delivery.parcels import Parcel

# Requests that are repeated or refused count too, because the bridge reads their bodies.
_WINDOW_SECONDS: Final = 60 * 60
MAX_REQUESTS: Final = 30
_REFUSAL: Final = "There were too many answers to this parcel. Wait some minutes."

_LOCK: Final = select(PARCEL.c.id).where(PARCEL.c.id == bindparam("of_id")).with_for_update()
_OF_PARCEL: Final = PARCEL_ANSWER.c.parcel == bindparam("of_id")
_FIND: Final = select(PARCEL_ANSWER.c.number, PARCEL_ANSWER.c.digest).where(
    _OF_PARCEL, PARCEL_ANSWER.c.key == bindparam("of_key")
)
_COUNT: Final = select(func.count()).select_from(PARCEL_ANSWER).where(_OF_PARCEL)
_ADD: Final = insert(PARCEL_ANSWER)


class TooManyAnswers(
    FixedError,
    status=409,
    code="too-many-answers",
    text=f"There are {MAX_ANSWERS} answers to this parcel, and the service passes on no more.",
):
    """The parcel has the largest number of answers that the service passes on."""


class AnswerTooLarge(ServiceError):
    """The answer is larger than the operator allows."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(413, "answer-too-large", f"An encrypted answer has at most {max_bytes} bytes.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An answer that is stored, and will be mailed. `left` is the number of answers that may follow."""

    number: int

    @property
    def left(self) -> int:
        return MAX_ANSWERS - self.number


class Answers:
    """The answers to one bridge's parcels."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._requests = LeakyCounter(
            database, clock, tables=TABLES, kind="parcel-answer", seconds=_WINDOW_SECONDS, refusal=_REFUSAL
        )

    def start(self, parcel: Parcel) -> None:
        """Count a request before its body is read. Raises TryLater."""
        self._requests.start({sha256(f"answer\0{parcel.id}".encode()).hexdigest(): MAX_REQUESTS})

    def left(self, parcel_id: str) -> int:
        """Return how many further answers a parcel may get."""
        with self._database.reading() as rows:
            return max(0, MAX_ANSWERS - int(rows.execute(_COUNT, {"of_id": parcel_id}).scalar_one()))

    def take(self, parcel: Parcel, key: str, cms: bytes) -> Accepted:
        """Store an answer, and queue its mail. A repeated call with the same key changes nothing.

        Raises AnswerRefused, TooManyAnswers, or ServiceError if another answer has the key.
        """
        smime_type_of(cms)
        digest, at = sha256(cms).digest(), self._clock().timestamp()
        with self._database.transaction() as rows:
            # The lock makes concurrent answers to a parcel wait for each other, so that each gets a different number.
            rows.execute(_LOCK, {"of_id": parcel.id})
            known = rows.execute(_FIND, {"of_id": parcel.id, "of_key": key}).first()
            if known is not None:
                if not hmac.compare_digest(bytes(known.digest), digest):
                    raise ServiceError(409, "id-used", "Another answer has this key. Send this one under a new key.")
                return Accepted(number=known.number)
            number = int(rows.execute(_COUNT, {"of_id": parcel.id}).scalar_one()) + 1
            if number > MAX_ANSWERS:
                raise TooManyAnswers
            row = {"parcel": parcel.id, "number": number, "key": key, "digest": digest, "cms": cms, "at": at}
            rows.execute(_ADD, row)
            queue_answer(rows, parcel.id, number, sender=parcel.sender, at=datetime.fromtimestamp(at, UTC))
        return Accepted(number=number)
