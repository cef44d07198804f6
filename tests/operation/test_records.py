"""The audit log: sign-ins, messages and the ends of sessions, without passwords, recipients or content."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from sealwax.service.logs import configure_audit
from tests.support.servers.bridge import API, ENROLMENT_KEY, FROM_PAGES, KEYS, PAGES, send, sign_in
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.services import services_of

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n"


@pytest.fixture
def audit_file(tmp_path: Path) -> Iterator[Path]:
    configure_audit(tmp_path / "audit.log")
    yield tmp_path / "audit.log"
    configure_audit(None)


@pytest.fixture
def app(memory_server: MemoryMailServer) -> Iterator[Flask]:
    app = create_app(
        BridgeConfig(
            api_origin=API,
            pages_origin=PAGES,
            key_server_origin=KEYS,
            mail_server=memory_server.address,
            enrolment_key=ENROLMENT_KEY,
        )
    )
    yield app
    services_of(app).close()


def test_the_audit_log_names_account_network_and_outcome_and_nothing_else(
    app: Flask, audit_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    browser = app.test_client()
    assert sign_in(browser, password="wrong words").status_code == 401
    assert sign_in(browser).status_code == 200
    assert send(browser, MESSAGE, BOB).status_code == 200
    assert browser.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204
    assert browser.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204
    lines = [json.loads(line) for line in audit_file.read_text().splitlines()]
    assert [(line["event"], line.get("outcome")) for line in lines] == [
        ("sign-in", "login-refused"),
        ("sign-in", "ok"),
        ("send", "sent"),
        ("sign-out", None),
    ]
    assert {(line["account"], line["client"]) for line in lines} == {(ALICE, "127.0.0.1")}
    assert oct(audit_file.stat().st_mode & 0o777) == "0o600"
    log = str([vars(record) for record in caplog.records if record.name != "sealwax.audit"])
    for secret in ("wrong words", PASSWORDS[ALICE], BOB, "Supper", "At eight"):
        assert secret not in audit_file.read_text() + log
    assert ALICE not in log


def test_the_log_has_the_route_of_a_request_and_not_its_path(
    app: Flask, audit_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = "/api/folders/U2VjcmV0/messages?before=4711"
    answer = app.test_client().get(path, base_url=API, buffered=True)
    (line,) = [vars(record) for record in caplog.records if record.name == "sealwax.request"]
    assert audit_file.read_text() == ""
    assert len(answer.headers["X-Request-Id"]) == 16
    # By chance the digits of the query stand in times and process ids too.
    texts = str({name: value for name, value in line.items() if not isinstance(value, (int, float))})
    assert "U2VjcmV0" not in texts
    assert "4711" not in texts
    assert (line["method"], line["status"]) == ("GET", 401)
    assert line["route"].startswith("/api/folders/<")


@pytest.mark.parametrize("path", ["/api/send/U2VjcmV0U2VjcmV0U2VjcmV0", "/api/send?U2VjcmV0U2VjcmV0U2VjcmV0"])
def test_the_log_of_an_unforeseen_error_has_the_route_and_not_the_path(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    browser = app.test_client()
    assert sign_in(browser).status_code == 200
    monkeypatch.setattr(services_of(app).sessions, "find", lambda *_, **__: 1 / 0)
    answer = browser.get(path, base_url=API)
    assert (answer.status_code, answer.get_json()["code"]) == (500, "server-error")
    (line,) = [record.getMessage() for record in caplog.records if record.exc_info]
    assert line.startswith("an unforeseen error in /api/send")
    assert "ZeroDivisionError" in caplog.text
    assert "U2VjcmV0" not in caplog.text


def test_a_database_of_another_service_makes_the_bridge_unready_and_lost_mail_servers_do_not(
    app: Flask, memory_server: MemoryMailServer
) -> None:
    memory_server.stop()
    browser = app.test_client()
    ready = browser.get("/api/ready", base_url=API)
    assert (ready.status_code, ready.get_json()["database"], ready.get_json()["mailServers"]) == (200, "ok", "failed")
    with services_of(app).database.transaction() as rows:
        rows.execute(text("UPDATE alembic_version SET version_num = 'keys_0001'"))
    unready = browser.get("/api/ready", base_url=API)
    assert (unready.status_code, unready.get_json()["status"]) == (503, "failed")
    assert int(unready.headers["Retry-After"]) > 0
    assert browser.get("/api/health", base_url=API).status_code == 200
