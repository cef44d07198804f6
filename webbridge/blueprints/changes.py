"""Changes of messages: flags, move, copy and delete. Each answer has the steps that undo it, for `POST /api/undo`."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import BadRequest

from sealwax.service import ServiceError
from webbridge.blueprints.json_values import read_members
from webbridge.blueprints.mail_calls import (
    MAX_CHANGE_BYTES,
    call_mail,
    call_mail_once,
    flag_in,
    folder_of,
    mailbox_of,
    texts_in,
    uids_in,
)
from webbridge.blueprints.undo_steps import MAX_UNDO_BYTES, answer_change, read_steps
from webbridge.gateway import Mailbox
from webbridge.gateway.undo import Changed
from webbridge.login.sessions import Session
from webbridge.retrieved import MAX_DAYS
from webbridge.services import require_session, services

blueprint = Blueprint("changes", __name__)


@blueprint.put("/folders/<folder_id>/<int:uid_validity>/flags")
def change_flags(folder_id: str, uid_validity: int) -> Response:
    """Set the flags in `add` and clear the flags in `remove` on the messages in `uids`."""
    session, mailbox, members, uids = _read_change(folder_id, uid_validity)
    add, remove = texts_in(members, "add"), texts_in(members, "remove")
    return answer_change(
        session,
        call_mail(session, lambda connection: connection.change_flags(mailbox, uids, add=add, remove=remove)),
    )


@blueprint.post("/folders/<folder_id>/<int:uid_validity>/move")
def move(folder_id: str, uid_validity: int) -> Response:
    """Move the messages in `uids` to the folder with the id `to`."""
    session, mailbox, members, uids = _read_change(folder_id, uid_validity)
    to = folder_of(session, members.get("to"))
    return answer_change(session, call_mail_once(session, lambda connection: connection.move(mailbox, uids, to)))


@blueprint.post("/folders/<folder_id>/<int:uid_validity>/copy")
def copy(folder_id: str, uid_validity: int) -> Response:
    """Copy the messages in `uids` to the folder with the id `to`."""
    session, mailbox, members, uids = _read_change(folder_id, uid_validity)
    to = folder_of(session, members.get("to"))
    return answer_change(session, call_mail_once(session, lambda connection: connection.copy(mailbox, uids, to)))


@blueprint.post("/folders/<folder_id>/<int:uid_validity>/delete")
def delete(folder_id: str, uid_validity: int) -> Response:
    """Move the messages in `uids` to the trash, or with `forever` delete messages of the trash."""
    session, mailbox, members, uids = _read_change(folder_id, uid_validity)
    if flag_in(members, "forever"):
        changed = call_mail_once(session, lambda connection: connection.delete_for_ever(mailbox, uids))
    else:
        changed = call_mail_once(session, lambda connection: connection.delete(mailbox, uids))
    return answer_change(session, changed)


@blueprint.post("/folders/<folder_id>/<int:uid_validity>/retrieved")
def were_retrieved(folder_id: str, uid_validity: int) -> Response:
    """Delete the messages in `uids`, which the reader has stored, after `afterDays` days. Only POP3 offers this."""
    session, mailbox, members, uids = _read_change(folder_id, uid_validity)
    days = members.get("afterDays")
    if type(days) is not int or not 0 <= days <= MAX_DAYS:
        raise ServiceError(400, "bad-request", f"The member afterDays is a number of days from 0 to {MAX_DAYS}.")
    messages = call_mail(session, lambda connection: connection.hashed_ids_of(mailbox, uids))
    if days == 0:
        call_mail_once(session, lambda connection: connection.delete_retrieved(messages))
        services().retrieved.forget(session.address, messages)
    else:
        services().retrieved.note(session.address, messages, days=days)
    return Response(status=204)


@blueprint.post("/undo")
def undo() -> Response:
    """Take the steps in `undo`, which come from an earlier answer. The answer has the steps that redo the change."""
    session = require_session()
    steps = read_steps(session, read_members(max_bytes=MAX_UNDO_BYTES).get("undo"))
    if not steps:
        raise BadRequest
    # All steps are in one call, so the whole request waits for the mail server no longer than any other request.
    done = call_mail_once(session, lambda connection: [connection.take_step(step) for step in steps])
    for changed in done:
        services().folder_choices.were_renamed(session.address, changed.renamed)
    again = tuple(step for changed in reversed(done) for step in changed.undo)
    return answer_change(session, Changed(undo=again, is_marked_only=any(changed.is_marked_only for changed in done)))


def _read_change(folder_id: str, uid_validity: int) -> tuple[Session, Mailbox, dict[str, object], list[int]]:
    """Return the session and the folder of a change, the members of its request, and the UIDs among them."""
    session = require_session()
    mailbox = mailbox_of(session, folder_id, uid_validity)
    members = read_members(max_bytes=MAX_CHANGE_BYTES)
    return session, mailbox, members, uids_in(members)
