"""Tickets for the key server: each needs a login at the mail server. That the session goes on is not enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, get, sign_in
from tests.support.servers.lying_server import POP3, LyingServer, TakeLine

pytestmark = pytest.mark.server


@pytest.fixture
def browser(imap: LyingServer, smtp: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        yield browser


@pytest.mark.parametrize("path", ["/api/enrolment", "/api/enrolment/reset"])
def test_a_session_from_before_a_change_of_the_password_gets_no_ticket(
    browser: FlaskClient, imap: LyingServer, path: str
) -> None:
    assert sign_in(browser).status_code == 200
    assert browser.post(path, base_url=API, headers=FROM_PAGES).status_code == 200
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), b"TAG NO [AUTHENTICATIONFAILED] no\r\n"]
    assert error_of(browser.post(path, base_url=API, headers=FROM_PAGES)) == (401, "session-ended")
    assert error_of(get(browser, "/api/session")) == (401, "session-ended")


@pytest.mark.parametrize("path", ["/api/enrolment", "/api/enrolment/reset"])
def test_a_mail_server_that_does_not_answer_proves_nothing(browser: FlaskClient, imap: LyingServer, path: str) -> None:
    assert sign_in(browser).status_code == 200
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), b"TAG NO [UNAVAILABLE] no\r\n"]
    assert browser.post(path, base_url=API, headers=FROM_PAGES).status_code in (502, 503)
    assert get(browser, "/api/session").status_code == 200


def test_tickets_use_up_no_connection_of_the_session(browser: FlaskClient) -> None:
    assert sign_in(browser).status_code == 200
    for _ in range(10):
        assert browser.post("/api/enrolment/reset", base_url=API, headers=FROM_PAGES).status_code == 200
    assert get(browser, "/api/folders").status_code == 200


def test_a_mailbox_by_pop3_gives_tickets_too(tls_folder: Path) -> None:
    with LyingServer(POP3, tls_folder=tls_folder) as pop3, bridge_before(pop3.pop3_address()) as browser:
        assert sign_in(browser).status_code == 200
        for _ in range(3):
            assert get(browser, "/api/folders").status_code == 200
            assert browser.post("/api/enrolment/reset", base_url=API, headers=FROM_PAGES).status_code == 200
