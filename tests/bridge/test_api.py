"""The bridge's API: permission to call it, the lifetime of sessions, its errors, and secrets that it never stores."""

from __future__ import annotations

import json
import logging
import sqlite3
import string
from base64 import b64decode, urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from roaming_keys.protocol.key_account import find_discovery_key
from roaming_keys.protocol.tickets import BadTicket, Purpose, check_ticket, public_key_of
from sealwax.service import check_origin, host_of
from smime_core import blocking
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.pkix import RevocationPolicy
from smime_core.providers.native import NativeProvider
from tests.support.clock import FakeClock
from tests.support.server_lists import PINNED
from tests.support.servers.bridge import (
    API,
    ENROLMENT_KEY,
    FROM_PAGES,
    KEYS,
    PAGES,
    cookie_name,
    error_of,
    folder_path,
    get,
    look_up,
    naming,
    send,
    session_cookie_of,
    set_flags,
    sign_in,
    upload,
)
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.clear_mail import ClearMail, ClearMailPolicy
from webbridge.database.tables import SESSION
from webbridge.demo.accounts import certificate_pem
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import GatewayError, ServerAddress
from webbridge.login.cookies import HTTPS_COOKIE, LOOPBACK_COOKIE
from webbridge.services import services_of

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Hello\r\n\r\n.dot \xc3\xa4\r\n"


def cookie_of(browser: FlaskClient) -> str | None:
    cookie = session_cookie_of(browser)
    return None if cookie is None else cookie[1]


def inbox_now(browser: FlaskClient) -> str:
    """The path of the inbox under its present UIDVALIDITY."""
    folder = folder_path(browser)
    return f"{folder}/{get(browser, f'{folder}/messages').get_json()['uidValidity']}"


# Signing in and out


def name_and_attributes(cookie: str) -> tuple[str, set[str]]:
    name, _, rest = cookie.partition("=")
    return name, {part.strip() for part in rest.split(";")[1:]}


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get(browser: FlaskClient) -> None:
    response = sign_in(browser)
    account = response.get_json()["account"]
    assert response.get_json() == {"address": ALICE, "account": account}
    # This is plain HTTP on loopback, by which WebKit sends no Secure cookie.
    cookie = name_and_attributes(response.headers["Set-Cookie"])
    assert cookie == (f"sealwax-{account}", {"HttpOnly", "Path=/", "SameSite=Strict"})


@pytest.mark.parametrize("origin", ["https://mail.example.org", "https://127.0.0.1:8461", "https://localhost:8461"])
def test_over_https_the_cookie_is_secure_and_of_this_host_only(config: BridgeConfig, origin: str) -> None:
    app = create_app(replace(config, api_origin=origin))
    login = {"address": ALICE, "password": PASSWORDS[ALICE]}
    client = app.test_client()
    response = client.post("/api/session", base_url=origin, headers=FROM_PAGES, json=login)
    account = response.get_json()["account"]
    name, attributes = name_and_attributes(response.headers["Set-Cookie"])
    assert (name, attributes) == (f"__Host-sealwax-{account}", {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"})
    assert client.get("/api/session", base_url=origin, headers=FROM_PAGES).get_json()["address"] == ALICE
    # The name of the cookie on loopback opens nothing: a page of another port or of plain HTTP could have set it.
    host = host_of(origin)
    cookie = client.get_cookie(HTTPS_COOKIE.name_for(account), domain=host)
    assert cookie is not None
    other = app.test_client()
    other.set_cookie(LOOPBACK_COOKIE.name_for(account), cookie.value, domain=host)
    assert error_of(other.get("/api/session", base_url=origin, headers=FROM_PAGES)) == (401, "session-ended")
    ended = client.delete("/api/session", base_url=origin, headers=FROM_PAGES | naming())
    name, attributes = name_and_attributes(ended.headers["Set-Cookie"])
    assert name == f"__Host-sealwax-{account}"
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} < attributes
    services_of(app).close()


def test_a_wrong_password_is_refused_without_a_cookie(browser: FlaskClient) -> None:
    response = sign_in(browser, password="wrong")
    assert error_of(response) == (401, "login-refused")
    assert "Set-Cookie" not in response.headers


def test_an_unreachable_mail_server_is_named(config: BridgeConfig, memory_server: MemoryMailServer) -> None:
    nowhere = ServerAddress(host="127.0.0.1", port=1)
    app = create_app(replace(config, mail_server=replace(memory_server.address, imap=nowhere)))
    assert error_of(sign_in(app.test_client())) == (502, "mail-server-unreachable")
    services_of(app).close()


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "{}", '{"address": "a@example.test"}', '{"address": 1, "password": "x"}']
)
def test_a_login_that_is_no_login_is_refused(browser: FlaskClient, body: str) -> None:
    headers = FROM_PAGES | {"Content-Type": "application/json"}
    response = browser.post("/api/session", base_url=API, headers=headers, data=body)
    assert error_of(response) == (400, "bad-request")


