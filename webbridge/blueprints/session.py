"""`/api/session`: sign in with the mail password or a token, ask who is signed in, sign out."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, jsonify, request

from sealwax.service import ServiceError, client_network
from webbridge.blueprints.json_values import read_members
from webbridge.due_messages import delete_due_copies, delete_retrieved
from webbridge.gateway import Credentials, GatewayCode, GatewayError, MailConnection
from webbridge.gateway.door import check_credentials, check_token
from webbridge.login.counter import Attempt, login_place
from webbridge.login.programs import describe_program
from webbridge.login.sessions import Session
from webbridge.records import record_sign_out, recorded_login
from webbridge.security import caller
from webbridge.services import end_session, is_of_another_account, require_session, services

MAX_LOGIN_BYTES = 16 * 1024

blueprint = Blueprint("session", __name__)


@blueprint.post("/session")
def sign_in() -> Response:
    """Check address and password, or token, at the mail server and start a session under a new id.

    The pages get its token as a cookie. An extension gets it in the answer, and gets no cookie.
    """
    credentials = _read_credentials()
    connection = _log_in(credentials, _attempt(credentials.account.address))
    end_session()
    program = describe_program(request.headers.get("User-Agent", ""))
    token, session = services().sessions.create(credentials, origin=_origin(), program=program)
    services().pool.adopt(session.id, connection)
    if session.origin:
        response = jsonify(address=session.address, token=token)
    else:
        response = jsonify(address=session.address)
        services().cookie.set_in(response, token)
        _remember_device(response, session.address)
    _delete_due_messages(response, session)
    return response


@blueprint.get("/session")
def who() -> Response:
    """Return the address of the signed-in account, and the id of the session.

    The id gives access to nothing. A tab that knows it has asked here, with the cookie.
    """
    session = require_session()
    return jsonify(address=session.address, id=session.id)


@blueprint.delete("/session")
def sign_out() -> Response:
    """End the session, if there is one. A session of another account than the page names is not ended."""
    response = Response(status=204)
    account = ""
    with suppress(ServiceError):
        account = require_session().address
    if is_of_another_account():
        return response
    if caller().is_extension and not account:
        return response
    end_session()
    if account:
        record_sign_out(account)
    if not caller().is_extension:
        services().cookie.delete_in(response)
    return response


def _origin() -> str:
    """Return the origin that the new session is bound to; empty for the pages."""
    (origin,) = caller().extension_origins or ("",)
    return origin


def _read_credentials() -> Credentials:
    members = read_members(max_bytes=MAX_LOGIN_BYTES)
    address, password, token = (members.get(name) for name in ("address", "password", "token"))
    if isinstance(address, str):
        if isinstance(password, str) and token is None:
            return check_credentials(services().accounts.account_of(address), password)
        if isinstance(token, str) and password is None:
            return check_token(services().accounts.account_of(address), token)
    raise ServiceError(400, "bad-request", "The request lacks an address, or a password or token.")


def _attempt(address: str) -> Attempt:
    device = services().cookie.device_in(request)
    is_known = bool(device) and services().devices.knows(device, address)
    return Attempt(account=address, client=client_network(request.remote_addr), device=device if is_known else "")


def _remember_device(response: Response, address: str) -> None:
    token = services().devices.remember(services().cookie.device_in(request), address)
    services().cookie.set_device_in(response, token)


def _delete_due_messages(response: Response, session: Session) -> None:
    """Delete the messages whose days are over, when the answer is on its way."""
    parts = services()
    if session.credentials.account.server.pop3 is not None:
        if due := parts.retrieved.due(session.address):
            response.call_on_close(lambda: delete_retrieved(session, due, pool=parts.pool, retrieved=parts.retrieved))
        return
    if not parts.copies.may_have_ends(session.address):
        return

    def delete() -> None:
        delete_due_copies(
            session,
            pool=parts.pool,
            copies=parts.copies,
            today=parts.config.clock().date(),
            tell_changed=lambda folder: parts.tell_changed(session, folder),
        )

    response.call_on_close(delete)


def _log_in(credentials: Credentials, attempt: Attempt) -> MailConnection:
    logins = services().logins
    place = login_place(attempt, devices=services().device_gate, others=services().login_gate)
    with recorded_login(attempt.account), place:
        logins.start(attempt)
        try:
            connection = services().pool.log_in(credentials)
        except GatewayError as error:
            if error.code is not GatewayCode.LOGIN_REFUSED:
                logins.take_back(attempt)
            raise
        logins.succeeded(attempt)
        return connection
