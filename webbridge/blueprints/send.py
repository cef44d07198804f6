"""`POST /api/send`: hand the bytes to the submission server, then keep a copy in Sent."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify, request

from webbridge.gateway import GatewayError, ImapConnection, Outcome, submit_message
from webbridge.gateway.imap import Flag
from webbridge.security import RECIPIENTS_HEADER
from webbridge.services import require_session, services, with_mail
from webbridge.sessions import Session

_log = logging.getLogger(__name__)

blueprint = Blueprint("send", __name__)


@blueprint.post("/send")
def send_message() -> Response:
    """Send the body to the recipients of the header, and say what became of it.

    `outcome` is `sent` or `perhaps`; an error says that nobody got the message. `savedTo` is null when no copy was
    kept. A message that was perhaps sent has none: it would say in the Sent folder that it was.
    """
    session = require_session()
    config = services().config
    message = request.get_data(cache=False)
    # Of a body that did not say its length, Werkzeug gives no more than the limit, and says so at the next look only.
    request.stream.read(1)
    recipients = [part.strip() for part in request.headers.get(RECIPIENTS_HEADER, "").split(",") if part.strip()]
    outcome = with_mail(
        session,
        lambda: submit_message(
            config.mail_server,
            session.credentials,
            message,
            recipients=recipients,
            max_bytes=config.max_message_bytes,
        ),
    )
    saved_to = _keep_copy(session, message) if outcome is Outcome.SENT else None
    return jsonify(outcome=outcome.value, savedTo=saved_to)


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
    except Exception:  # noqa: BLE001 (the message has left: any error from here on would say that it has not)
        _log.exception("the copy of a sent message was not kept")
    return None
