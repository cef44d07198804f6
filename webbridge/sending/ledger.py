"""The record of the last day's messages. Each has a key from its sender, so that no message is sent twice.

A message is `begun` before the mail server sees it, and `ending` before the bridge sends the last line, which ends the
message (RFC 5321 section 4.1.1.4). Only the request that began the message may send its last line, and only within the
request's turn. A turn ends when its time is over, or when its process is gone. Each step changes the row only if the
turn still owns it. So a process that was counted as dead, but still runs, sends no last line. Before the bridge answers
that nothing was sent, it ends the turn. After a last line the message is never sent again. If its outcome was not
recorded, it was perhaps sent.
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
from webbridge.gateway import GatewayCode
from webbridge.places.processes import NOTICED_SECONDS, is_gone

KEPT_SECONDS: Final = 24 * 60 * 60
_OWNER_BYTES: Final = 16
# The digest for a key that its sender withdrew. Digests have 32 bytes, so no message has this digest.
_NO_DIGEST: Final = b""
_WITHDRAWN: Final = {
    "code": GatewayCode.MESSAGE_REFUSED.value,
    "message": "The message was withdrawn before it was sent.",
    "members": {},
}


# The parameters that select a row: by account and key, and by the random value of the turn that owns the row. The other
# parameters have the names of columns, and are new values.
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
    """A message of the last day: its state, its Message-ID or "", and the members of the answer to its sender."""

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
    """Another request is sending this message, or this request's turn is over."""

    def __init__(self, seconds: float) -> None:
        text = "This message is being sent already. Ask again in a moment."
        super().__init__(409, "already-sending", text, max(1, ceil(seconds)))


# Made once, because making a statement takes longer than running it.
_IS: Final = (SUBMISSION.c.account == bindparam(_ACCOUNT), SUBMISSION.c.key == bindparam(_KEY))
_IS_OWNED: Final = (*_IS, SUBMISSION.c.owner == bindparam(_OWNER))
_FIND: Final = select(SUBMISSION).where(*_IS).with_for_update()
_CHANGE: Final = update(SUBMISSION).where(*_IS)
_WILL_END: Final = update(SUBMISSION).where(
    *_IS_OWNED, SUBMISSION.c.state == State.BEGUN, SUBMISSION.c.busy_until > bindparam("at")
)
_END: Final = update(SUBMISSION).where(*_IS_OWNED, SUBMISSION.c.state != State.BEGUN)
_GIVE_UP: Final = delete(SUBMISSION).where(*_IS_OWNED, SUBMISSION.c.state == State.BEGUN)
_RAN_OUT: Final = delete(SUBMISSION).where(*_IS, SUBMISSION.c.state == State.BEGUN)
_SAME_ID: Final = (SUBMISSION.c.account == bindparam(_ACCOUNT), SUBMISSION.c.message_id == bindparam("same_id"))
_KEEP_SAME_ID: Final = update(SUBMISSION).where(*_SAME_ID)
_FIND_SAME_ID: Final = (
    select(SUBMISSION.c.key)
    .where(*_SAME_ID, SUBMISSION.c.key != bindparam(_KEY), SUBMISSION.c.state != State.REFUSED)
    .limit(1)
)
_WAS_FOUND: Final = update(SUBMISSION).where(*_IS, SUBMISSION.c.state == State.PERHAPS)
_FORGET_OLD: Final = delete(SUBMISSION).where(SUBMISSION.c.begun_at <= bindparam("oldest"))


