"""`/api/sessions`: an account's sessions, the end of each and of all, and what ends with them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sealwax.service import Announcement
from sealwax.service.logs import configure_audit
from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, cookie_name, error_of, get, session_cookie_of, sign_in
from tests.support.servers.events import Page, run_events
from tests.support.servers.lying_server import LyingServer
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, login_at
from webbridge import BridgeConfig, create_app
from webbridge.login.sessions import MAX_LISTED
from webbridge.services import services_of

pytestmark = pytest.mark.server

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(app: Flask, address: str = ALICE, *, user_agent: str = "") -> FlaskClient:
    browser = app.test_client()
    browser.environ_base["HTTP_USER_AGENT"] = user_agent
    assert sign_in(browser, address, PASSWORDS[address]).status_code == 200
    return browser


def listed(browser: FlaskClient) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = get(browser, "/api/sessions").get_json()["sessions"]
    return rows


def id_of(browser: FlaskClient) -> object:
    return next(row["id"] for row in listed(browser) if row["this"])


def end(browser: FlaskClient, path: str) -> TestResponse:
    return browser.delete(f"/api/sessions{path}", base_url=API, headers=FROM_PAGES)


def is_signed_in(browser: FlaskClient) -> bool:
    return get(browser, "/api/session").status_code == 200


def has_cookie(browser: FlaskClient) -> bool:
    return session_cookie_of(browser) is not None


def test_lists_the_sessions_of_the_account_and_of_no_other(app: Flask, clock: FakeClock) -> None:
    first = signed_in(app, user_agent=FIREFOX)
    clock.advance(seconds=90)
    signed_in(app, user_agent="<b>curl</b>\N{RIGHT-TO-LEFT OVERRIDE}")
    signed_in(app, BOB)
    clock.advance(seconds=90)
    answer = get(first, "/api/sessions").get_json()
    for row in answer["sessions"]:
        assert len(row.pop("id")) == 64
    assert answer == {
        "sessions": [
            {
                "started": "2026-11-20T12:00:00+00:00",
                "used": "2026-11-20T12:03:00+00:00",
                "program": "Firefox on Linux",
                "origin": "",
                "this": True,
            },
            {
                "started": "2026-11-20T12:01:30+00:00",
                "used": "2026-11-20T12:01:00+00:00",
                "program": "",
                "origin": "",
                "this": False,
            },
        ],
        "total": 2,
    }


def test_an_id_of_the_list_opens_no_session(app: Flask) -> None:
    thief = app.test_client()
    thief.set_cookie(cookie_name(thief), str(id_of(signed_in(app))), domain="127.0.0.1")
    assert error_of(get(thief, "/api/session")) == (401, "session-ended")


def test_the_list_has_no_session_that_is_over_or_was_moved_to_another_server(app: Flask, clock: FakeClock) -> None:
    signed_in(app)
    clock.advance(seconds=900)
    last = signed_in(app)
    elsewhere = services_of(app).config.mail_server
    assert elsewhere is not None
    assert elsewhere.imap is not None
    moved = replace(elsewhere, imap=replace(elsewhere.imap, host="elsewhere.example.test"))
    services_of(app).sessions.create(login_at(moved), origin="", program="")
    assert [row["this"] for row in listed(last)] == [True]


def test_a_session_of_a_version_that_noted_no_beginning_is_listed_without_one(alice: FlaskClient, app: Flask) -> None:
    with services_of(app).database.transaction() as rows:
        rows.exec_driver_sql("UPDATE session SET started_at = 0")
    assert [row["started"] for row in listed(alice)] == [None]


def test_a_long_list_says_how_many_sessions_there_are(alice: FlaskClient, app: Flask) -> None:
    server = services_of(app).config.mail_server
    assert server is not None
    for _ in range(MAX_LISTED):
        services_of(app).sessions.create(login_at(server), origin="", program="")
    answer = get(alice, "/api/sessions").get_json()
    assert (len(answer["sessions"]), answer["total"]) == (MAX_LISTED, MAX_LISTED + 1)


def test_one_session_ends_and_the_others_go_on(app: Flask) -> None:
    first, second, bob = signed_in(app), signed_in(app), signed_in(app, BOB)
    ended = id_of(second)
    assert end(first, f"/{ended}").status_code == 204
    assert [is_signed_in(browser) for browser in (first, second, bob)] == [True, False, True]
    assert error_of(end(first, f"/{ended}")) == (404, "no-such-session")
    assert has_cookie(first)


def test_a_session_of_another_account_is_not_ended(app: Flask) -> None:
    alice, bob = signed_in(app), signed_in(app, BOB)
    assert error_of(end(alice, f"/{id_of(bob)}")) == (404, "no-such-session")
    assert end(alice, "?this=true").get_json() == {"ended": 1}
    assert is_signed_in(bob)


def test_the_own_session_ends_with_its_cookie(alice: FlaskClient) -> None:
    assert end(alice, f"/{id_of(alice)}").status_code == 204
    assert not has_cookie(alice)
    assert not is_signed_in(alice)


def test_all_others_end_or_all(app: Flask) -> None:
    first, second, third = (signed_in(app) for _ in range(3))
    assert end(first, "").get_json() == {"ended": 2}
    assert [is_signed_in(browser) for browser in (first, second, third)] == [True, False, False]
    assert has_cookie(first)
    assert end(first, "?this=true").get_json() == {"ended": 1}
    assert not has_cookie(first)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("DELETE", "/" + "0" * 64)])
def test_the_list_needs_a_session(browser: FlaskClient, method: str, path: str) -> None:
    answer = browser.open(f"/api/sessions{path}", method=method, base_url=API, headers=FROM_PAGES)
    assert error_of(answer) == (401, "session-ended")


def test_a_page_of_another_account_or_site_ends_nothing(alice: FlaskClient) -> None:
    for headers in ({"Origin": FROM_PAGES["Origin"]}, {"Origin": "https://elsewhere.example", "X-Sealwax": "1"}):
        answer = alice.delete("/api/sessions", base_url=API, headers=headers)
        assert error_of(answer) == (403, "wrong-origin")
    answer = alice.delete("/api/sessions?this=true", base_url=API, headers=FROM_PAGES | {"X-Sealwax-Account": "bob"})
    assert error_of(answer) == (401, "session-ended")
    assert is_signed_in(alice)


def test_the_audit_log_has_each_end(app: Flask, tmp_path: Path) -> None:
    configure_audit(tmp_path / "audit.log")
    try:
        browsers = [signed_in(app) for _ in range(2)]
        end(browsers[0], f"/{id_of(browsers[1])}")
        end(browsers[0], "")
        end(browsers[0], "?this=true")
    finally:
        configure_audit(None)
    lines = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]
    ends = [(line["outcome"], line["account"]) for line in lines if line["event"] == "session-ended"]
    assert ends == [("one-by-owner", ALICE), ("all-others-by-owner", ALICE), ("all-by-owner", ALICE)]


def test_the_end_reaches_connections_and_streams_of_other_processes(
    imap: LyingServer, config: BridgeConfig, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bridges and a process of events share a database. One session ends, another of the account goes on."""
    monkeypatch.setattr("webbridge.events.hub.CHECK_SECONDS", 1000.0)
    monkeypatch.setattr("sealwax.service.announcements.POLL_SECONDS", 0.05)
    here = replace(config, database=database_url, mail_server=imap.address(), has_events=True)
    with ExitStack() as stack:
        apps = [create_app(here) for _ in range(2)]
        for app in apps:
            stack.callback(services_of(app).close)
        events = stack.enter_context(run_events(here))
        keeper, lost = signed_in(apps[0]), signed_in(apps[0])
        cookie = session_cookie_of(lost)
        assert cookie is not None
        elsewhere = apps[1].test_client()
        elsewhere.set_cookie(*cookie, domain="127.0.0.1")
        assert get(elsewhere, "/api/folders").status_code == 200
        page = stack.enter_context(Page(events.port, "=".join(cookie)))
        page.wait_for("ready")
        wait_until(lambda: events.application._listening is not None)
        session_ids = services_of(apps[1]).pool.session_ids()
        assert end(keeper, f"/{id_of(lost)}").status_code == 204
        page.wait_for("session-ended")
        wait_until(lambda: services_of(apps[1]).pool.session_ids() == set())
        assert session_ids != set()
        # One connection at each bridge has logged out, and that of the other session stays.
        wait_until(lambda: len(imap.commands("LOGOUT")) >= 2)
        assert is_signed_in(keeper)
        assert services_of(apps[0]).pool.session_ids() == {str(id_of(keeper))}


def test_a_lost_announcement_is_made_up_for(imap: LyingServer, config: BridgeConfig, tmp_path: Path) -> None:
    here = replace(config, database=str(tmp_path / "bridge.sqlite"), mail_server=imap.address())
    with ExitStack() as stack:
        app = create_app(here)
        stack.callback(services_of(app).close)
        ended, living = signed_in(app), signed_in(app)
        ended_id, living_id = str(id_of(ended)), str(id_of(living))
        services_of(app).sessions.end_id(ended_id)
        heard: Callable[[Announcement | None], None] = services_of(app).ended_elsewhere.hear
        heard(None)
        assert services_of(app).pool.session_ids() == {living_id}


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
