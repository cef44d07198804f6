"""What the views of one application share, and how they reach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request

from smime_core.providers.native import NativeProvider
from webbridge.authorities import Authorities
from webbridge.certificates import CertificateFolder, read_certificates
from webbridge.config import BridgeConfig
from webbridge.database import Database
from webbridge.errors import ApiError
from webbridge.gateway import ConnectionPool, GatewayCode, GatewayError
from webbridge.login_counter import LoginCounter, LoginGate
from webbridge.lookup_counter import LookupCounter
from webbridge.people import PeopleDirectory
from webbridge.security import ACCOUNT_HEADER
from webbridge.sessions import Session, SessionStore
from webbridge.trust_list_file import TrustListFile

# Chromium and Firefox take a __Host- cookie on http://127.0.0.1 too, so that there is one name for all.
COOKIE_NAME = "__Host-sealwax"
_EXTENSION = "sealwax"
_PLAIN_IN_URI = "!~*'()"  # as encodeURIComponent has it, beside letters, digits, "-", "_" and "."

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that live as long as the application."""

    config: BridgeConfig
    database: Database
    sessions: SessionStore
    logins: LoginCounter
    login_gate: LoginGate
    pool: ConnectionPool
    people: PeopleDirectory
    authorities: Authorities
    lookups: LookupCounter
    anchors_der: tuple[bytes, ...]
    trust_list: TrustListFile
    timestamp_anchors_der: tuple[bytes, ...]

    def close(self) -> None:
        """Log out of the mail servers and close the files."""
        self.pool.close()
        self.authorities.close()
        self.database.close()


def install_services(app: Flask, config: BridgeConfig) -> None:
    """Build the parts and hang them on the application."""
    app.after_request(name_account)
    # Before anything is opened that somebody would have to close.
    anchors_der = _read_anchors(config.anchors_file)
    timestamp_anchors_der = _read_anchors(config.timestamp_anchors_file)
    database = Database(config.database)
    trust_list = TrustListFile(config.trust_list_file, provider=NativeProvider(), clock=config.clock)
    app.extensions[_EXTENSION] = Services(
        config=config,
        database=database,
        sessions=SessionStore(
            database,
            host=config.mail_server.imap.host,
            idle_seconds=config.idle_seconds,
            absolute_seconds=config.absolute_seconds,
            clock=config.clock,
        ),
        logins=LoginCounter(database, clock=config.clock),
        login_gate=LoginGate(),
        pool=ConnectionPool(config.mail_server),
        people=PeopleDirectory.of(
            CertificateFolder(config.directory_folder), config.directory_ldap, config.directory_name_servers
        ),
        authorities=Authorities(config, anchors_der, trust_list),
        lookups=LookupCounter(database, clock=config.clock),
        anchors_der=anchors_der,
        trust_list=trust_list,
        timestamp_anchors_der=timestamp_anchors_der,
    )


def _read_anchors(file: Path | None) -> tuple[bytes, ...]:
    try:
        return () if file is None else read_certificates(file)
    except ValueError as error:
        raise ValueError(f"{file} holds no certificates that can be read: {error}") from error


def services_of(app: Flask) -> Services:
    """Return the parts of one application."""
    services = app.extensions[_EXTENSION]
    if not isinstance(services, Services):
        raise TypeError("this application is not the bridge")
    return services


def services() -> Services:
    """Return the parts of the application that answers the current request."""
    return services_of(current_app)


def require_session() -> Session:
    """Return the session of the current request.

    Raises ApiError 401 when there is none, or when it is of another account than the page believes: a browser has one
    cookie for all its tabs, and somebody may have signed in to another account in another tab.
    """
    session = services().sessions.find(request.cookies.get(COOKIE_NAME, ""))
    if session is None:
        raise ApiError(401, "session-ended", "You are not signed in, or the session has ended.")
    g.account = quote(session.credentials.address, safe=_PLAIN_IN_URI)
    if is_of_another_account():
        raise ApiError(401, "session-ended", "Another account has signed in in this browser.")
    return session


def is_of_another_account() -> bool:
    """Whether the session that was found is not the one that the page names."""
    return "account" in g and request.headers.get(ACCOUNT_HEADER, g.account) != g.account


def name_account(response: Response) -> Response:
    """Say whose session answered, so that a page can tell it from the one that it believes in."""
    if "account" in g:
        response.headers[ACCOUNT_HEADER] = g.account
    return response


def with_mail(session: Session, call: Callable[[], Result]) -> Result:
    """Make a call of the gateway for a session; when the mail server no longer takes the password, the session ends."""
    try:
        return call()
    except GatewayError as error:
        if error.code is not GatewayCode.LOGIN_REFUSED:
            raise
        end_session(request.cookies.get(COOKIE_NAME, ""))
        raise ApiError(401, "session-ended", "The mail server no longer accepts the password.") from None


def end_session(cookie: str) -> None:
    """Delete a session's key half and log its connections out."""
    session_id = services().sessions.end(cookie)
    if session_id is not None:
        services().pool.close_session(session_id)
