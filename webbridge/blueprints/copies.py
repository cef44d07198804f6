"""`/api/copies`: the choice of an account about copies of its sent messages."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webbridge.blueprints.json_values import read_members
from webbridge.gateway import MailConnection
from webbridge.login.sessions import Session
from webbridge.sending.copies import CopyWish, read_wish, render_wish
from webbridge.services import require_session, services, with_mail

_MAX_BYTES = 1024

blueprint = Blueprint("copies", __name__)


@blueprint.get("/copies")
def show_choice() -> Response:
    """Return the choice of the account."""
    return _answer(services().copies.of(require_session().address))


@blueprint.put("/copies")
def choose() -> Response:
    """Keep the choice for all messages. A choice that the mail server cannot fulfil is an error and changes nothing."""
    session = require_session()
    wish = read_wish(read_members(max_bytes=_MAX_BYTES).get("copy"))
    with_mail(session, lambda: check_wish(session, wish))
    services().copies.choose(session.address, wish)
    return _answer(wish)


def check_wish(session: Session, wish: CopyWish) -> None:
    """Raise GatewayError with NOT_OFFERED if the mail server cannot delete copies after the wished number of days."""
    days = wish.days
    if days is None:
        return

    def check(connection: MailConnection) -> None:
        connection.check_end(connection.sent_folder(), days)

    services().pool.run(session.id, session.credentials, check)


def _answer(wish: CopyWish) -> Response:
    return jsonify(copy=render_wish(wish))