@pytest.mark.parametrize(
    ("address", "password"),
    [("alice", "x"), (f"{ALICE}\r\nA1 NOOP", "x"), (ALICE, "x\r\nA1 NOOP"), (ALICE, "x\0y"), (ALICE, "")],
)
def test_a_login_never_carries_a_command(browser: FlaskClient, address: str, password: str) -> None:
    assert error_of(sign_in(browser, address, password)) == (400, "bad-argument")


def test_the_session_names_its_address_until_signing_out(alice: FlaskClient) -> None:
    assert get(alice, "/api/session").get_json()["address"] == ALICE
    response = alice.delete("/api/session", base_url=API, headers=FROM_PAGES)
    assert response.status_code == 204
    assert cookie_of(alice) is None
    assert error_of(get(alice, "/api/session")) == (401, "session-ended")


def test_a_cookie_kept_after_signing_out_opens_nothing(alice: FlaskClient) -> None:
    cookie = cookie_of(alice)
    assert cookie is not None
    alice.delete("/api/session", base_url=API, headers=FROM_PAGES)
    alice.set_cookie(cookie_name(alice), cookie, domain="127.0.0.1")
    assert error_of(get(alice, "/api/session")) == (401, "session-ended")


def test_signing_in_again_gives_a_new_id_and_ends_the_old_session(app: Flask, alice: FlaskClient) -> None:
    first = cookie_of(alice)
    sign_in(alice)
    assert first is not None
    assert cookie_of(alice) != first
    assert services_of(app).sessions.find(first) is None


def as_account(address: str) -> dict[str, str]:
    return FROM_PAGES | naming(address)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/folders"),
        ("GET", "/api/folders/an-id/messages"),
        ("PUT", "/api/folders/an-id/9/flags"),
        ("POST", "/api/send"),
        ("POST", "/api/enrolment"),
        ("POST", "/api/enrolment/reset"),
        ("POST", "/api/directory"),
        ("POST", "/api/pki/status"),
        ("POST", "/api/pki/issuers"),
    ],
)
def test_a_page_of_one_account_uses_no_session_of_another(
    alice: FlaskClient, memory_server: MemoryMailServer, method: str, path: str
) -> None:
    headers = as_account(BOB) | {"Content-Type": "application/octet-stream"}
    refused = alice.open(path, method=method, base_url=API, headers=headers, data=upload(MESSAGE, BOB))
    assert error_of(refused) == (401, "session-ended")
    assert memory_server.messages(BOB) == []
    assert get(alice, "/api/session").status_code == 200


def test_signing_out_of_one_account_leaves_the_session_of_another(alice: FlaskClient) -> None:
    alice.delete("/api/session", base_url=API, headers=as_account(BOB))
    assert get(alice, "/api/session").get_json()["address"] == ALICE
    alice.delete("/api/session", base_url=API, headers=as_account(ALICE))
    assert error_of(get(alice, "/api/session")) == (401, "session-ended")


def test_an_answer_says_whose_session_it_was(alice: FlaskClient) -> None:
    for path in ("/api/folders", "/api/folders/an-id/messages"):
        response = get(alice, path)
        assert response.headers["X-Sealwax-Account"] == quote(ALICE)
        assert "X-Sealwax-Account" in response.headers["Access-Control-Expose-Headers"]
    assert "X-Sealwax-Account" not in get(alice, "/api/config").headers


def test_a_session_ends_after_fifteen_idle_minutes(alice: FlaskClient, clock: FakeClock) -> None:
    clock.advance(seconds=15 * 60 - 1)
    assert get(alice, "/api/session").status_code == 200
    clock.advance(seconds=15 * 60)
    assert error_of(get(alice, "/api/session")) == (401, "session-ended")


def test_a_page_that_asks_in_the_background_does_not_keep_the_session(alice: FlaskClient, clock: FakeClock) -> None:
    asked = []
    for _ in range(15):
        clock.advance(seconds=60)
        asked.append(get(alice, "/api/folders?background=1").status_code)
    assert asked == [200] * 14 + [401]


