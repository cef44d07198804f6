"""`/api/folders`: the folders of the account and their changes. Names are in bodies only, never in paths."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from sealwax.service import ServiceError
from webbridge.blueprints.json_values import read_members, text_in
from webbridge.blueprints.mail_calls import EXTENSION_ROLES, call_mail, call_mail_once, flag_in, folder_of, id_of
from webbridge.blueprints.undo_steps import answer_change, render_change
from webbridge.gateway import Folder, GatewayCode, GatewayError
from webbridge.gateway.folder_uses import FolderUses
from webbridge.gateway.imap_folders import Role
from webbridge.gateway.imap_namespaces import Place
from webbridge.gateway.imap_syntax import write_folder_name
from webbridge.gateway.undo import Changed
from webbridge.login.sessions import Session
from webbridge.services import require_session, services

MAX_NAME_BYTES = 4096
_USES = frozenset(Role) - {Role.INBOX}

blueprint = Blueprint("folders", __name__)


@blueprint.get("/folders")
def list_folders() -> Response:
    """List the folders of the account with their counts. An extension's session sees only Sent and Drafts."""
    session = require_session()
    folders = call_mail(session, lambda connection: connection.list_folders())
    seen = [folder for folder in folders if not session.origin or folder.role in EXTENSION_ROLES]
    uses = services().folder_choices.of(session.address)
    return jsonify(folders=[_render(folder, session, uses) for folder in seen])


@blueprint.post("/folders")
def create_folder() -> Response:
    """Make the folder `name`, which includes the names of its parents, with the server's separator.

    If the mail server keeps a person's folders below a prefix, the folder gets this prefix.
    """
    session = require_session()
    name = text_in(read_members(max_bytes=MAX_NAME_BYTES), "name")
    changed = call_mail_once(session, lambda connection: connection.create_folder(name))
    return jsonify({"id": id_of(session, changed.folder)} | render_change(session, changed))


@blueprint.put("/folders/<folder_id>")
def rename_folder(folder_id: str) -> Response:
    """Give the folder the name `name`. Its id changes with it."""
    session = require_session()
    folder, name = folder_of(session, folder_id), text_in(read_members(max_bytes=MAX_NAME_BYTES), "name")
    changed = call_mail_once(session, lambda connection: connection.rename_folder(folder, name))
    services().folder_choices.were_renamed(session.address, changed.renamed)
    return jsonify({"id": id_of(session, changed.folder)} | render_change(session, changed))


@blueprint.delete("/folders/<folder_id>")
def delete_folder(folder_id: str) -> Response:
    """Delete an empty folder, or with `withMessages` any folder."""
    session = require_session()
    folder = folder_of(session, folder_id)
    with_messages = flag_in(read_members(max_bytes=MAX_NAME_BYTES) if request.content_length else {}, "withMessages")
    return answer_change(
        session,
        call_mail_once(session, lambda connection: connection.delete_folder(folder, with_messages=with_messages)),
    )


@blueprint.put("/folders/<folder_id>/use")
def choose_use(folder_id: str) -> Response:
    """Use the folder for the role `use`, in place of the folder that had this role. With null, the choice ends."""
    session = require_session()
    folder, use = folder_of(session, folder_id), read_members(max_bytes=MAX_NAME_BYTES).get("use")
    if session.origin:
        raise ServiceError(403, "not-allowed", "An extension may not choose this. Use the bridge's pages.")
    if use is not None and not (isinstance(use, str) and use in _USES):
        raise BadRequest
    listed = call_mail(session, lambda connection: connection.list_folders())
    if not any(
        listed_folder.name == folder and listed_folder.place is Place.OWN and listed_folder.role is not Role.INBOX
        for listed_folder in listed
    ):
        raise GatewayError(GatewayCode.NO_SUCH_FOLDER, "There is no such folder of your own.")
    services().folder_choices.choose(session.address, folder, None if use is None else Role(use))
    return answer_change(session, Changed())


@blueprint.put("/folders/<folder_id>/subscription")
def subscribe(folder_id: str) -> Response:
    """Subscribe to the folder."""
    return _subscribe(folder_id, is_subscribed=True)


@blueprint.delete("/folders/<folder_id>/subscription")
def unsubscribe(folder_id: str) -> Response:
    """End the subscription to the folder."""
    return _subscribe(folder_id, is_subscribed=False)


def _subscribe(folder_id: str, *, is_subscribed: bool) -> Response:
    session = require_session()
    folder = folder_of(session, folder_id)
    return answer_change(
        session, call_mail(session, lambda connection: connection.subscribe(folder, is_subscribed=is_subscribed))
    )


def _render(folder: Folder, session: Session, uses: FolderUses) -> dict[str, object]:
    return {
        "id": id_of(session, folder.name),
        "name": folder.name,
        "delimiter": folder.delimiter,
        "role": folder.role,
        "use": uses.chosen_for(write_folder_name(folder.name)),
        "total": folder.total,
        "unseen": folder.unseen,
        "uidValidity": folder.uid_validity,
        "subscribed": folder.is_subscribed,
        "rights": sorted(folder.rights),
        "place": folder.place,
        "prefix": folder.prefix,
    }