class Ledger:
    """The messages of one bridge. `process` gives the id of this process (`webbridge.places`)."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], process: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._process = process
        self._add = insert_into(database, SUBMISSION).on_conflict_do_nothing().returning(SUBMISSION.c.key)

    def begin(self, account: str, key: str, digest: bytes, message_id: str, *, seconds: float) -> Turn | Recorded:
        """Return the turn to send a message within `seconds`, or the record of the message if its outcome is known.

        `digest` is the digest of the envelope and the message. Raises NotOurTurn while another request sends the
        message, and ServiceError if the key belongs to another message.
        """
        turn = _turn(account, key)
        at = self._clock().timestamp()
        process = self._process()
        row = _row(turn, digest=digest, message_id=message_id, begun_at=at, busy_until=at + seconds, process=process)
        with self._database.transaction(durable=False) as rows:
            rows.execute(_FORGET_OLD, {"oldest": at - KEPT_SECONDS})
            if message_id:
                # Earlier messages with this Message-ID are kept as long as this message, because a copy in the folder
                # for sent mail may be a copy of any of them.
                rows.execute(_KEEP_SAME_ID, {_ACCOUNT: turn.account, "same_id": message_id, "begun_at": at})
            known = rows.execute(_FIND, turn.name).first()
            if known is None:
                if rows.execute(self._add, row).first() is None:
                    # On PostgreSQL, another request has added the row since the SELECT.
                    raise NotOurTurn(0)
                return turn
            recorded = self._settle(rows, turn, known, at)
            if recorded.state is not State.BEGUN:
                if bytes(known.digest) != digest:
                    raise ServiceError(422, "key-used", "This key belongs to another message. Send it under a new one.")
                return recorded
            # The process that began the message has died, or lost its turn. It had not sent the last line, and now
            # never can. So the key may name another message, such as the same text encrypted anew.
            rows.execute(_CHANGE, {**turn.name, **row})
            return turn

    def will_end(self, turn: Turn, *, seconds: float) -> None:
        """Note that the last line is sent next, and answered within `seconds`. Raises NotOurTurn."""
        at = self._clock().timestamp()
        # From here on the row is durable, so nothing is sent again after a power failure.
        with self._database.transaction() as rows:
            step = rows.execute(_WILL_END, {**turn.owned, "at": at, "state": State.ENDING, "busy_until": at + seconds})
            if step.rowcount != 1:
                raise NotOurTurn(0)

    def end(self, turn: Turn, state: State, answer: Mapping[str, Any]) -> None:
        """Note the outcome. A later call for the same turn replaces the outcome."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(_END, {**turn.owned, "state": state, "answer": json.dumps(answer), "busy_until": 0.0})

    def give_up(self, turn: Turn) -> None:
        """Delete a message that no recipient got, so that its key may be used again."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(_GIVE_UP, turn.owned)

    def find(self, account: str, key: str) -> Recorded | None:
        """Return the record of a message, or None if the key is unknown. Raises NotOurTurn while it is being sent.

        After None, no request that has called `begin` will send the message. A request that is still being uploaded has
        not called it, and may send the message: see `withdraw`.
        """
        turn = _turn(account, key)
        # This gives the process an id. Only a process with an id notices the end of other processes.
        self._process()
        with self._database.transaction(durable=False) as rows:
            return self._find(rows, turn, self._clock().timestamp())

    def withdraw(self, account: str, key: str) -> Recorded | None:
        """Withdraw a key. Return the record of its message, or None if no recipient got the message or will get it.

        After None, an upload that is still on its way finds the key used, and is not sent. Raises NotOurTurn while the
        message is being sent.
        """
        turn = _turn(account, key)
        at = self._clock().timestamp()
        row = _row(turn, digest=_NO_DIGEST, message_id="", begun_at=at, busy_until=0.0, process=self._process())
        with self._database.transaction(durable=False) as rows:
            recorded = self._find(rows, turn, at)
            if recorded is not None:
                return None if recorded.state is State.REFUSED else recorded
            withdrawn = {**row, "state": State.REFUSED, "answer": json.dumps(_WITHDRAWN)}
            if rows.execute(self._add, withdrawn).first() is None:
                # On PostgreSQL, a request has added the row since the SELECT.
                raise NotOurTurn(0)
        return None

    def was_found(self, account: str, key: str, message_id: str, answer: Mapping[str, Any]) -> bool:
        """Note that a message that was perhaps sent is in the folder for sent mail, and so was sent.

        Return False if another message of the account has the same Message-ID, because the copy may be of that message.
        """
        turn = _turn(account, key)
        with self._database.transaction(durable=False) as rows:
            if rows.execute(_FIND_SAME_ID, {**turn.name, "same_id": message_id}).first() is not None:
                return False
            rows.execute(_WAS_FOUND, {**turn.name, "state": State.SENT, "answer": json.dumps(answer)})
        return True

    def _find(self, rows: Connection, turn: Turn, at: float) -> Recorded | None:
        known = rows.execute(_FIND, turn.name).first()
        recorded = None if known is None else self._settle(rows, turn, known, at)
        if recorded is not None and recorded.state is State.BEGUN:
            # The turn has run out. Without the row, the request that began the message cannot send the last line. So
            # the answer that nothing was sent stays right.
            rows.execute(_RAN_OUT, turn.name)
            return None
        return recorded

    def _settle(self, rows: Connection, turn: Turn, known: Row[Any], at: float) -> Recorded:
        """Return the record of a message. If its end was not recorded, it was perhaps sent. Raises NotOurTurn."""
        state = State(known.state)
        # If `begun_at` is in the future, a wrong clock wrote it. Then the turn counts as run out, because it could last
        # for ever.
        has_time = at < known.busy_until and known.begun_at <= at + CLOCK_SLACK_SECONDS
        if state in (State.BEGUN, State.ENDING) and has_time and not (known.process and is_gone(rows, known.process)):
            raise NotOurTurn(min(known.busy_until - at, NOTICED_SECONDS))
        if state is State.ENDING:
            state = State.PERHAPS
            rows.execute(_CHANGE, {**turn.name, "state": state})
        return Recorded(state=state, message_id=known.message_id, answer=json.loads(known.answer))


def _turn(account: str, key: str) -> Turn:
    return Turn(_hashed("account", account.casefold()), _hashed("key", key), secrets.token_bytes(_OWNER_BYTES))


def _row(
    turn: Turn, *, digest: bytes, message_id: str, begun_at: float, busy_until: float, process: str
) -> dict[str, Any]:
    return {
        "account": turn.account,
        "key": turn.key,
        "digest": digest,
        "owner": turn.owner,
        "state": State.BEGUN,
        "message_id": message_id,
        "answer": "{}",
        "begun_at": begun_at,
        "busy_until": busy_until,
        "process": process,
    }


def _hashed(kind: str, value: str) -> bytes:
    return sha256(f"sealwax submission {kind}\0{value}".encode()).digest()