def test_a_session_ends_after_twelve_hours_of_use(alice: FlaskClient, clock: FakeClock) -> None:
    for _ in range(12 * 6 - 1):
        clock.advance(seconds=10 * 60)
        assert get(alice, "/api/session").status_code == 200
    clock.advance(seconds=10 * 60)
    assert error_of(get(alice, "/api/session")) == (401, "session-ended")


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "ä" * 43, "A" * 10_000])
def test_an_invented_cookie_opens_nothing(app: Flask, cookie: str) -> None:
    assert services_of(app).sessions.find(cookie) is None
    assert services_of(app).sessions.end(cookie) is None or len(cookie) == 43


def test_every_route_but_config_needs_a_session(browser: FlaskClient) -> None:
    for path in ("/api/session", "/api/folders", "/api/folders/an-id/messages", "/api/folders/an-id/9/1/raw"):
        assert error_of(get(browser, path)) == (401, "session-ended")
    for path in ("/api/send", "/api/enrolment", "/api/directory"):
        assert error_of(browser.post(path, base_url=API, headers=FROM_PAGES)) == (401, "session-ended")
    assert error_of(set_flags(browser, "/api/folders/an-id/9", [1])) == (401, "session-ended")
    assert get(browser, "/api/config").status_code == 200


def test_the_sixth_failed_login_has_to_wait(browser: FlaskClient, clock: FakeClock) -> None:
    for _ in range(5):
        assert error_of(sign_in(browser, password="wrong")) == (401, "login-refused")
        clock.advance(seconds=10)
    response = sign_in(browser)
    assert error_of(response) == (429, "try-later")
    # Five at once, and again one in each fifth of a quarter of an hour.
    assert response.headers["Retry-After"] == str(3 * 60 - 50)
    assert sign_in(browser, BOB, PASSWORDS[BOB]).status_code == 200
    clock.advance(seconds=3 * 60 - 50)
    assert sign_in(browser).status_code == 200


def test_logins_that_succeed_or_reach_nobody_are_not_counted(
    browser: FlaskClient, config: BridgeConfig, memory_server: MemoryMailServer
) -> None:
    for _ in range(7):
        assert sign_in(browser).status_code == 200
    nowhere = ServerAddress(host="127.0.0.1", port=1)
    app = create_app(replace(config, mail_server=replace(memory_server.address, imap=nowhere)))
    for _ in range(7):
        assert error_of(sign_in(app.test_client())) == (502, "mail-server-unreachable")
    services_of(app).close()


def test_a_stolen_database_holds_no_password_and_no_cookie(config: BridgeConfig, tmp_path: Path) -> None:
    path = tmp_path / "bridge.sqlite"
    app = create_app(replace(config, database=str(path)))
    browser = app.test_client()
    sign_in(browser)
    cookie = cookie_of(browser)
    assert cookie is not None
    services_of(app).close()
    stolen = path.read_bytes()
    assert ALICE.encode() in stolen
    for secret in (PASSWORDS[ALICE].encode(), cookie.encode(), b64decode(cookie + "=", altchars=b"-_")):
        assert secret not in stolen


def test_signing_out_leaves_no_half_of_the_key_in_any_file(config: BridgeConfig, tmp_path: Path) -> None:
    path = tmp_path / "bridge.sqlite"
    app = create_app(replace(config, database=str(path)))
    browser = app.test_client()
    sign_in(browser)
    with sqlite3.connect(path) as rows:
        ((server_half,),) = rows.execute("SELECT server_half FROM session").fetchall()
    rows.close()
    browser.delete("/api/session", base_url=API, headers=FROM_PAGES)
    left = [file.name for file in tmp_path.iterdir() if server_half in file.read_bytes()]
    services_of(app).close()
    assert left == []
    assert server_half not in path.read_bytes()


@pytest.mark.parametrize("column", ["address", "expires_at", "server_half", "nonce"])
def test_a_row_that_was_altered_opens_nothing(app: Flask, alice: FlaskClient, clock: FakeClock, column: str) -> None:
    altered = {
        "address": BOB,
        "expires_at": int(clock().timestamp()) + 10**6,
        "server_half": bytes(32),
        "nonce": bytes(12),
    }
    with services_of(app).database.transaction() as rows:
        rows.execute(update(SESSION).values({column: altered[column]}))
    assert error_of(get(alice, "/api/session")) == (401, "session-ended")


