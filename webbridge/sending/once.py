"""The submission of one message, which is sent, refused or perhaps sent. Because of its key it is not sent twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sealwax.service import DatabaseUnavailable
from webbridge.errors import members_of
from webbridge.gateway import Credentials, MailServer, Outcome, submit_message
from webbridge.gateway.kept_smtp import CHECK_SECONDS
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.gateway.smtp import Connections
from webbridge.gateway.smtp_refusals import Refused
from webbridge.gateway.wire import MIN_BYTES_PER_SECOND
from webbridge.sending.copies import KEEP, CopyWish, render_wish
from webbridge.sending.envelope import Envelope
from webbridge.sending.header_check import check_header, leave_out_results
from webbridge.sending.ledger import Ledger, Recorded, State, Turn

# Time for the process's own work and for differences of clocks, besides the waiting for the mail server.
_SPARE_SECONDS: Final = 15.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The parts of the bridge, and the settings, that the sending of one message needs.

    Each account may send from `shared_addresses`. `authserv_ids` are the names of the servers whose
    Authentication-Results no message may contain. These addresses and names are in small letters. `copy` is the wish
    for the message's copy. `check_copy` raises an error if the mail server cannot fulfil the wish. `keep_copy` stores
    the copy and returns the folder's name, or None if it failed.
    """

    ledger: Ledger
    credentials: Credentials
    connections: Connections
    shared_addresses: Collection[str]
    authserv_ids: Collection[str]
    copy: CopyWish
    check_copy: Callable[[], None]
    keep_copy: Callable[[OutgoingMessage], str | None]


def send_once(sending: Sending, envelope: Envelope, message: OutgoingMessage) -> Recorded:
    """Send a message unless its key says that it was sent, and return the record of the message.

    A refusal after the last line is recorded, without the server's words. Any error means that no recipient got the
    message, and that the same key may be used again. Raises GatewayError as `submit_message` does, and ServiceError as
    `Ledger.begin` and `Ledger.will_end` do.
    """
    account, server = sending.credentials.account.address, sending.credentials.account.server
    message_id = check_header(message.header, account, shared_addresses=sending.shared_addresses)
    header = leave_out_results(message.header, sending.authserv_ids)
    if header != message.header:
        message.replace_header(header)
    seconds = _seconds_before_the_end(server, message) + (server.timeout_seconds if sending.copy.days else 0.0)
    turn = sending.ledger.begin(account, envelope.key, _digest(envelope, message), message_id, seconds=seconds)
    if isinstance(turn, Recorded):
        return turn
    recorded = _submit(sending, turn, envelope, message, message_id)
    if recorded.state is State.SENT and sending.copy.is_wanted:
        answer = {**recorded.answer, "savedTo": sending.keep_copy(message)}
        recorded = Recorded(state=State.SENT, message_id=message_id, answer=answer)
        _note(sending.ledger, turn, recorded)
    return recorded


def _submit(sending: Sending, turn: Turn, envelope: Envelope, message: OutgoingMessage, message_id: str) -> Recorded:
    ledger, server = sending.ledger, sending.credentials.account.server
    is_ending = False

    def before_last_line() -> None:
        nonlocal is_ending
        ledger.will_end(turn, seconds=server.timeout_seconds + _SPARE_SECONDS)
        is_ending = True

    try:
        sending.check_copy()
        outcome = submit_message(
            sending.credentials,
            message,
            envelope.recipients,
            reports=envelope.reports,
            before_last_line=before_last_line,
            connections=sending.connections,
        )
    except Refused as error:
        if not is_ending:
            _give_up(ledger, turn)
            raise
        answer = {"code": error.code.value, "message": error.message, "members": members_of(error)}
        recorded = Recorded(state=State.REFUSED, message_id=message_id, answer=answer)
        stored_answer = {**answer, "message": error.without_words}
        _note(ledger, turn, Recorded(state=State.REFUSED, message_id=message_id, answer=stored_answer))
        return recorded
    except BaseException:
        if not is_ending:
            _give_up(ledger, turn)
        raise
    else:
        state = State.SENT if outcome is Outcome.SENT else State.PERHAPS
        # For a message that was perhaps sent, the bridge stores no copy. A later search may find a copy that the server
        # has stored.
        has_wish = state is State.SENT and sending.copy != KEEP
        wish = {"copy": render_wish(sending.copy)} if has_wish else {}
        recorded = Recorded(state=state, message_id=message_id, answer={"savedTo": None, **wish})
    _note(ledger, turn, recorded)
    return recorded


def _give_up(ledger: Ledger, turn: Turn) -> None:
    """Let the key be used again: now, or after the turn if the database is unavailable."""
    with suppress(DatabaseUnavailable):
        ledger.give_up(turn)


def _note(ledger: Ledger, turn: Turn, recorded: Recorded) -> None:
    """Record the outcome. Without it, the answer to a repeated request is that the message was perhaps sent."""
    try:
        ledger.end(turn, recorded.state, recorded.answer)
    except DatabaseUnavailable:
        _log.warning("the outcome of a message was not written down: %s", recorded.state.value)


def _seconds_before_the_end(server: MailServer, message: OutgoingMessage) -> float:
    return CHECK_SECONDS + server.timeout_seconds + message.size_bytes / MIN_BYTES_PER_SECOND + _SPARE_SECONDS


def _digest(envelope: Envelope, message: OutgoingMessage) -> bytes:
    # Only the wish in the envelope counts here. The account's choice may change between two requests with one key.
    wishes = [
        envelope.recipients,
        render_wish(envelope.copy or KEEP),
        *([sorted(envelope.reports)] if envelope.reports else []),
    ]
    named = json.dumps(wishes).encode()
    return sha256(sha256(named).digest() + message.digest).digest()
