"""`POST /api/send`: pass the bytes to the submission server, then store a copy in Sent."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify, request

from webbridge.gateway import GatewayError, MailConnection, Outcome, submit_message
from webbridge.gateway.imap import SEEN
from webbridge.login.sessions import Session
from webbridge.records import recorded_send
from webbridge.security import RECIPIENTS_HEADER
from webbridge.services import require_session, services, with_mail

_log = logging.getLogger(__name__)

blueprint = Blueprint("send", __name__)


@blueprint.post("/send")
def send_message() -> Response:
    """Send the body to the recipients in the header X-Sealwax-Recipients, and return the outcome.

    `outcome` is `sent` or `perhaps`; an error means that no recipient got the message. `savedTo` is null if no copy was
    stored. A message that was perhaps sent has no copy, because a copy in the Sent folder would mean that it was sent.
    """
    session = require_session()
    config = services().config
    message = request.get_data(cache=False)
    # Werkzeug cuts a body of unknown length at the limit, and raises its error only at the next read.
    request.stream.read(1)
    recipients = [part.strip() for part in request.headers.get(RECIPIENTS_HEADER, "").split(",") if part.strip()]
    with recorded_send(session.address) as record:
        outcome = with_mail(
            session,
            lambda: submit_message(
                session.credentials,
                message,
                recipients,
                max_bytes=config.max_message_bytes,
            ),
        )
        record.outcome = outcome.value
    saved_to = _keep_copy(session, message) if outcome is Outcome.SENT else None
    return jsonify(outcome=outcome.value, savedTo=saved_to)


def _keep_copy(session: Session, message: bytes) -> str | None:
    """Store a copy in Sent, and return the name of the folder, or None after a failure.

    The message is already sent, so a failure raises no error.
    """

    def append(connection: MailConnection) -> str:
        folder = connection.sent_folder()
        connection.append(folder, message, [SEEN])
        return folder

    try:
        return services().pool.run_once(session.id, session.credentials, append)
    except GatewayError as error:
        _log.warning("the copy of a sent message was not kept: %s", error.code.value)
    except Exception:  # noqa: BLE001 (the message is sent: an error from here on would say that it is not)
        _log.exception("the copy of a sent message was not kept")
    return None
