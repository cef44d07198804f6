"""The account at a key server in the extension's page with keys: its servers with their faults, and its forms."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.tickets import public_key_of
from roaming_keys.server.config import KeyServerConfig
from tests.support.browser.browsers import Browser, launch
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import PASSPHRASE
from tests.support.extension.keys_page import OPERATION_SECONDS, show_section
from tests.support.extension.own_bridge import OwnBridge, name_bridge, own_bridge, type_password
from tests.support.keys.elsewhere import log_in_elsewhere
from tests.support.keys.people import PAGES
from tests.support.keys.serving import serving
from tests.support.pages.driver import named
from tests.support.servers.bridge import ENROLMENT_KEY
from tests.support.servers.mailboxes import ALICE

# The sentences after a login and after a registration.
BROUGHT, STORED = "in this browser, and unlocked", "has the keys of this browser"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(slots=True, kw_only=True)
class KeyServers:
    """A key server and the bridge that it trusts. The key server may be away, or give an earlier record at a login.

    `passphrase` is that of Alice's account now. `database` is the key server's, if the test may read it.
    """

    passphrase: str
    database: Path | None = None
    key_server: str = ""
    bridge: OwnBridge = field(init=False)
    is_away: bool = False
    record: dict[str, Any] | None = None
    given: list[dict[str, Any]] = field(default_factory=list)

    def around(self, inner: Application) -> Application:
        """Return the application with these faults."""

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if self.is_away:
                start_response("503 away", [])
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
                return []
            if environ["PATH_INFO"] != "/login":
                return inner(environ, start_response)
            return self._log_in(inner, environ, start_response)

        return answer

    def _log_in(
        self, inner: Application, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        started: list[Any] = []
        answer = json.loads(b"".join(inner(environ, lambda *head: started.extend(head))))
        if "record" in answer:
            self.given.append(answer["record"])
            answer["record"] = self.record or answer["record"]
        body = json.dumps(answer).encode()
        status, headers = started[0], [(name, value) for name, value in started[1] if name != "Content-Length"]
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]


@contextmanager
def key_servers(folder: Path, tls_folder: Path, *, passphrase: str, origins: Iterable[str]) -> Iterator[KeyServers]:
    """Run a key server, and a bridge that admits extensions of these origins."""
    servers = KeyServers(passphrase=passphrase, database=folder / "keys.sqlite")
    config = KeyServerConfig(
        origin="http://127.0.0.1",
        database=str(servers.database),
        ticket_key=public_key_of(ENROLMENT_KEY),
        master_key=bytes(32),
        pages_origins=(PAGES,),
    )
    with serving(config, servers.around) as served:
        servers.key_server = served.origin
        with own_bridge(tls_folder, origins=origins, key_server=served.origin) as bridge:
            servers.bridge = bridge
            yield servers


@pytest.fixture(scope="module")
def servers(extension: Extension, tmp_path_factory: pytest.TempPathFactory, tls_folder: Path) -> Iterator[KeyServers]:
    """The servers for the module's first extension, which sends by their bridge."""
    origins = [extension.base.rstrip("/")]
    with key_servers(tmp_path_factory.mktemp("keys"), tls_folder, passphrase=PASSPHRASE, origins=origins) as running:
        name_bridge(extension, running.bridge.url)
        yield running


@pytest.fixture(scope="module")
def second(
    browser: Browser,
    folder: Path,
    options: Page,
    running_browsers: list[Browser],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Extension]:
    """Another browser with a new profile, without keys, once the page `options` of the first one has stored its own."""
    assert browser.name != "webkit"
    other = launch(browser.name, tmp_path_factory.mktemp("second"))
    running_browsers.append(other)
    yield Extension(other, folder)
    running_browsers.remove(other)
    other.close()


def register(extension: Extension, page: Page, servers: KeyServers) -> None:
    """Store the keys of the extension in a new account of Alice, by its page with keys."""
    sign_in_to_bridge(extension, page)
    connect(page, servers)
    act(page, "key-register", servers.passphrase)
    wait_until_done(page, STORED)


def sign_in_to_bridge(extension: Extension, page: Page) -> None:
    """Sign in as Alice at the bridge that the settings name."""
    show_section(page, "settings")
    page.wait_for_selector("[data-test=bridge-sign-in]")
    page.click("[data-test=bridge-sign-in]")
    window = extension.browser.wait_for_page("sign_in/sign_in.html")
    window.wait_for_selector("[data-test=sign-in]")
    window.fill("[data-test=bridge-address]", ALICE)
    type_password(window)
    page.activate()
    page.wait_for_selector("[data-test=bridge-sign-out]", timeout_seconds=30)
    show_section(page, "identities")


def open_connecting(page: Page) -> None:
    """Open the form with the address of a key server."""
    page.wait_for_selector("[data-test=key-server-open]")
    if not page.js("() => document.querySelector('[data-test=key-server-open]').parentElement.open"):
        page.click("[data-test=key-server-open]")


def connect(page: Page, servers: KeyServers, user: str = ALICE) -> None:
    """Connect the browser with the account."""
    open_connecting(page)
    page.fill("[data-test=key-server-address]", servers.key_server)
    page.fill("[data-test=key-account-user]", user)
    page.click("[data-test=key-server-connect]")
    page.wait_for_selector("[data-test=key-account-state]", timeout_seconds=OPERATION_SECONDS)


def act(page: Page, form: str, *secrets: str, within: str = "") -> None:
    """Open a form of the account, type into its fields one after the other, and send it."""
    place = f"#key-server {within} [data-test={form}]"
    page.wait_for_selector(place)
    page.js("(place) => { document.querySelector(place).closest('details').open = true; }", place)
    for number, secret in enumerate(secrets):
        page.js(
            """(place, number) => document.querySelectorAll(`${place} [role="textbox"]`)[number].focus()""",
            place,
            number,
        )
        page.type(secret)
    page.click(f"{place} [data-test={form}-submit]")


def wait_until_done(page: Page, sentence: str) -> None:
    """Wait until the page announces that something of the account is done."""
    page.wait_for_text(sentence, selector="[data-test=key-server-done]", timeout_seconds=OPERATION_SECONDS)


def entries(servers: KeyServers) -> dict[str, Entry]:
    """The entries of the account."""
    session, _ = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    return dict(session.opened.state.entries)


def log_in(extension: Extension, page: Page, servers: KeyServers) -> None:
    """Lock the keys if they are unlocked, and bring them from the server."""
    if page.js("() => !document.getElementById('lock').hidden"):
        extension.lock()
    page.activate()
    bring(page, servers)


def bring(page: Page, servers: KeyServers) -> None:
    """Bring the locked keys from the server."""
    page.wait_for_selector(named("key-log-in"))
    act(page, "key-log-in", servers.passphrase)
    wait_until_done(page, BROUGHT)


def remove(page: Page, kind: str) -> None:
    """Remove the only entry of a kind: the first press asks, the second one removes."""
    button = f'[data-removal^="{kind}"]'
    page.click(button)
    page.wait_for_selector(f"{button}[data-asked=yes]")
    page.click(button)
    page.wait_for("(place) => !document.querySelector(place)", button)
