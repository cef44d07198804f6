"""`GET /api/folders`: the folders of the account."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webbridge.gateway import ImapConnection
from webbridge.services import require_session, services, with_mail

blueprint = Blueprint("folders", __name__)


@blueprint.get("/folders")
def list_folders() -> Response:
    """List the folders of the account with their counts."""
    session = require_session()
    pool = services().pool
    folders = with_mail(session, lambda: pool.run(session.id, session.credentials, ImapConnection.list_folders))
    return jsonify(
        folders=[
            {"name": folder.name, "role": folder.role, "total": folder.total, "unseen": folder.unseen}
            for folder in folders
        ]
    )