def test_a_password_that_only_the_server_for_outgoing_mail_refuses_ends_no_session(
    alice: FlaskClient, memory_server: MemoryMailServer
) -> None:
    memory_server._passwords[ALICE] = "changed"
    assert error_of(send(alice, MESSAGE, BOB)) == (502, "mail-server-misconfigured")
    assert get(alice, "/api/folders").status_code == 200


# Permission to call


@pytest.mark.parametrize("path", ["/api/config", "/api/session", "/api/nothing"])
def test_every_answer_has_strict_headers(browser: FlaskClient, path: str) -> None:
    headers = get(browser, path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_only_the_pages_origin_may_read_answers(browser: FlaskClient) -> None:
    response = get(browser, "/api/config")
    assert response.headers["Access-Control-Allow-Origin"] == PAGES
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8470", "http://127.0.0.1", "https://127.0.0.1:8460", "null"])
def test_another_origin_is_refused_even_on_the_same_host(alice: FlaskClient, origin: str) -> None:
    response = alice.get("/api/session", base_url=API, headers={"Origin": origin, "X-Sealwax": "1"})
    assert error_of(response) == (403, "wrong-origin")
    assert "Access-Control-Allow-Origin" not in response.headers


def test_a_preflight_from_the_pages_passes_and_from_elsewhere_not(browser: FlaskClient) -> None:
    fields = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "x-sealwax"}
    allowed = browser.options("/api/session", base_url=API, headers=fields | {"Origin": PAGES})
    assert allowed.status_code == 200
    assert "X-Sealwax" in allowed.headers["Access-Control-Allow-Headers"]
    assert "DELETE" in allowed.headers["Access-Control-Allow-Methods"]
    refused = browser.options("/api/session", base_url=API, headers=fields | {"Origin": "http://evil.test"})
    assert "Access-Control-Allow-Headers" not in refused.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/session"),
        ("DELETE", "/api/session"),
        ("POST", "/api/send"),
        ("POST", "/api/enrolment"),
        ("POST", "/api/enrolment/reset"),
        ("PUT", "/api/folders/an-id/9/flags"),
    ],
)
def test_nothing_changes_without_the_header_that_forms_cannot_set(alice: FlaskClient, method: str, path: str) -> None:
    response = alice.open(path, method=method, base_url=API, headers={"Origin": PAGES})
    assert error_of(response) == (403, "wrong-origin")
    assert get(alice, "/api/session").status_code == 200


def test_a_host_name_that_only_resolves_to_this_machine_is_refused(browser: FlaskClient) -> None:
    response = browser.get("/api/config", base_url="http://rebound.test:8461")
    assert error_of(response) == (400, "bad-request")


def test_outside_of_loopback_https_is_forced_and_remembered(config: BridgeConfig) -> None:
    public = replace(
        config, api_origin="https://api.example.org", pages_origin="https://mail.example.org", trusted_proxies=0
    )
    app = create_app(public)
    browser = app.test_client()
    plain = browser.get("/api/config", base_url="http://api.example.org", headers={"X-Forwarded-Proto": "https"})
    assert plain.status_code == 302
    assert plain.headers["Location"] == "https://api.example.org/api/config"
    secure = browser.get("/api/config", base_url="https://api.example.org")
    assert secure.status_code == 200
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31")
    services_of(app).close()


def test_a_trusted_proxy_says_who_came_by_https(config: BridgeConfig) -> None:
    public = replace(config, api_origin="https://api.example.org", trusted_proxies=1)
    app = create_app(public)
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "api.example.org"}
    response = app.test_client().get("/api/config", base_url="http://10.0.0.1", headers=headers)
    assert response.status_code == 200
    services_of(app).close()


@pytest.mark.parametrize(
    "origin",
    [
        "http://mail.example.org",
        "https://mail.example.org/",
        "ftp://x",
        "https://u@mail.example.org",
        "mail",
        "",
        "https://mail.example.org:443",
        "http://127.0.0.1:80",
        "https://Mail.example.org",
        "https://mäil.example.org",
        "https://*.example.org",
        "https://mail.example.org; script-src *",
        "https://mail.example.org,https://evil.test",
        "https://mail.example.org'unsafe-inline'",
        "https://mail.example.org\nX: y",
        "https://[::1",
    ],
)
def test_an_origin_without_https_or_with_more_than_an_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match=r"origin|HTTPS"):
        check_origin(origin)


