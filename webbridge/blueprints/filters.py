"""`/api/filters`: the filters of the account on its mail server, by ManageSieve (RFC 5804)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

from flask import Blueprint, Response, jsonify

from sealwax.service import ServiceError
from smime_core.errors import SmimeError
from smime_core.text import JsonObject
from webbridge.blueprints.json_values import read_members
from webbridge.blueprints.mail_calls import folder_of, id_of
from webbridge.filters.kept_filters import KeptFilters, load_filters, save_filters
from webbridge.filters.members import read_filters, render_filters
from webbridge.filters.model import Filters
from webbridge.gateway import SieveConnection
from webbridge.gateway.wire import CallDeadline
from webbridge.login.sessions import Session
from webbridge.services import require_session, services, with_mail

MAX_FILTERS_BYTES: Final = 128 * 1024

blueprint = Blueprint("filters", __name__)


@blueprint.get("/filters")
def show_filters() -> Response:
    """Return the filters, and what the mail server can filter by."""
    session = require_session()
    return _answer(session, _with_server(session, load_filters))


@blueprint.put("/filters")
def change_filters() -> Response:
    """Save the filters, and return them. `version` is that of the filters that the person saw.

    Filters that another program has made or changed are replaced only with `replace`.
    """
    session = require_session()
    members = JsonObject(read_members(max_bytes=MAX_FILTERS_BYTES), "filters")
    version, replaces, filters = _read(session, members)
    return _answer(
        session,
        _with_server(
            session,
            lambda connection: save_filters(connection, filters, seen_version=version, replaces_others=replaces),
        ),
    )


def _read(session: Session, members: JsonObject) -> tuple[str, bool, Filters]:
    """Return the seen version, whether others may be replaced, and the filters. Raises ServiceError or GatewayError."""
    try:
        version, replaces = members.text("version"), members.boolean("replace")
        return version, replaces, read_filters(members, lambda folder: folder_of(session, folder))
    except SmimeError as error:
        raise ServiceError(400, "bad-argument", f"The filters cannot be read: {error}") from None


def _with_server(session: Session, operation: Callable[[SieveConnection], KeptFilters]) -> KeptFilters:
    """Run an operation on a new connection to the session's ManageSieve server. The deadline is for all of it."""
    credentials = session.credentials

    def run() -> KeptFilters:
        deadline = CallDeadline(credentials.account.server.timeout_seconds)
        with closing(SieveConnection.open(credentials, deadline)) as connection:
            return operation(connection)

    with services().filters.one(session.id):
        return with_mail(session, run)


def _answer(session: Session, kept: KeptFilters) -> Response:
    filters = kept.filters or Filters()
    return jsonify(
        version=kept.version,
        active=kept.is_active,
        changed=kept.filters is None,
        other=kept.other,
        offers=_offers(kept.extensions),
        **render_filters(filters, lambda folder: id_of(session, folder)),
    )


def _offers(extensions: frozenset[str]) -> dict[str, Any]:
    needed = {
        "move": {"fileinto"},
        "copy": {"fileinto", "copy"},
        "marks": {"imap4flags"},
        "vacation": {"vacation"},
        "dates": {"date", "relational"},
        "include": {"include"},
    }
    return {name: names <= extensions for name, names in needed.items()}
