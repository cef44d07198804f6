"""The Flask application that admits requests for events, with the same rules as the rest of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Flask, Request

from sealwax.service import create_application, install_prefix
from sealwax.service.health import Health, install_health
from webbridge.config import BridgeConfig
from webbridge.events.hub import Hub
from webbridge.events.stream import Stream
from webbridge.login.cookies import AccountIds, SessionCookie, named_account
from webbridge.login.sessions import Session, SessionStore
from webbridge.security import install_api_security
from webbridge.services import session_cookie

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_EXTENSION: Final = "sealwax.events"
_STREAMS: Final = "sealwax.streams"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The parts that decide whether a request is admitted."""

    sessions: SessionStore
    cookie: SessionCookie
    account_ids: AccountIds
    hub: Hub

    def find_session(self, request: Request) -> Session | None:
        """Return the session of the account that the pages' request names, or None. This does not count as a use."""
        account = named_account(request, cookie=self.cookie, ids=self.account_ids)
        session = self.sessions.find_unused(self.cookie.value_in(request, account)) if account else None
        if session is None or session.origin or self.account_ids.id_of(session.address) != account:
            return None
        return session

    def admit(self, environ: WSGIEnvironment, session: Session) -> None:
        """Admit a request: put the stream for its answer into its environment. Raises TryLater."""
        environ[_STREAMS].append(self.hub.reserve(session))


def create_admission(
    config: BridgeConfig, *, sessions: SessionStore, account_ids: AccountIds, hub: Hub, health: Health
) -> Flask:
    """Return the Flask application without its view. The view's answer to an admitted request has no body."""
    app = create_application("webbridge.events", config.api_origin, proxies=config.trusted_proxies)
    install_api_security(app, config)
    install_prefix(app, config.api_prefix)
    install_health(app, health)
    app.extensions[_EXTENSION] = Admission(
        sessions=sessions, cookie=session_cookie(config), account_ids=account_ids, hub=hub
    )
    return app


def admission_of(app: Flask) -> Admission:
    """Return the parts of one application."""
    admission = app.extensions[_EXTENSION]
    if not isinstance(admission, Admission):
        raise TypeError("this application admits no streams")
    return admission


def await_stream(environ: WSGIEnvironment) -> list[Stream]:
    """Return a list. If the request is admitted, the list has the stream afterwards."""
    streams: list[Stream] = []
    environ[_STREAMS] = streams
    return streams