@pytest.mark.parametrize(("size", "status"), [(99_999, 200), (100_001, 413), (250_000, 413)])
def test_no_message_is_sent_in_part(
    alice: FlaskClient, memory_server: MemoryMailServer, size: int, status: int
) -> None:
    """A client that sends in chunks does not announce the length of the message."""
    message = (MESSAGE + b"A line.\r\n" * 30_000)[: size - 2] + b"\r\n"
    response = alice.post(
        "/api/send",
        base_url=API,
        headers=FROM_PAGES | {"Transfer-Encoding": "chunked"},
        input_stream=BytesIO(upload(message, BOB)),
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert response.status_code == status
    assert [mail.raw for mail in memory_server.messages(BOB)] == ([message] if status == 200 else [])


@pytest.mark.parametrize("origin", ["https://mail.example.org:8443", "http://[::1]:8460", "https://xn--mil-ela.test"])
def test_an_origin_as_browsers_write_it_is_taken(origin: str) -> None:
    check_origin(origin)


@pytest.mark.parametrize(
    "settings",
    [
        {"trusted_proxies": -1},
        {"pki_allowed_hosts": "ca.example.org"},
        {"pki_allowed_networks": ("10.0.0.0/8",)},
        {"max_message_bytes": -1},
        {"idle_seconds": 0},
        {"absolute_seconds": 0},
    ],
)
def test_settings_that_would_mean_something_else_are_refused(config: BridgeConfig, settings: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(settings))):
        replace(config, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["anchors_file", "timestamp_anchors_file"])
def test_a_file_of_anchors_that_cannot_be_read_is_named(config: BridgeConfig, tmp_path: Path, name: str) -> None:
    file = tmp_path / "authorities.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(ValueError, match=r"authorities\.pem"):
        create_app(replace(config, **{name: file}))  # type: ignore[arg-type]


# Errors


