"""`/api/folders/<folder_id>/access`: the people who have rights in a folder of the account (RFC 4314)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import BadRequest

from sealwax.service import ServiceError
from webbridge.blueprints.json_values import read_members, text_in
from webbridge.blueprints.mail_calls import call_mail, folder_of
from webbridge.gateway import Grant, Level
from webbridge.login.sessions import Session
from webbridge.services import require_session

MAX_BYTES = 4096

blueprint = Blueprint("access", __name__)


@blueprint.get("/folders/<folder_id>/access")
def list_access(folder_id: str) -> Response:
    """List the people and other identifiers with rights in the folder."""
    session = require_session()
    folder = folder_of(session, folder_id)
    return _render(session, call_mail(session, lambda connection: connection.list_access(folder)))


@blueprint.put("/folders/<folder_id>/access")
def grant_access(folder_id: str) -> Response:
    """Give the person `name` the rights of `level`, and list all people with rights."""
    session = require_session()
    members = read_members(max_bytes=MAX_BYTES)
    folder, person, level = folder_of(session, folder_id), _person_in(session, members), _level_in(members)
    call_mail(session, lambda connection: connection.grant_access(folder, person, level))
    return _render(session, call_mail(session, lambda connection: connection.list_access(folder)))


@blueprint.delete("/folders/<folder_id>/access")
def withdraw_access(folder_id: str) -> Response:
    """Take the rights of the person `name` away, and list all people with rights."""
    session = require_session()
    folder, person = folder_of(session, folder_id), _person_in(session, read_members(max_bytes=MAX_BYTES))
    call_mail(session, lambda connection: connection.withdraw_access(folder, person))
    return _render(session, call_mail(session, lambda connection: connection.list_access(folder)))


def _person_in(session: Session, members: dict[str, object]) -> str:
    """Return the member `name`. Raises BadRequest, or ServiceError for the account's own name."""
    name = text_in(members, "name")
    if _is_own(session, name):
        # An account that takes away its own rights could not restore them.
        raise ServiceError(400, "bad-argument", "These are your own rights in this folder. They stay as they are.")
    return name


def _level_in(members: dict[str, object]) -> Level:
    try:
        level = Level(str(members.get("level")))
    except ValueError:
        raise BadRequest from None
    if level is Level.OTHER:
        raise BadRequest
    return level


def _is_own(session: Session, name: str) -> bool:
    account = session.credentials.account
    return name.lower() in (account.address.lower(), account.login.lower())


def _render(session: Session, grants: list[Grant]) -> Response:
    people = [
        {
            "name": grant.identifier,
            "person": grant.is_person,
            "own": _is_own(session, grant.identifier),
            "level": grant.level,
            "rights": grant.rights,
        }
        for grant in grants
    ]
    return jsonify(people=people)
