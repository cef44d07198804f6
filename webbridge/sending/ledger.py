"""The messages of the last day by their keys, so that none is sent twice.

A message is `begun` before the mail server sees it, and `ending` before the line that ends it (RFC 5321 section
4.1.1.4). Only the request that began it may end it, and each step is one UPDATE that names the step before. So a
process that was believed dead sends no last line. After a last line the message is never sent again: if nobody has
written down its outcome, it was perhaps sent.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from math import ceil
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from sealwax.service import CLOCK_SLACK_SECONDS, Database, ServiceError
from sealwax.service.database import insert_into
from webbridge.database.tables import SUBMISSION

KEPT_SECONDS: Final = 24 * 60 * 60
_OWNER_BYTES: Final = 16


# The parameters that name a message and its owner. The names of columns are reserved for new values.
_ACCOUNT, _KEY, _OWNER = "of_account", "of_key", "of_owner"


class State(StrEnum):
    """The state of a message, as stable words for programs and in the table."""

    BEGUN = "begun"
    ENDING = "ending"
    SENT = "sent"
    REFUSED = "refused"
    PERHAPS = "perhaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A message of the last day: its state, its Message-ID or "", and the members of the answer."""

    state: State
    message_id: str
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """The right of one request to send one message."""

    account: bytes
    key: bytes
    owner: bytes

    @property
    def name(self) -> dict[str, bytes]:
        """The parameters that name the message in a statement."""
        return {_ACCOUNT: self.account, _KEY: self.key}

    @property
    def owned(self) -> dict[str, bytes]:
        """The parameters that name the message while this turn owns it."""
        return {**self.name, _OWNER: self.owner}


class NotOurTurn(ServiceError):
    """Another request sends this message, or has sent it."""

    def __init__(self, seconds: float) -> None:
        text = "This message is being sent already. Ask again in a moment."
        super().__init__(409, "already-sending", text, max(1, ceil(seconds)))


# Made once, because making a statement takes longer than running it.
_IS: Final = (SUBMISSION.c.account == bindparam(_ACCOUNT), SUBMISSION.c.key == bindparam(_KEY))
_IS_OWNED: Final = (*_IS, SUBMISSION.c.owner == bindparam(_OWNER))
_FIND: Final = select(SUBMISSION).where(*_IS).with_for_update()
_CHANGE: Final = update(SUBMISSION).where(*_IS)
_WILL_END: Final = update(SUBMISSION).where(*_IS_OWNED, SUBMISSION.c.state == State.BEGUN)
_END: Final = update(SUBMISSION).where(*_IS_OWNED, SUBMISSION.c.state != State.BEGUN)
_GIVE_UP: Final = delete(SUBMISSION).where(*_IS_OWNED, SUBMISSION.c.state == State.BEGUN)
_WAS_FOUND: Final = update(SUBMISSION).where(*_IS, SUBMISSION.c.state == State.PERHAPS)
_FORGET_OLD: Final = delete(SUBMISSION).where(SUBMISSION.c.begun_at <= bindparam("oldest"))


class Ledger:
    """The messages of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._add = insert_into(database, SUBMISSION).on_conflict_do_nothing().returning(SUBMISSION.c.key)

    def begin(self, account: str, key: str, digest: bytes, message_id: str, *, seconds: float) -> Turn | Recorded:
        """Return the turn to send a message within `seconds`, or what became of it if it was sent before.

        `digest` is of the envelope and the message. Raises NotOurTurn while another request sends it, and ServiceError
        if the key belongs to another message.
        """
        turn = Turn(_hashed("account", account.casefold()), _hashed("key", key), secrets.token_bytes(_OWNER_BYTES))
        at = self._clock().timestamp()
        row = {
            "account": turn.account,
            "key": turn.key,
            "digest": digest,
            "owner": turn.owner,
            "state": State.BEGUN,
            "message_id": message_id,
            "answer": "{}",
            "begun_at": at,
            "busy_until": at + seconds,
        }
        with self._database.transaction(durable=False) as rows:
            rows.execute(_FORGET_OLD, {"oldest": at - KEPT_SECONDS})
            known = rows.execute(_FIND, turn.name).first()
            if known is None:
                if rows.execute(self._add, row).first() is None:
                    # On PostgreSQL, another request has added it since the SELECT.
                    raise NotOurTurn(0)
                return turn
            recorded = self._settle(rows, turn, known, at)
            if recorded.state is not State.BEGUN:
                if bytes(known.digest) != digest:
                    raise ServiceError(422, "key-used", "This key belongs to another message. Send it under a new one.")
                return recorded
            # The process that began it has died, or lost its turn: it had not sent the last line, and now never can.
            # So the key may also name another message, such as the same one encrypted anew.
            rows.execute(_CHANGE, {**turn.name, **row})
            return turn

    def will_end(self, turn: Turn, *, seconds: float) -> None:
        """Note that the line that ends the message follows, and its answer within `seconds`. Raises NotOurTurn."""
        busy_until = self._clock().timestamp() + seconds
        # Durable, and so is the row itself from here on: after a power failure, nothing is sent again.
        with self._database.transaction() as rows:
            step = rows.execute(_WILL_END, {**turn.owned, "state": State.ENDING, "busy_until": busy_until})
            if step.rowcount != 1:
                raise NotOurTurn(0)

    def end(self, turn: Turn, state: State, answer: Mapping[str, Any]) -> None:
        """Note the outcome. Later calls for the same turn replace it."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(_END, {**turn.owned, "state": state, "answer": json.dumps(answer), "busy_until": 0.0})

    def give_up(self, turn: Turn) -> None:
        """Forget a message that no recipient got, so that its key may be used again."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(_GIVE_UP, turn.owned)

    def find(self, account: str, key: str) -> Recorded | None:
        """Return what became of a message, or None if the key is unknown. Raises NotOurTurn while it is being sent."""
        turn = Turn(_hashed("account", account.casefold()), _hashed("key", key), b"")
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            known = rows.execute(_FIND, turn.name).first()
            recorded = None if known is None else self._settle(rows, turn, known, at)
        return None if recorded is None or recorded.state is State.BEGUN else recorded

    def was_found(self, account: str, key: str, answer: Mapping[str, Any]) -> None:
        """Note that a message that was perhaps sent is in the folder for sent mail, and so was sent."""
        turn = Turn(_hashed("account", account.casefold()), _hashed("key", key), b"")
        with self._database.transaction(durable=False) as rows:
            rows.execute(_WAS_FOUND, {**turn.name, "state": State.SENT, "answer": json.dumps(answer)})

    def _settle(self, rows: Connection, turn: Turn, known: Row[Any], at: float) -> Recorded:
        """Return the record of a message. One whose end nobody wrote down was perhaps sent. Raises NotOurTurn."""
        state = State(known.state)
        # A time further ahead was written by a wrong clock, and the turn would not run out before that time.
        is_running = at < known.busy_until and known.begun_at <= at + CLOCK_SLACK_SECONDS
        if state in (State.BEGUN, State.ENDING) and is_running:
            raise NotOurTurn(known.busy_until - at)
        if state is State.ENDING:
            state = State.PERHAPS
            rows.execute(_CHANGE, {**turn.name, "state": state})
        return Recorded(state=state, message_id=known.message_id, answer=json.loads(known.answer))


def _hashed(kind: str, value: str) -> bytes:
    return sha256(f"sealwax submission {kind}\0{value}".encode()).digest()
