"""A bridge of the person's own, which admits the extension: its mail server, its faults, and its sign-in window."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import delete
from werkzeug.serving import BaseWSGIServer, make_server

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import CLICK_SECONDS, CLICKS, show_section
from tests.support.servers.bridge import ENROLMENT_KEY, KEYS, PAGES
from tests.support.servers.lying_server import SMTP, LyingServer
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import SESSION
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.services import Services, services_of


@dataclass(slots=True, kw_only=True)
class OwnBridge:
    """The bridge with its two mail servers. Set `loses_answers` and no answer about a message reaches the extension.

    A sign-in is answered for `signs_in`, an address of the same length, in the place of that of Alice.
    """

    url: str
    services: Services
    mailboxes: MemoryMailServer
    smtp: LyingServer
    loses_answers: bool = False
    signs_in: str = ALICE

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def sent(self) -> list[bytes]:
        """The messages that the server for outgoing mail got, without the dots that SMTP adds."""
        return [message.replace(b"\r\n..", b"\r\n.") for message in self.smtp.messages]

    def in_sent(self) -> list[bytes]:
        """The messages in Alice's folder for sent mail."""
        return [message.raw for message in self.mailboxes.messages(ALICE, "Sent")]

    def end_sessions(self) -> None:
        """End all sessions, as a person does in the list of sessions."""
        with self.services.database.transaction() as rows:
            rows.execute(delete(SESSION))

    def forget(self) -> None:
        """Start anew with an honest server that got nothing."""
        self.smtp.messages.clear()
        self.smtp.answers.update(SMTP)
        self.loses_answers = False
        self.signs_in = ALICE


@contextmanager
def own_bridge(tls_folder: Path, *, origins: Iterable[str], key_server: str = KEYS) -> Iterator[OwnBridge]:
    """Run a bridge on loopback that admits extensions of these origins."""
    imap, unused = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    with (
        _serving() as server,
        MemoryMailServer(PASSWORDS, tls_folder=tls_folder, imap_socket=imap, smtp_socket=unused) as mailboxes,
        LyingServer(SMTP, tls_folder=tls_folder) as smtp,
    ):
        url = f"http://127.0.0.1:{server.server_port}"
        config = BridgeConfig(
            api_origin=url,
            pages_origin=PAGES,
            key_server_origin=key_server,
            mail_server=replace(mailboxes.address, smtp=smtp.address().smtp),
            enrolment_key=ENROLMENT_KEY,
            extension_origins=tuple(origins),
        )
        app = create_app(config)
        bridge = OwnBridge(url=url, services=services_of(app), mailboxes=mailboxes, smtp=smtp)
        server.app = _losing(app, bridge)
        yield bridge
    services_of(app).close()


def _losing(inner: Callable[..., Iterable[bytes]], bridge: OwnBridge) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answered = inner(environ, start_response)
        if bridge.loses_answers and environ["PATH_INFO"].startswith("/api/send"):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        if bridge.signs_in != ALICE and environ["PATH_INFO"] == "/api/session":
            return [b"".join(answered).replace(ALICE.encode(), bridge.signs_in.encode())]
        return answered

    return answer


@contextmanager
def _serving() -> Iterator[BaseWSGIServer]:
    """Run a web server. Its application needs its port, and so is set afterwards."""
    server = make_server("127.0.0.1", 0, _nothing, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _nothing(_environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise AssertionError("the bridge is not ready")


def name_bridge(extension: Extension, url: str) -> None:
    """Set the address of the bridge in the settings; "" removes it."""
    options = extension.open_options()
    show_section(options, "settings")
    # The page writes the stored address into the field once it has read it, unless the field has the focus.
    options.fill("#directory", url)
    # A question that arrives above moves the button, so that a click goes beside it.
    for _ in range(CLICKS):
        options.click("[data-test=directory-go]")
        try:
            options.wait_for_selector("[data-test=settings-done]:not(:empty)", timeout_seconds=CLICK_SECONDS)
            break
        except AssertionError:
            continue
    options.wait_for_selector("[data-test=settings-done]:not(:empty)")
    options.close()


def open_sign_in(extension: Extension, page: Page) -> Page:
    """Press the button that opens the window for signing in, and return that window."""
    page.wait_for_selector("[data-test=bridge-sign-in]")
    page.click("[data-test=bridge-sign-in]")
    window = extension.browser.wait_for_page("sign_in/sign_in.html")
    window.wait_for_selector("[data-test=sign-in]")
    return window


def type_password(window: Page, password: str = PASSWORDS[ALICE]) -> None:
    """Type the password, and press the button."""
    window.click("[data-test=passphrase]")
    window.type(password)
    window.click("[data-test=sign-in]")


def sign_in(extension: Extension, page: Page) -> None:
    """Sign in as the person whose address the window proposes, and wait until the page knows of it."""
    window = open_sign_in(extension, page)
    type_password(window)
    page.activate()
    page.wait_for_selector("[data-test=bridge-sends], [data-test=bridge-sign-out]", timeout_seconds=30)