def test_every_error_is_json(app: Flask, alice: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert error_of(get(alice, "/api/nothing")) == (404, "not-found")
    assert error_of(get(alice, "/")) == (404, "not-found")
    response = alice.patch("/api/session", base_url=API, headers=FROM_PAGES)
    assert error_of(response) == (405, "method-not-allowed")
    assert "GET" in response.headers["Allow"]
    assert error_of(send(alice, MESSAGE + b"x\r\n" * 33_334, BOB)) == (413, "message-too-large")
    monkeypatch.setattr(services_of(app).people.folder, "find", lambda _address: 1 / 0)
    assert error_of(look_up(alice, BOB)) == (500, "server-error")


def test_a_login_body_is_small(browser: FlaskClient) -> None:
    assert error_of(sign_in(browser, password="x" * 20_000)) == (413, "message-too-large")


# Mail


def test_folders_are_listed_with_role_and_counts(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    memory_server.append(ALICE, MESSAGE)
    listed = get(alice, "/api/folders").get_json()["folders"]
    assert [(folder["name"], folder["role"], folder["total"], folder["unseen"]) for folder in listed] == [
        ("INBOX", "inbox", 1, 1),
        ("Sent", "sent", 0, 0),
    ]
    for folder in listed:
        page = get(alice, f"/api/folders/{folder['id']}/messages").get_json()
        assert (page["uidValidity"], len(page["messages"])) == (folder["uidValidity"], folder["total"])


def test_messages_are_listed_read_and_marked(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    uid = memory_server.append(ALICE, b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n" + MESSAGE)
    inbox = folder_path(alice)
    page = get(alice, f"{inbox}/messages?limit=10").get_json()
    (row,) = page["messages"]
    assert row["uid"] == uid
    assert row["from"] == ALICE
    assert row["to"] == BOB
    assert row["subject"] == "Hello"
    assert row["protection"] == "signed"
    assert row["date"] is None
    assert row["seen"] is False
    marked = set_flags(alice, f"{inbox}/{page['uidValidity']}", [uid], add=["\\Seen"])
    assert marked.status_code == 200
    assert get(alice, f"{inbox}/messages").get_json()["messages"][0]["seen"] is True
    before = f"before={uid}&uidValidity={page['uidValidity']}"
    assert get(alice, f"{inbox}/messages?{before}").get_json()["messages"] == []


def test_raw_bytes_come_as_the_server_holds_them(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    message = MESSAGE + bytes(range(1, 10)) + bytes(range(14, 256)) * 100 + b"\r\n"
    uid = memory_server.append(ALICE, message)
    response = get(alice, f"{inbox_now(alice)}/{uid}/raw")
    assert response.data == message
    assert response.content_length == len(message)
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment"


def test_a_head_request_leaves_the_connection_for_the_next(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    uid = memory_server.append(ALICE, MESSAGE)
    path = f"{inbox_now(alice)}/{uid}/raw"
    for _ in range(4):
        response = alice.head(path, base_url=API, headers=FROM_PAGES, buffered=True)
        assert response.content_length == len(MESSAGE)
    assert get(alice, path).data == MESSAGE


@pytest.mark.parametrize("folder_id", ["INBOX", "x", "A" * 22, "A" * 4000, "%C3%A4", "a%0D%0AA1%20NOOP", "%00", "a.b"])
def test_a_folder_is_named_by_its_id_only(alice: FlaskClient, folder_id: str) -> None:
    assert error_of(get(alice, f"/api/folders/{folder_id}/messages")) == (404, "no-such-folder")


@pytest.mark.parametrize("name", ["INBOX", "Sent", "a longer name", "\u00e4"])
def test_a_folder_has_one_id(app: Flask, name: str) -> None:
    ids = services_of(app).folder_ids
    known = ids.id_of(ALICE, name)
    assert ids.name_of(ALICE, known) == name
    last = [known[:-1] + letter for letter in string.ascii_letters + string.digits + "-_"]
    for invented in {known + "!", known + "=", f" {known}", f"{known[:3]}.{known[3:]}", *last} - {known}:
        with pytest.raises(GatewayError, match="no such folder"):
            ids.name_of(ALICE, invented)


def test_the_id_of_a_folder_opens_no_folder_of_another_account(alice: FlaskClient) -> None:
    assert error_of(get(alice, f"{folder_path(alice, address=BOB)}/messages")) == (404, "no-such-folder")


def test_the_id_of_a_folder_does_not_show_its_name_or_change(alice: FlaskClient) -> None:
    assert folder_path(alice, "INBOX") == folder_path(alice, "INBOX")
    assert b"INBOX" not in urlsafe_b64decode(folder_path(alice).rpartition("/")[2] + "==")


def test_a_folder_that_is_numbered_anew_is_named_so(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    uid = memory_server.append(ALICE, MESSAGE)
    mailbox = inbox_now(alice)
    folder, _, uid_validity = mailbox.rpartition("/")
    other = int(uid_validity) ^ 1
    for response in (
        get(alice, f"{folder}/{other}/{uid}/raw"),
        set_flags(alice, f"{folder}/{other}", [uid], add=["\\Seen"]),
        get(alice, f"{folder}/messages?before={uid + 1}&uidValidity={other}"),
    ):
        assert error_of(response) == (409, "folder-changed")
    assert get(alice, f"{mailbox}/{uid}/raw").data == MESSAGE
    assert memory_server.messages(ALICE)[0].flags == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"uids": []},
        {"uids": [0]},
        {"uids": [2**32]},
        {"uids": list(range(1, 1002))},
        {"uids": [1], "add": ["\\Deleted"]},
        {"uids": [1], "add": ["\\Recent"]},
        {"uids": [1], "add": ["a b"]},
        {"uids": [1], "add": ["x)\r\nA1 DELETE INBOX"]},
        {"uids": [1], "add": ["a*"]},
        {"uids": [1], "remove": [""]},
    ],
)
def test_a_change_of_flags_is_checked_before_it_reaches_the_server(alice: FlaskClient, change: dict[str, Any]) -> None:
    assert error_of(set_flags(alice, inbox_now(alice), **change)) == (400, "bad-argument")


@pytest.mark.parametrize("change", [{}, {"uids": 1}, {"uids": ["1"]}, {"uids": [True]}, {"uids": [1], "add": "x"}])
def test_a_change_of_flags_that_is_none_is_refused(alice: FlaskClient, change: dict[str, Any]) -> None:
    response = alice.put(f"{inbox_now(alice)}/flags", base_url=API, headers=FROM_PAGES, json=change)
    assert error_of(response) == (400, "bad-request")


def test_flags_of_many_messages_are_changed_at_once(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    uids = [memory_server.append(ALICE, MESSAGE) for _ in range(3)]
    mailbox = inbox_now(alice)
    assert set_flags(alice, mailbox, uids[:2], add=["\\Seen", "\\Flagged"]).status_code == 200
    assert set_flags(alice, mailbox, uids[1:], add=["\\Answered"], remove=["\\Seen"]).status_code == 200
    flags = [stored.flags for stored in memory_server.messages(ALICE)]
    assert flags == [{"\\Seen", "\\Flagged"}, {"\\Flagged", "\\Answered"}, {"\\Answered"}]


def test_a_message_that_is_not_there_is_named(alice: FlaskClient) -> None:
    mailbox = inbox_now(alice)
    assert error_of(get(alice, f"{mailbox}/77/raw")) == (404, "no-such-message")
    assert error_of(get(alice, f"{mailbox}/{2**32}/raw")) == (400, "bad-argument")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "before=x", "before=1e3", "before=99999999999", "limit=", "before=5"]
)
def test_numbers_of_a_list_are_positive(alice: FlaskClient, query: str) -> None:
    assert error_of(get(alice, f"{folder_path(alice)}/messages?{query}")) == (400, "bad-request")


def test_a_sent_message_arrives_as_it_is_and_is_kept(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    response = send(alice, MESSAGE, BOB, ALICE, BOB)
    assert response.get_json() == {"outcome": "sent", "savedTo": "Sent"}
    assert [stored.raw for stored in memory_server.messages(BOB)] == [MESSAGE]
    assert [stored.raw for stored in memory_server.messages(ALICE)] == [MESSAGE]
    (copy,) = memory_server.messages(ALICE, "Sent")
    assert copy.raw == MESSAGE
    assert copy.flags == {"\\Seen"}


@pytest.mark.parametrize(
    ("message", "recipients", "expected"),
    [
        (MESSAGE, "nobody@example.test", (422, "message-refused")),
        (MESSAGE, "", (400, "bad-argument")),
        (MESSAGE.replace(b"alice@", b"carol@"), BOB, (400, "bad-argument")),
        (MESSAGE.replace(b"Subject", b"Bcc: carol@example.test\r\nSubject"), BOB, (400, "bad-argument")),
        (b"From: alice@example.test\r\n" + MESSAGE, BOB, (400, "bad-argument")),
        (MESSAGE + b"x" * 999 + b"\r\n", BOB, (400, "bad-argument")),
        (MESSAGE, "Bob <bob@example.test>", (400, "bad-argument")),
        (MESSAGE + b"bare\nline\r\n", BOB, (400, "bad-argument")),
        (b"", BOB, (400, "bad-argument")),
    ],
)
def test_a_refused_message_is_neither_sent_nor_kept(
    alice: FlaskClient, memory_server: MemoryMailServer, message: bytes, recipients: str, expected: tuple[int, str]
) -> None:
    assert error_of(send(alice, message, recipients)) == expected
    assert memory_server.messages(BOB) == []
    assert memory_server.messages(ALICE, "Sent") == []


def test_a_copy_that_cannot_be_kept_is_no_failure_to_send(
    app: Flask, alice: FlaskClient, memory_server: MemoryMailServer
) -> None:
    services_of(app).pool.close()
    assert send(alice, MESSAGE, BOB).get_json() == {"outcome": "sent", "savedTo": None}
    assert len(memory_server.messages(BOB)) == 1


# Certificates and tickets


def test_config_names_key_server_anchors_and_limit(config: BridgeConfig, tmp_path: Path) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    authority = blocking.run(create_authority("Test CA", provider=NativeProvider(), at=at))
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(certificate_pem(authority.identity.certificate))
    clock = blocking.run(create_authority("Test TSA", provider=NativeProvider(), at=at)).identity.certificate
    (tmp_path / "clocks.pem").write_text(certificate_pem(clock))
    config = replace(config, anchors_file=anchors, timestamp_anchors_file=tmp_path / "clocks.pem")
    app = create_app(replace(config, mozilla_roots=True, revocation=RevocationPolicy.IF_KNOWN))
    fields = get(app.test_client(), "/api/config").get_json()
    services_of(app).close()
    assert (fields["mozilla"], fields["revocation"]) == (True, "if-known")
    assert "keyServer" not in fields
    assert [b64decode(anchor) for anchor in fields["anchors"]] == [authority.identity.certificate.der]
    assert [b64decode(anchor) for anchor in fields["timestampAnchors"]] == [clock.der]
    assert fields["maxMessageBytes"] == 100_000
    assert fields["clearMail"] == {"mode": "allow-unknown", "neverDomains": []}


def test_config_has_the_policy_on_unencrypted_mail(config: BridgeConfig) -> None:
    app = create_app(replace(config, clear_mail=ClearMailPolicy(mode=ClearMail.ASK, never_to=("example.org",))))
    fields = get(app.test_client(), "/api/config").get_json()
    services_of(app).close()
    assert fields["clearMail"] == {"mode": "ask", "neverDomains": ["example.org"]}


@pytest.mark.parametrize("never_to", [("Example.org",), ("a@example.org",), ("",), ("example.org",) * 1_001])
def test_a_policy_on_unencrypted_mail_names_domains(never_to: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="never_clear_to"):
        ClearMailPolicy(never_to=never_to)


def test_the_directory_finds_by_address_and_survives_a_bad_file(config: BridgeConfig, tmp_path: Path) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    authority = blocking.run(create_authority("Test CA", provider=NativeProvider(), at=at))
    identity = blocking.run(issue_identity(authority, "Bob@Example.test", provider=NativeProvider(), at=at))
    (tmp_path / "bob.pem").write_text(certificate_pem(identity.certificate))
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    app = create_app(replace(config, directory_folder=tmp_path))
    browser = app.test_client()
    sign_in(browser)
    certificates = look_up(browser, BOB).get_json()["certificates"]
    assert [b64decode(certificate) for certificate in certificates] == [identity.certificate.der]
    nobody: dict[str, list[object]] = {"certificates": [], "found": [], "problems": []}
    assert look_up(browser, "carol@example.test").get_json() == nobody
    assert error_of(look_up(browser, "*")) == (400, "bad-argument")
    assert error_of(look_up(browser, [BOB])) == (400, "bad-request")
    assert error_of(look_up(browser, BOB * 1000)) == (413, "message-too-large")
    # In the URL the address would be in every log.
    assert error_of(get(browser, f"/api/directory?address={BOB}")) == (405, "method-not-allowed")
    services_of(app).close()


def test_a_ticket_proves_the_address_of_the_session_and_no_other(alice: FlaskClient, clock: FakeClock) -> None:
    response = alice.post("/api/enrolment", base_url=API, headers=FROM_PAGES)
    ticket = response.get_json()["ticket"]
    key = public_key_of(ENROLMENT_KEY)
    check_ticket(key, ticket, audience=KEYS, user=ALICE, at=clock())
    with pytest.raises(BadTicket):
        check_ticket(key, ticket, audience=KEYS, user=BOB, at=clock())
    clock.advance(seconds=600)
    with pytest.raises(BadTicket):
        check_ticket(key, ticket, audience=KEYS, user=ALICE, at=clock())


def test_a_ticket_for_a_reset_registers_nobody_and_the_other_resets_nothing(
    alice: FlaskClient, clock: FakeClock
) -> None:
    key, at = public_key_of(ENROLMENT_KEY), clock()
    for path, purpose, other in (
        ("/api/enrolment", Purpose.ENROLMENT, Purpose.RESET),
        ("/api/enrolment/reset", Purpose.RESET, Purpose.ENROLMENT),
    ):
        ticket = alice.post(path, base_url=API, headers=FROM_PAGES).get_json()["ticket"]
        check_ticket(key, ticket, audience=KEYS, user=ALICE, at=at, purpose=purpose)
        with pytest.raises(BadTicket):
            check_ticket(key, ticket, audience=KEYS, user=ALICE, at=at, purpose=other)


def test_a_ticket_names_the_key_of_the_list_of_servers(config: BridgeConfig) -> None:
    app = create_app(replace(config, discovery_key=PINNED))
    browser = app.test_client()
    sign_in(browser)
    ticket = browser.post("/api/enrolment", base_url=API, headers=FROM_PAGES).get_json()["ticket"]
    assert find_discovery_key(ticket) == PINNED
    services_of(app).close()


# Secrets


def test_no_secret_reaches_the_logs_or_a_repr(
    app: Flask, browser: FlaskClient, config: BridgeConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sign_in(browser, password="not the pässword")
    sign_in(browser)
    send(browser, MESSAGE, BOB)
    get(browser, f"{folder_path(browser)}/messages")
    cookie = cookie_of(browser)
    assert cookie is not None
    session = services_of(app).sessions.find(cookie)
    shown = caplog.text + repr(session) + repr(config) + repr(services_of(app))
    for secret in (PASSWORDS[ALICE], "not the pässword", cookie, repr(ENROLMENT_KEY)):
        assert secret not in shown
        assert json.dumps(secret)[1:-1] not in shown
