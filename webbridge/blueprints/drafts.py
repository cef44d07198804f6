"""`/api/drafts`: keep a draft in the folder for drafts, and delete it. The bridge does not read a draft's content.

All versions of one draft have the same Message-ID. A new version replaces the earlier versions. Only Message-IDs of the
domain `draft.sealwax.invalid` are accepted, so that no draft of another program is changed.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from webbridge.blueprints.json_values import read_members, text_in
from webbridge.blueprints.mail_calls import call_mail, call_mail_once, id_of
from webbridge.sending.envelope import read_message
from webbridge.sending.header_check import message_id_of
from webbridge.services import require_session, services, tell_changed

MAX_REQUEST_BYTES = 4096

blueprint = Blueprint("drafts", __name__)


@blueprint.post("/drafts")
def keep_draft() -> Response:
    """Store the message in the body as a draft, and then delete the earlier drafts with its Message-ID."""
    session = require_session()
    most = services().config.max_message_bytes
    request.max_content_length = most
    with services().sends.one(session), read_message(request.stream, max_bytes=most) as message:
        message_id = message_id_of(message.header)
        draft = call_mail_once(session, lambda connection: connection.keep_draft(message, message_id))
    tell_changed(session, draft.folder)
    return jsonify(folder=id_of(session, draft.folder), uidValidity=draft.uid_validity, uid=draft.uid)


@blueprint.delete("/drafts")
def delete_draft() -> Response:
    """Delete the drafts with the Message-ID `messageId`. It is no error if there are no such drafts."""
    session = require_session()
    message_id = text_in(read_members(max_bytes=MAX_REQUEST_BYTES), "messageId")
    folder = call_mail(session, lambda connection: connection.delete_draft(message_id))
    tell_changed(session, folder)
    return Response(status=204)
