"""`/api/session`: sign in with the mail password or a token, ask who is signed in, sign out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from flask import Blueprint, Response, jsonify, request

from sealwax.service import ServiceError, client_network
from webbridge.blueprints.json_values import read_members
from webbridge.blueprints.mail_calls import flag_in
from webbridge.due_messages import delete_due_copies, delete_retrieved
from webbridge.gateway import Credentials, GatewayCode, GatewayError, MailConnection
from webbridge.gateway.door import check_credentials, check_token
from webbridge.login.cookies import MAX_ACCOUNTS
from webbridge.login.counter import Attempt, login_place
from webbridge.login.programs import describe_program
from webbridge.login.sessions import Session
from webbridge.records import record_sign_out, recorded_login
from webbridge.security import caller
from webbridge.services import (
    SessionsHere,
    account_named,
    close_ended_session,
    end_session,
    require_session,
    services,
    sessions_here,
)

MAX_LOGIN_BYTES = 16 * 1024

blueprint = Blueprint("session", __name__)


@blueprint.post("/session")
def sign_in() -> Response:
    """Check address and password, or token, at the mail server and start a session with a new id.

    The pages get the session's token as a cookie. An extension gets the token in the answer, and no cookie. The
    browser's other sessions end. If the request says `beside`, only the session of the same account ends.
    """
    members = read_members(max_bytes=MAX_LOGIN_BYTES)
    credentials = _read_credentials(members)
    here = SessionsHere(living=(), ended=()) if caller().is_extension else sessions_here()
    if flag_in(members, "beside"):
        here = _leave_others(here, credentials.account.address)
    connection = _log_in(credentials, _attempt(credentials.account.address))
    _end_earlier(here)
    # The session is bound to the extension's origin, or to the pages with an empty one.
    (origin,) = caller().extension_origins or ("",)
    token, session = services().sessions.create(
        credentials, origin=origin, program=describe_program(request.headers.get("User-Agent", ""))
    )
    services().pool.add(session.id, connection)
    if session.origin:
        response = jsonify(address=session.address, token=token)
    else:
        account = services().account_ids.id_of(session.address)
        response = jsonify(address=session.address, account=account)
        services().cookie.set_in(response, account, token)
        _remember_device(response, session.address)
        for left in {*here.ended, *(login.account for login in here.living)} - {account}:
            services().cookie.delete_in(response, left)
    _delete_due_messages(response, session)
    return response


@blueprint.get("/session")
def who() -> Response:
    """Return the address and the id of the account that the request names, and the id of the account's session.

    The ids give access to nothing. Only a tab with the cookie can make this request, and so learn the session's id.
    """
    session = require_session()
    return jsonify(address=session.address, account=services().account_ids.id_of(session.address), id=session.id)


@blueprint.delete("/session")
def sign_out() -> Response:
    """End the session of the account that the page names, if there is one, and no other session."""
    response = Response(status=204)
    with suppress(ServiceError):
        session = require_session()
        end_session()
        record_sign_out(session.address)
    if not caller().is_extension and (account := account_named()):
        services().cookie.delete_in(response, account)
    return response


def _leave_others(here: SessionsHere, address: str) -> SessionsHere:
    """Return only the browser's sessions of the same account, which the new session replaces. Raises ServiceError."""
    same = tuple(login for login in here.living if login.session.address == address)
    if len(here.living) - len(same) >= MAX_ACCOUNTS:
        text = f"{MAX_ACCOUNTS} accounts are signed in in this browser. Sign out of one of them."
        raise ServiceError(409, "too-many-accounts", text)
    return replace(here, living=same)


def _end_earlier(here: SessionsHere) -> None:
    if caller().is_extension:
        end_session()
    for login in here.living:
        services().sessions.end_id(login.session.id)
        close_ended_session(login.session.id)


def _read_credentials(members: Mapping[str, object]) -> Credentials:
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
    """Delete the messages whose days are over, after the response is sent."""
    parts = services()
    if session.credentials.account.server.pop3 is not None:
        if due := parts.retrieved.due(session.address):
            response.call_on_close(lambda: delete_retrieved(session, due, pool=parts.pool, retrieved=parts.retrieved))
        return
    if not parts.copies.may_have_ends(session.address):
        return
    response.call_on_close(
        lambda: delete_due_copies(
            session,
            pool=parts.pool,
            copies=parts.copies,
            today=parts.config.clock().date(),
            tell_changed=lambda folder: parts.tell_changed(session, folder),
        )
    )


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
