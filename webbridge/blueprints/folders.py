"""`/api/folders`: the folders of the account."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webbridge.gateway import Folder
from webbridge.login.sessions import Session
from webbridge.services import require_session, services, with_mail

blueprint = Blueprint("folders", __name__)


@blueprint.get("/folders")
def list_folders() -> Response:
    """List the folders of the account with their counts."""
    session = require_session()
    pool = services().pool
    folders = with_mail(
        session, lambda: pool.run(session.id, session.credentials, lambda connection: connection.list_folders())
    )
    return jsonify(folders=[_render(folder, session) for folder in folders])


def _render(folder: Folder, session: Session) -> dict[str, object]:
    return {
        "id": services().folder_ids.id_of(session.address, folder.name),
        "name": folder.name,
        "role": folder.role,
        "total": folder.total,
        "unseen": folder.unseen,
        "uidValidity": folder.uid_validity,
        "rights": sorted(folder.rights),
    }
