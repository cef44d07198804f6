"""`/api/session`: sign in with the mail password, ask who is signed in, sign out."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, jsonify, request

from sealwax.service import ServiceError, client_network
from webbridge.blueprints.json_values import read_members
from webbridge.gateway import Credentials, GatewayCode, GatewayError, MailConnection
from webbridge.gateway.door import check_credentials
from webbridge.records import record_sign_out, recorded_login
from webbridge.services import end_session, is_of_another_account, require_session, services

MAX_LOGIN_BYTES = 16 * 1024

blueprint = Blueprint("session", __name__)


@blueprint.post("/session")
def sign_in() -> Response:
    """Check address and password at the mail server and start a session under a new id."""
    credentials = _read_credentials()
    connection = _log_in(credentials, client_network(request.remote_addr))
    end_session()
    cookie, session = services().sessions.create(credentials)
    services().pool.adopt(session.id, connection)
    response = jsonify(address=session.address)
    services().cookie.set_in(response, cookie)
    return response


@blueprint.get("/session")
def who() -> Response:
    """Return the address of the signed-in account."""
    return jsonify(address=require_session().address)


@blueprint.delete("/session")
def sign_out() -> Response:
    """End the session, if there is one. A session of another account than the page names is not ended."""
    response = Response(status=204)
    account = ""
    with suppress(ServiceError):
        account = require_session().address
    if is_of_another_account():
        return response
    end_session()
    if account:
        record_sign_out(account)
    services().cookie.delete_in(response)
    return response


def _read_credentials() -> Credentials:
    members = read_members(max_bytes=MAX_LOGIN_BYTES)
    address, password = members.get("address"), members.get("password")
    if not isinstance(address, str) or not isinstance(password, str):
        raise ServiceError(400, "bad-request", "The request lacks an address or a password.")
    return check_credentials(services().accounts.account_of(address), password)


def _log_in(credentials: Credentials, client: str) -> MailConnection:
    logins, address = services().logins, credentials.account.address
    with recorded_login(address), services().login_gate.one(client):
        logins.start(address, client)
        try:
            connection = services().pool.log_in(credentials)
        except GatewayError as error:
            if error.code is not GatewayCode.LOGIN_REFUSED:
                logins.take_back(address, client)
            raise
        logins.succeeded(address, client)
        return connection
