"""A bridge to a mail server, and the requests that its pages send."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.mailboxes import ALICE, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.gateway import MailServer
from webbridge.services import services_of

API = "http://127.0.0.1:8461"
PAGES = "http://127.0.0.1:8460"
KEYS = "http://127.0.0.1:8462"
ENROLMENT_KEY = bytes(range(32))
FROM_PAGES = {"Origin": PAGES, "X-Sealwax": "1"}
UPLOAD = FROM_PAGES | {"Content-Type": "application/octet-stream"}


@contextmanager
def bridge_before(mail_server: MailServer, *, database: str = "") -> Iterator[FlaskClient]:
    """Yields a test client of a bridge to this mail server, with the default settings or another database."""
    config = BridgeConfig(
        api_origin=API, pages_origin=PAGES, key_server_origin=KEYS, mail_server=mail_server, enrolment_key=ENROLMENT_KEY
    )
    if database:
        config = replace(config, database=database)
    app = create_app(config)
    yield app.test_client()
    services_of(app).close()


def sign_in(browser: FlaskClient, address: str = ALICE, password: str = PASSWORDS[ALICE]) -> TestResponse:
    """Sign in as the pages do. The browser names the account in its requests from then on."""
    response = browser.post(
        "/api/session", base_url=API, headers=FROM_PAGES, json={"address": address, "password": password}
    )
    if response.status_code == 200:
        show_account(browser, response.get_json()["address"])
    return response


def show_account(browser: FlaskClient, address: str) -> None:
    """Let the browser's requests name this account."""
    browser.environ_base["HTTP_X_SEALWAX_ACCOUNT"] = quote(address, safe="")


def naming(address: str = ALICE) -> dict[str, str]:
    """The header by which a request names its account."""
    return {"X-Sealwax-Account": quote(address, safe="")}


def session_cookie_of(browser: FlaskClient, address: str = ALICE) -> tuple[str, str] | None:
    """The name and the value of the cookie of an account's session, or None."""
    name = cookie_name(browser, address)
    cookie = browser.get_cookie(name, domain="127.0.0.1")
    return None if cookie is None else (name, cookie.value)


def cookie_name(browser: FlaskClient, address: str = ALICE) -> str:
    """The name of the cookie of an account's session at the browser's bridge."""
    parts = services_of(browser.application)
    return parts.cookie.name_for(parts.account_ids.id_of(address))


def folder_path(browser: FlaskClient, name: str = "INBOX", address: str = ALICE) -> str:
    """The path of a folder in the API. The bridge knows it before the folder was listed."""
    return f"/api/folders/{services_of(browser.application).folder_ids.id_of(address, name)}"


def set_flags(browser: FlaskClient, mailbox: str, uids: list[int], **changes: list[str]) -> TestResponse:
    return browser.put(f"{mailbox}/flags", base_url=API, headers=FROM_PAGES, json={"uids": uids, **changes})


def get(browser: FlaskClient, path: str) -> TestResponse:
    # Buffered, so that the answer is read to its end and closed, as a server does it.
    return browser.get(path, base_url=API, headers=FROM_PAGES, buffered=True)


def look_up(browser: FlaskClient, address: object) -> TestResponse:
    return browser.post("/api/directory", base_url=API, headers=FROM_PAGES, json={"address": address})


def send(browser: FlaskClient, message: bytes, *recipients: str, key: str | None = None) -> TestResponse:
    """Send a message under a key, a new one if it is not said."""
    return browser.post("/api/send", base_url=API, headers=UPLOAD, data=upload(message, *recipients, key=key))


def upload(message: bytes, *recipients: str, key: str | None = None, **members: object) -> bytes:
    """The body of a request that sends a message."""
    envelope = {"key": key or secrets.token_urlsafe(16), "recipients": list(recipients), **members}
    return json.dumps(envelope).encode() + b"\n" + message


def error_of(response: TestResponse) -> tuple[int, str]:
    fields = response.get_json()
    assert set(fields) - {"failure", "refused", "outcome", "triesLeft"} == {"code", "message"}
    assert fields["message"]
    return response.status_code, fields["code"]
