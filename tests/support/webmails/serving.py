"""Runs the Flask program of an imitation webmail on loopback, and records its requests."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from flask import Flask, Response, abort, redirect, request
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as AnyResponse

from tests.support.webmails.accounts import INBOX, Accounts, Mailbox, Session, StoredMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Webmail:
    """A running webmail. `requests`: the method and the path with its query of each request, in their order."""

    url: str
    accounts: Accounts
    requests: list[tuple[str, str]]

    def mailbox(self, address: str) -> Mailbox:
        """The mailbox of an account."""
        return self.accounts.mailboxes[address]

    def end_sessions(self) -> None:
        """End all sessions, as after a long pause."""
        self.accounts.end_sessions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions of the browsers of one running webmail, by a cookie of its own name.

    Cookies do not know ports, so that two webmails on loopback need different names.
    """

    accounts: Accounts
    cookie: str
    requests: list[tuple[str, str]] = field(default_factory=list)

    def find(self) -> Session | None:
        """The session of the request."""
        return self.accounts.session(request.cookies.get(self.cookie))

    def current(self) -> Session:
        """The session of a request that is known to have one."""
        session = self.find()
        assert session is not None
        return session

    def begin(self, address: str, password: str, *, home: str) -> AnyResponse | None:
        """Begin a session and go to the page `home`. Returns None if the password is wrong."""
        cookie = self.accounts.sign_in(address, password)
        if cookie is None:
            return None
        answer = redirect(home, 303)
        answer.set_cookie(self.cookie, cookie, httponly=True, samesite="Lax")
        return answer

    def message(self, uid: int) -> StoredMessage:
        """The message with this UID in the folder that the query names; if it is absent, the answer is 404."""
        return self.current().mailbox.find(request.args.get("folder", INBOX), uid) or abort(404)

    def end(self) -> None:
        """End the session of the request."""
        self.accounts.sign_out(request.cookies.get(self.cookie))


def new_app(folder: str, sessions: Sessions) -> Flask:
    """A Flask program with its pages and assets in a folder beside this module. It records its requests."""
    path = Path(__file__).parent / folder
    app = Flask(f"{__name__}.{folder}", root_path=str(path), template_folder=".", static_folder=None)

    @app.before_request
    def record() -> None:
        sessions.requests.append((request.method, request.environ["REQUEST_URI"]))

    return app


@contextmanager
def run_webmail(program: Callable[[Sessions], Flask], accounts: Accounts, *, cookie: str) -> Iterator[Webmail]:
    """Run the Flask program of a webmail during the block. Its cookie is named `cookie` with a random ending."""
    sessions = Sessions(accounts=accounts, cookie=f"{cookie}_{secrets.token_hex(4)}")
    server = make_server("127.0.0.1", 0, program(sessions), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Webmail(url=f"http://127.0.0.1:{server.port}/", accounts=accounts, requests=sessions.requests)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def download(content: bytes, media_type: str, name: str) -> Response:
    """A file that the browser saves."""
    answer = Response(content, content_type=media_type)
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    answer.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return answer


class _Quiet(WSGIRequestHandler):
    # A connection for each request, so that none is open when the server ends.
    protocol_version = "HTTP/1.0"

    def log(self, type: str, message: str, *args: object) -> None:
        """Write no log."""
