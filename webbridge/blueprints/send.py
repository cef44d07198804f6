"""`/api/send`: pass a message to the submission server once, and report its outcome."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify, request

from webbridge.blueprints.copies import check_wish
from webbridge.errors import gateway_response
from webbridge.gateway import GatewayCode, GatewayError, MailConnection
from webbridge.gateway.imap import SEEN
from webbridge.gateway.imap_expiry import keyword_of
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.login.sessions import Session
from webbridge.records import recorded_send
from webbridge.sending.copies import CopyWish
from webbridge.sending.envelope import MAX_LINE_BYTES, check_key, read_upload
from webbridge.sending.ledger import Recorded, State
from webbridge.sending.once import Sending, send_once
from webbridge.services import require_session, services, tell_changed, with_mail

_log = logging.getLogger(__name__)

blueprint = Blueprint("send", __name__)


@blueprint.post("/send")
def send_message() -> Response:
    """Send the message in the body to the recipients in the first line, unless a message with its key was sent before.

    `outcome` is `sent` or `perhaps`. Any error except `server-error` means that no recipient got the message.
    `savedTo` is null if no copy was stored. A message that was perhaps sent has no copy, because a copy in the folder
    for sent mail would mean that it was sent.
    """
    session = require_session()
    config = services().config
    request.max_content_length = config.max_message_bytes + MAX_LINE_BYTES
    with services().sends.one(session):
        envelope, message = read_upload(request.stream, max_bytes=config.max_message_bytes)
        with message, recorded_send(session.address) as record:
            wish = envelope.copy or services().copies.of(session.address)
            sending = Sending(
                ledger=services().ledger,
                credentials=session.credentials,
                connections=services().pool.smtp_of(session.id, session.credentials),
                shared_addresses=config.shared_addresses,
                authserv_ids=config.authserv_ids_of(session.credentials.account.server),
                copy=wish,
                check_copy=lambda: _check_copy(session, wish),
                keep_copy=lambda message: _keep_copy(session, message, wish),
            )
            recorded = with_mail(session, lambda: send_once(sending, envelope, message))
            record.outcome = recorded.state.value
    return _answer(recorded)


@blueprint.get("/send")
def show_offers() -> Response:
    """Return the abilities of the submission server, which a client needs before an upload."""
    session = require_session()
    offers = with_mail(session, lambda: services().offers.of(session.credentials.account.server))
    own_most = services().config.max_message_bytes
    return jsonify(
        maxBytes=own_most if offers.max_bytes is None else min(own_most, offers.max_bytes),
        eightBit=offers.eight_bit,
        utf8=offers.utf8,
        reports=offers.reports,
        sharedAddresses=list(services().config.shared_addresses),
    )


@blueprint.get("/send/<key>")
def show_outcome(key: str) -> Response:
    """Return the answer to the request that sent a message in the last day, or `unknown` if nothing was sent."""
    session = require_session()
    recorded = services().ledger.find(session.address, check_key(key))
    return jsonify(outcome="unknown", savedTo=None) if recorded is None else _answer(recorded)


@blueprint.delete("/send/<key>")
def withdraw_key(key: str) -> Response:
    """Send nothing with this key any more, even if an upload is on its way. `withdrawn` means that nothing was sent."""
    session = require_session()
    recorded = services().ledger.withdraw(session.address, check_key(key))
    return jsonify(outcome="withdrawn", savedTo=None) if recorded is None else _answer(recorded)


@blueprint.post("/send/<key>/look")
def look_for_copy(key: str) -> Response:
    """Look in the folder for sent mail for a message that was perhaps sent. Some servers keep a copy by themselves.

    A copy counts only if no other message of the account has its Message-ID.
    """
    session = require_session()
    ledger = services().ledger
    recorded = ledger.find(session.address, check_key(key))
    if recorded is None:
        return jsonify(outcome="unknown", savedTo=None)
    if recorded.state is State.PERHAPS and recorded.message_id:
        folder = _find_in_sent(session, recorded.message_id)
        if folder is not None:
            answer = {"savedTo": folder}
            if ledger.was_found(session.address, key, recorded.message_id, answer):
                recorded = Recorded(state=State.SENT, message_id=recorded.message_id, answer=answer)
    return _answer(recorded)


def _answer(recorded: Recorded) -> Response:
    if recorded.state is State.REFUSED:
        answer = recorded.answer
        # The member `outcome` shows that this error is a recorded refusal, and not a failure of the present request.
        members = {**answer["members"], "outcome": recorded.state.value}
        return gateway_response(GatewayCode(answer["code"]), answer["message"], members)
    wish = {"copy": recorded.answer["copy"]} if "copy" in recorded.answer else {}
    return jsonify(outcome=recorded.state.value, savedTo=recorded.answer.get("savedTo"), **wish)


def _check_copy(session: Session, wish: CopyWish) -> None:
    """Raise an error before the message is sent if its copy cannot be deleted as wished."""
    check_wish(session, wish)
    if wish.days is not None:
        services().copies.expect_end(session.address, wish.days)


def _keep_copy(session: Session, message: OutgoingMessage, wish: CopyWish) -> str | None:
    """Store a copy in the folder for sent mail, and return the folder's name, or None after a failure.

    The message is already sent, so a failure raises no error.
    """
    flags = [SEEN] if wish.days is None else [SEEN, keyword_of(wish.days)]

    def append(connection: MailConnection, folder: str) -> str:
        connection.append(folder, message, flags)
        return folder

    try:
        pool = services().pool
        folder = pool.run_both(session.id, session.credentials, lambda connection: connection.sent_folder(), append)
        tell_changed(session, folder)
    except GatewayError as error:
        _log.warning("the copy of a sent message was not kept: %s", error.code.value)
    except Exception:  # noqa: BLE001 (the message is sent: an error from here on would say that it is not)
        _log.exception("the copy of a sent message was not kept")
    else:
        return folder
    return None


def _find_in_sent(session: Session, message_id: str) -> str | None:
    """Return the name of the folder for sent mail if the message is there."""

    def look(connection: MailConnection) -> str | None:
        folder = connection.sent_folder()
        return folder if connection.has_message_id(folder, message_id) else None

    return with_mail(session, lambda: services().pool.run(session.id, session.credentials, look))
