"""`/api/reload-half`: the bridge's half of a key with which the pages unlock identities after a reload.

Only its session may ask for a half, and gets it once (`login.reload_halves`). The half is sent as bytes, because pages
can overwrite bytes, but no text.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import BadRequest

from sealwax.service import ServiceError
from webbridge.blueprints.json_values import read_members
from webbridge.login.sessions import Session
from webbridge.services import cookie_token, require_session, services

MAX_BYTES: Final = 1024
AGE_BYTES: Final = 4
_NAME: Final = re.compile("[0-9a-f]{32}")

blueprint = Blueprint("reload_half", __name__)


@blueprint.post("/reload-half")
def make_half() -> Response:
    """Return a new half of 32 bytes, which replaces the session's earlier half. The pages choose its name."""
    session, members = _read()
    minutes = members.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 1:
        raise BadRequest
    if minutes > services().config.reload_minutes:
        raise ServiceError(403, "reload-forbidden", "Unlocking after a reload is not allowed for so long here.")
    half = services().reload_halves.make(session, cookie_token(), name=_name_in(members), minutes=minutes)
    if half is None:
        raise ServiceError(401, "session-ended", "The session has ended. Sign in again.")
    return _octets(half)


@blueprint.post("/reload-half/take")
def take_half() -> Response:
    """Return the half with this name, then four bytes with the seconds since its last use. The half is deleted."""
    session, members = _read()
    if not services().config.reload_minutes:
        services().reload_halves.delete(session)
        raise ServiceError(403, "reload-forbidden", "Unlocking after a reload is not allowed here.")
    taken = services().reload_halves.take(session, cookie_token(), name=_name_in(members))
    if taken is None:
        raise _gone()
    return _octets(taken.half + taken.age_seconds.to_bytes(AGE_BYTES))


@blueprint.put("/reload-half")
def note_use() -> Response:
    """Restart the time limit of the half with this name, because the person is active."""
    session, members = _read()
    if not services().reload_halves.note_use(session, name=_name_in(members)):
        raise _gone()
    return Response(status=204)


@blueprint.delete("/reload-half")
def delete_half() -> Response:
    """Delete the half, because the keys were locked."""
    services().reload_halves.delete(require_session())
    return Response(status=204)


def _read() -> tuple[Session, dict[str, object]]:
    session = require_session()
    services().reload_halves.count_call(session)
    return session, read_members(max_bytes=MAX_BYTES)


def _name_in(members: dict[str, object]) -> str:
    name = members.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadRequest
    return name


def _gone() -> ServiceError:
    return ServiceError(404, "half-gone", "The bridge no longer has its half. Unlock with the passphrase.")


def _octets(content: bytes) -> Response:
    return Response(content, mimetype="application/octet-stream")
