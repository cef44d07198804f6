"""The session of a browser extension: bound to its origin, with a token of its own, and for a few requests only."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import (
    API,
    FROM_PAGES,
    PAGES,
    cookie_name,
    error_of,
    folder_path,
    get,
    send,
    session_cookie_of,
    sign_in,
    upload,
)
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.security import FOR_SIGNED_IN_EXTENSIONS
from webbridge.services import services_of

pytestmark = pytest.mark.server

ORIGIN = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://c2c4d154-0254-4780-aa4b-10ddb1a68927"
STRANGER = "chrome-extension://hekiagllngklklfhfadpbeeibecophpk"
MESSAGE = b"From: alice@example.test\r\nMessage-ID: <one@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
# The views that an extension may ask. A new one is refused until this list names it too.
ALLOWED = {
    ("GET", "/api/config"),
    ("POST", "/api/session"),
    ("GET", "/api/session"),
    ("DELETE", "/api/session"),
    ("GET", "/api/folders"),
    ("GET", "/api/folders/<folder_id>/messages"),
    ("POST", "/api/folders/<folder_id>/search"),
    ("GET", "/api/folders/<folder_id>/<int:uid_validity>/<int:uid>/raw"),
    ("POST", "/api/send"),
    ("GET", "/api/send"),
    ("GET", "/api/send/<key>"),
    ("POST", "/api/send/<key>/look"),
    ("DELETE", "/api/send/<key>"),
    ("POST", "/api/drafts"),
    ("DELETE", "/api/drafts"),
    ("POST", "/api/directory"),
    ("POST", "/api/enrolment"),
}


class SignedIn:
    """An extension with its token. Each request has its origin, as browsers send it with all but GET."""

    def __init__(self, client: FlaskClient, token: str, origin: str = ORIGIN) -> None:
        self.client = client
        self.token = token
        self.headers = {"Origin": origin, "X-Sealwax": "1", "Authorization": f"Sealwax {token}"}

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any) -> TestResponse:
        headers = {**self.headers, **(headers or {})}
        return self.client.open(path, method=method, base_url=API, headers=headers, buffered=True, **request)


@pytest.fixture
def config(config: BridgeConfig) -> BridgeConfig:
    return replace(config, extension_origins=(ORIGIN, FIREFOX))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def sign_in_from(client: FlaskClient, origin: str) -> TestResponse:
    headers = {"Origin": origin, "X-Sealwax": "1"}
    return client.post(
        "/api/session", base_url=API, headers=headers, json={"address": ALICE, "password": PASSWORDS[ALICE]}
    )


@contextmanager
def client_of(config: BridgeConfig) -> Iterator[FlaskClient]:
    app = create_app(config)
    yield app.test_client()
    services_of(app).close()


@pytest.fixture
def extension(client: FlaskClient) -> SignedIn:
    return SignedIn(client, sign_in_from(client, ORIGIN).get_json()["token"])


# Signing in and out


def test_an_extension_gets_a_token_and_no_cookie(client: FlaskClient) -> None:
    answer = sign_in_from(client, ORIGIN)
    assert answer.status_code == 200
    assert answer.get_json()["address"] == ALICE
    assert len(answer.get_json()["token"]) >= 43
    assert "Set-Cookie" not in answer.headers


def test_an_extension_that_the_operator_has_not_named_cannot_sign_in(client: FlaskClient) -> None:
    for origin in (STRANGER, ORIGIN.upper(), f"{ORIGIN}/", "moz-extension://c2c4d154"):
        assert error_of(sign_in_from(client, origin)) == (403, "wrong-origin")


def test_signing_out_ends_the_extension_and_leaves_the_pages(client: FlaskClient, extension: SignedIn) -> None:
    sign_in(client)
    assert extension.ask("DELETE", "/api/session").status_code == 204
    assert error_of(extension.ask("POST", "/api/send", data=upload(MESSAGE, BOB))) == (401, "session-ended")
    assert get(client, "/api/session").get_json()["address"] == ALICE


def test_the_sign_in_of_an_extension_leaves_the_session_of_the_pages(client: FlaskClient) -> None:
    sign_in(client)
    sign_in_from(client, ORIGIN)
    assert get(client, "/api/session").get_json()["address"] == ALICE


# The binding to the origin


def test_a_token_works_only_from_the_origin_that_got_it(client: FlaskClient, extension: SignedIn) -> None:
    other = SignedIn(client, extension.token, FIREFOX)
    assert error_of(other.ask("POST", "/api/send", data=upload(MESSAGE, BOB))) == (401, "session-ended")
    assert other.ask("DELETE", "/api/session").status_code == 204
    assert extension.ask("GET", "/api/session").get_json()["address"] == ALICE


@pytest.mark.parametrize("origin", [PAGES, STRANGER, "https://evil.example", "null"])
def test_a_token_is_refused_from_pages_and_strangers(client: FlaskClient, extension: SignedIn, origin: str) -> None:
    other = SignedIn(client, extension.token, origin)
    assert error_of(other.ask("POST", "/api/send", data=upload(MESSAGE, BOB))) == (403, "wrong-origin")
    assert error_of(other.ask("GET", "/api/session")) == (403, "wrong-origin")


def test_a_token_is_refused_without_an_origin(extension: SignedIn) -> None:
    del extension.headers["Origin"]
    assert error_of(extension.ask("POST", "/api/send", data=upload(MESSAGE, BOB))) == (403, "wrong-origin")
    assert error_of(extension.ask("GET", "/api/session")) == (403, "wrong-origin")
    assert error_of(extension.ask("GET", "/api/session", headers={"Sec-Fetch-Site": "cross-site"})) == (
        403,
        "wrong-origin",
    )


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_get_without_origin_is_taken_as_browsers_send_it_for_extensions(extension: SignedIn, site: str) -> None:
    del extension.headers["Origin"]
    sent = {"Sec-Fetch-Site": site}
    assert extension.ask("GET", "/api/session", headers=sent).get_json()["address"] == ALICE
    assert error_of(extension.ask("DELETE", "/api/session", headers=sent)) == (403, "wrong-origin")


def test_an_extension_cannot_use_the_cookie_of_the_pages(alice: FlaskClient) -> None:
    headers = {"Origin": ORIGIN, "X-Sealwax": "1"}
    assert error_of(alice.get("/api/session", base_url=API, headers=headers)) == (401, "session-ended")
    sent = alice.post("/api/send", base_url=API, headers=headers, data=upload(MESSAGE, BOB))
    assert error_of(sent) == (401, "session-ended")
    cookie = session_cookie_of(alice)
    assert cookie is not None
    as_token = SignedIn(alice, cookie[1])
    assert error_of(as_token.ask("GET", "/api/session")) == (401, "session-ended")


def test_the_pages_cannot_use_a_token_as_their_cookie(client: FlaskClient, extension: SignedIn) -> None:
    client.set_cookie(cookie_name(client), extension.token, domain="127.0.0.1")
    assert error_of(get(client, "/api/session")) == (401, "session-ended")


def test_an_origin_that_the_operator_takes_back_ends_its_sessions(config: BridgeConfig, tmp_path: Path) -> None:
    before = replace(config, database=str(tmp_path / "bridge.sqlite"))
    with client_of(before) as client:
        token = sign_in_from(client, ORIGIN).get_json()["token"]
    with client_of(replace(before, extension_origins=(FIREFOX,))) as client:
        extension = SignedIn(client, token)
        assert error_of(send_from(extension)) == (403, "wrong-origin")
        del extension.headers["Origin"]
        sent = {"Sec-Fetch-Site": "none"}
        assert error_of(extension.ask("GET", "/api/session", headers=sent)) == (401, "session-ended")


# The scope


def test_an_extension_is_refused_every_view_that_the_list_does_not_name(app: Flask, extension: SignedIn) -> None:
    reached = set()
    for rule in app.url_map.iter_rules():
        values = {name: 1 if "uid" in name else "x" * 22 for name in rule.arguments}
        with app.test_request_context(base_url=API):
            path = app.url_map.bind("127.0.0.1").build(rule.endpoint, values, force_external=False)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = extension.ask(method, path, json={})
            if not (answer.status_code == 403 and answer.get_json()["code"] == "not-allowed"):
                reached.add((method, rule.rule))
            if (method, rule.endpoint) == ("DELETE", "session.sign_out"):
                renewed = sign_in_from(extension.client, ORIGIN).get_json()["token"]
                extension.headers["Authorization"] = f"Sealwax {renewed}"
    assert reached == ALLOWED
    names = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert names >= FOR_SIGNED_IN_EXTENSIONS


def test_an_extension_sees_only_sent_and_drafts(extension: SignedIn, memory_server: MemoryMailServer) -> None:
    memory_server.append(ALICE, MESSAGE)
    assert send_from(extension).get_json()["outcome"] == "sent"
    draft = MESSAGE.replace(b"<one@example.test>", b"<one@draft.sealwax.invalid>")
    extension.ask("POST", "/api/drafts", data=draft)
    folders = extension.ask("GET", "/api/folders").get_json()["folders"]
    assert {folder["role"] for folder in folders} == {"sent", "drafts"}
    for name, message in (("Sent", MESSAGE), ("Drafts", draft)):
        path = folder_path(extension.client, name)
        page = extension.ask("GET", f"{path}/messages").get_json()
        uid = page["messages"][0]["uid"]
        assert extension.ask("GET", f"{path}/{page['uidValidity']}/{uid}/raw").data == message
        assert extension.ask("POST", f"{path}/search", json={"subject": "x"}).get_json()["total"] == 1
    inbox = folder_path(extension.client)
    for method, path in (("GET", "messages"), ("POST", "search"), ("GET", "1/1/raw")):
        assert error_of(extension.ask(method, f"{inbox}/{path}", json={})) == (403, "not-allowed")


def send_from(extension: SignedIn, *recipients: str, key: str | None = None) -> TestResponse:
    return extension.ask("POST", "/api/send", data=upload(MESSAGE, *(recipients or (BOB,)), key=key))


def test_an_extension_sends_once_by_its_key(extension: SignedIn, memory_server: MemoryMailServer) -> None:
    key = "k" * 22
    assert [send_from(extension, key=key).get_json() for _ in range(2)] == [{"outcome": "sent", "savedTo": "Sent"}] * 2
    assert len(memory_server.messages(BOB)) == 1
    assert extension.ask("POST", f"/api/send/{key}/look").get_json()["outcome"] == "sent"


def test_the_header_against_other_sites_is_needed(extension: SignedIn) -> None:
    del extension.headers["X-Sealwax"]
    assert error_of(send_from(extension)) == (403, "wrong-origin")


def test_no_answer_to_an_extension_may_be_read_by_another_one(extension: SignedIn) -> None:
    # The browser lets the extension read it by the person's permission for the site, which needs no CORS.
    assert "Access-Control-Allow-Origin" not in extension.ask("GET", "/api/session").headers


def test_neither_log_nor_audit_log_has_the_token(extension: SignedIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send_from(extension)
    extension.ask("DELETE", "/api/session")
    written = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "sign-out" in written
    assert extension.token not in written


def test_the_pages_send_as_before(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    answer = alice.get("/api/session", base_url=API, headers=FROM_PAGES | {"Authorization": "Sealwax x"})
    assert error_of(answer) == (403, "wrong-origin")
