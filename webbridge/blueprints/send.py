"""`POST /api/send`: hand the bytes to the submission server, then keep a copy in Sent."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify, request

from webbridge.gateway import GatewayError, ImapConnection, submit_message
from webbridge.gateway.imap import Flag
from webbridge.security import RECIPIENTS_HEADER
from webbridge.services import require_session, services, with_mail
from webbridge.sessions import Session

_log = logging.getLogger(__name__)

blueprint = Blueprint("send", __name__)


@blueprint.post("/send")
def send_message() -> Response:
    """Send the body to the recipients of the header; `savedTo` is null when the copy could not be kept."""
    session = require_session()
    config = services().config
    message = request.get_data(cache=False)
    recipients = [part.strip() for part in request.headers.get(RECIPIENTS_HEADER, "").split(",") if part.strip()]
    with_mail(
        session,
        lambda: submit_message(
            config.mail_server,
            session.credentials,
            message,
            recipients=recipients,
            max_bytes=config.max_message_bytes,
        ),
    )
    return jsonify(savedTo=_keep_copy(session, message))


def _keep_copy(session: Session, message: bytes) -> str | None:
    """Return the folder with the copy. A failure here is no failure to send: nobody must send again for it."""

    def append(connection: ImapConnection) -> str:
        folder = connection.sent_folder()
        connection.append(folder, message, [Flag.SEEN])
        return folder

    try:
        return services().pool.run_once(session.id, session.credentials, append)
    except GatewayError as error:
        _log.warning("the copy of a sent message was not kept: %s", error.code.value)
        return None
