"""The steps that undo a change, in JSON: `{"do": "move", "folder": ID, "uidValidity": N, "uids": […], "to": ID}`.

A page posts the steps back as it got them. They are checked like direct requests of a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, jsonify
from werkzeug.exceptions import BadRequest

from webbridge.blueprints.mail_calls import flag_in, folder_of, id_of, mailbox_of, texts_in, uids_in
from webbridge.gateway.door import MAX_FLAGS
from webbridge.gateway.undo import (
    Changed,
    CreateStep,
    DeleteStep,
    FlagStep,
    MoveStep,
    RemoveStep,
    RenameStep,
    Step,
    SubscribeStep,
)
from webbridge.login.sessions import Session

MAX_STEPS = MAX_FLAGS  # A change of flags needs more steps than any other change.
MAX_UNDO_BYTES = 512 * 1024  # The size of MAX_STEPS steps with 1,000 messages each.


def answer_change(session: Session, changed: Changed) -> Response:
    """Return the answer to a change that has no members but those of each change."""
    return jsonify(render_change(session, changed))


def render_change(session: Session, changed: Changed) -> dict[str, object]:
    """Return the outcome of a change for JSON."""
    return {
        "undo": [_render(session, step) for step in changed.undo],
        "markedOnly": changed.is_marked_only,
    }


def read_steps(session: Session, value: object) -> list[Step]:
    """Return the steps of a request. Raises BadRequest or GatewayError."""
    if not isinstance(value, list) or len(value) > MAX_STEPS:
        raise BadRequest
    return [_read(session, step) for step in value]


def _render(session: Session, step: Step) -> dict[str, object]:
    match step:
        case FlagStep():
            return {"do": "flags", **_place(session, step), "add": list(step.add), "remove": list(step.remove)}
        case MoveStep():
            return {"do": "move", **_place(session, step), "to": id_of(session, step.to)}
        case RemoveStep():
            return {"do": "remove", **_place(session, step)}
        case RenameStep():
            return {"do": "rename", "folder": id_of(session, step.folder), "to": id_of(session, step.to)}
        case CreateStep():
            return {"do": "create", "folder": id_of(session, step.folder)}
        case DeleteStep():
            return {"do": "delete", "folder": id_of(session, step.folder)}
        case SubscribeStep():
            return {"do": "subscribe", "folder": id_of(session, step.folder), "subscribed": step.is_subscribed}


def _place(session: Session, step: FlagStep | MoveStep | RemoveStep) -> dict[str, object]:
    mailbox = step.mailbox
    return {"folder": id_of(session, mailbox.name), "uidValidity": mailbox.uid_validity, "uids": list(step.uids)}


def _read(session: Session, value: object) -> Step:
    if not isinstance(value, dict):
        raise BadRequest
    members: Mapping[str, object] = value
    match members.get("do"):
        case "flags" | "move" | "remove" as verb:
            return _read_message_step(session, verb, members)
        case "rename":
            return RenameStep(
                folder=folder_of(session, members.get("folder")), to=folder_of(session, members.get("to"))
            )
        case "create":
            return CreateStep(folder=folder_of(session, members.get("folder")))
        case "delete":
            return DeleteStep(folder=folder_of(session, members.get("folder")))
        case "subscribe":
            folder = folder_of(session, members.get("folder"))
            return SubscribeStep(folder=folder, is_subscribed=flag_in(members, "subscribed"))
    raise BadRequest


def _read_message_step(session: Session, verb: str, members: Mapping[str, object]) -> Step:
    mailbox = mailbox_of(session, members.get("folder"), members.get("uidValidity"))
    uids = uids_in(members)
    if verb == "flags":
        return FlagStep(mailbox=mailbox, uids=uids, add=texts_in(members, "add"), remove=texts_in(members, "remove"))
    if verb == "move":
        return MoveStep(mailbox=mailbox, uids=uids, to=folder_of(session, members.get("to")))
    return RemoveStep(mailbox=mailbox, uids=uids)
