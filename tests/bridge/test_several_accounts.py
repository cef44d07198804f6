"""Several accounts in one browser: each request acts for the account that it names, and for no other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.clock import FakeClock
from tests.support.servers.bridge import (
    API,
    FROM_PAGES,
    PAGES,
    UPLOAD,
    cookie_name,
    error_of,
    folder_path,
    get,
    look_up,
    naming,
    session_cookie_of,
    sign_in,
    upload,
)
from tests.support.servers.events import Page, run_events
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.login.cookies import MAX_ACCOUNTS, AccountIds
from webbridge.services import services_of

pytestmark = pytest.mark.server

ENDED = (401, "session-ended")
MESSAGE = b"From: %b\r\nTo: bob@example.test\r\nSubject: Hello\r\n\r\nHello\r\n"


def sign_in_beside(browser: FlaskClient, address: str) -> TestResponse:
    """Sign in to a further account, as the pages do. The browser names none in its requests."""
    browser.environ_base.pop("HTTP_X_SEALWAX_ACCOUNT", None)
    members = {"address": address, "password": PASSWORDS[address], "beside": True}
    return browser.post("/api/session", base_url=API, headers=FROM_PAGES, json=members)


@pytest.fixture
def both(browser: FlaskClient) -> FlaskClient:
    """A browser in which Alice and Bob have signed in."""
    for address in (ALICE, BOB):
        assert sign_in_beside(browser, address).status_code == 200
    return browser


def id_of(browser: FlaskClient, address: str) -> str:
    return services_of(browser.application).account_ids.id_of(address)


def ask(browser: FlaskClient, method: str, path: str, address: str = "", **request: Any) -> TestResponse:
    """Send a request that names an account by the header, or none."""
    headers = (UPLOAD if "data" in request else FROM_PAGES) | (naming(address) if address else {})
    return browser.open(path, method=method, base_url=API, headers=headers, buffered=True, **request)


def send_as(browser: FlaskClient, address: str, *, sender: str = "") -> TestResponse:
    message = MESSAGE % (sender or address).encode()
    return ask(browser, "POST", "/api/send", address, data=upload(message, BOB))


def who(browser: FlaskClient, address: str) -> tuple[int, str]:
    answer = get(browser, f"/api/session?account={id_of(browser, address)}")
    return answer.status_code, answer.get_json().get("address", "")


def here(browser: FlaskClient) -> list[str]:
    rows: list[dict[str, str]] = get(browser, "/api/accounts").get_json()["accounts"]
    assert [row["account"] for row in rows] == [id_of(browser, row["address"]) for row in rows]
    return [row["address"] for row in rows]


def test_two_accounts_of_one_browser_read_and_send_each_for_itself(
    both: FlaskClient, memory_server: MemoryMailServer
) -> None:
    assert here(both) == [ALICE, BOB]
    for address in (ALICE, BOB):
        assert who(both, address) == (200, address)
        assert send_as(both, address).get_json()["outcome"] == "sent"
        assert len(memory_server.messages(address, "Sent")) == 1
        rows = get(both, f"{folder_path(both, 'Sent', address)}/messages?account={id_of(both, address)}").get_json()
        assert [row["from"] for row in rows["messages"]] == [address]


def test_nothing_of_one_account_is_read_or_sent_by_the_session_of_another(
    both: FlaskClient, memory_server: MemoryMailServer
) -> None:
    folder = get(both, f"{folder_path(both, 'INBOX', ALICE)}/messages?account={id_of(both, BOB)}")
    assert error_of(folder) == (404, "no-such-folder")
    # A mail server takes a From that is not the account's only from a bridge that does not look.
    assert send_as(both, BOB, sender=ALICE).status_code == 400
    assert memory_server.messages(BOB) == memory_server.messages(BOB, "Sent") == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/send"),
        ("POST", "/api/drafts"),
        ("POST", "/api/enrolment"),
        ("POST", "/api/pki/status"),
        ("PUT", "/api/copies"),
        ("POST", "/api/reload-half"),
        ("DELETE", "/api/reload-half"),
        ("DELETE", "/api/sessions?this=true"),
        ("PUT", "/api/folders/an-id/9/flags"),
    ],
)
def test_a_change_that_names_no_account_acts_for_none(browser: FlaskClient, method: str, path: str) -> None:
    """Such as a draft of an account that has just signed out, while another one is signed in."""
    assert sign_in_beside(browser, BOB).status_code == 200
    assert error_of(ask(browser, method, path, data=upload(MESSAGE % BOB.encode(), ALICE))) == ENDED
    assert who(browser, BOB) == (200, BOB)


def test_a_sign_out_that_names_no_account_ends_no_session(both: FlaskClient) -> None:
    assert ask(both, "DELETE", "/api/session").status_code == 204
    assert here(both) == [ALICE, BOB]


def test_a_read_that_names_no_account_is_of_the_only_one(browser: FlaskClient) -> None:
    """Pages of version 2 read so, and compare the account in the answer with their own."""
    sign_in_beside(browser, ALICE)
    answer = get(browser, "/api/folders")
    assert (answer.status_code, answer.headers["X-Sealwax-Account"]) == (200, naming(ALICE)["X-Sealwax-Account"])
    assert look_up(browser, BOB).status_code == 200
    sign_in_beside(browser, BOB)
    assert error_of(get(browser, "/api/folders")) == ENDED
    # A browser extension knows of no account, and every account finds the same certificates.
    assert look_up(browser, BOB).status_code == 200


@pytest.mark.parametrize("ended", [ALICE, BOB])
def test_a_look_up_without_a_name_goes_by_any_session_that_lives(both: FlaskClient, ended: str) -> None:
    """The browser still has the cookie of the session that was ended elsewhere, and may name it first."""
    sessions = services_of(both.application).sessions
    cookie = session_cookie_of(both, ended)
    assert cookie is not None
    session = sessions.find_unused(cookie[1])
    assert session is not None
    sessions.end_id(session.id)
    assert look_up(both, BOB).status_code == 200


@pytest.mark.parametrize("named", ["", "x", "0" * 32, "Z" * 32, "device", "%00", "a" * 5_000])
def test_an_invented_account_is_none(both: FlaskClient, named: str) -> None:
    assert error_of(get(both, f"/api/session?account={named}")) == ENDED


def test_a_request_that_names_two_accounts_acts_for_none(both: FlaskClient) -> None:
    for address, other in ((ALICE, BOB), (BOB, ALICE)):
        answer = ask(both, "GET", f"/api/session?account={id_of(both, other)}", address)
        assert error_of(answer) == ENDED
        assert ask(both, "GET", f"/api/session?account={id_of(both, address)}", address).status_code == 200


def test_a_url_that_names_two_accounts_acts_for_none(both: FlaskClient) -> None:
    for first, second in itertools.permutations([id_of(both, ALICE), id_of(both, BOB), ""], 2):
        path = f"/api/session?account={first}&account={second}"
        assert error_of(ask(both, "GET", path)) == ENDED
        ask(both, "DELETE", path)
    assert here(both) == [ALICE, BOB]


def test_a_session_under_the_name_of_another_account_is_not_used(both: FlaskClient, app: Flask) -> None:
    """Another service of the host could swap cookies, so that a page of Alice would act for Bob."""
    swapped = app.test_client()
    cookies = {address: session_cookie_of(both, address) for address in (ALICE, BOB)}
    for address, other in ((ALICE, BOB), (BOB, ALICE)):
        cookie = cookies[other]
        assert cookie is not None
        swapped.set_cookie(cookie_name(both, address), cookie[1], domain="127.0.0.1")
    for address in (ALICE, BOB):
        assert error_of(ask(swapped, "GET", "/api/folders", address)) == ENDED
        assert error_of(send_as(swapped, address)) == ENDED
        assert ask(swapped, "DELETE", "/api/session", address).status_code == 204
    assert here(swapped) == []
    assert here(both) == [ALICE, BOB]


def test_signing_out_of_one_account_leaves_the_other(both: FlaskClient) -> None:
    assert ask(both, "DELETE", "/api/session", ALICE).status_code == 204
    assert session_cookie_of(both, ALICE) is None
    assert (who(both, ALICE)[0], who(both, BOB)) == (401, (200, BOB))
    assert here(both) == [BOB]


def test_signing_out_of_all_accounts_ends_those_of_this_browser_only(both: FlaskClient, app: Flask) -> None:
    elsewhere = app.test_client()
    sign_in(elsewhere)
    answer = ask(both, "DELETE", "/api/accounts")
    assert answer.get_json() == {"ended": 2}
    assert [session_cookie_of(both, address) for address in (ALICE, BOB)] == [None, None]
    assert get(elsewhere, "/api/session").status_code == 200
    with services_of(app).database.reading() as rows:
        assert rows.exec_driver_sql("SELECT address FROM session").scalars().all() == [ALICE]


def test_signing_out_of_all_accounts_needs_the_pages(both: FlaskClient) -> None:
    for headers in ({"Origin": PAGES}, {"Origin": "https://elsewhere.example", "X-Sealwax": "1"}):
        assert error_of(both.delete("/api/accounts", base_url=API, headers=headers)) == (403, "wrong-origin")
    assert here(both) == [ALICE, BOB]


def test_the_list_of_accounts_is_for_the_pages_and_the_cookies_of_the_browser(both: FlaskClient, app: Flask) -> None:
    assert here(app.test_client()) == []
    headers = {"Origin": "https://elsewhere.example"}
    assert error_of(both.get("/api/accounts", base_url=API, headers=headers)) == (403, "wrong-origin")
    assert get(both, "/api/accounts").headers["Access-Control-Allow-Origin"] == PAGES


def test_the_list_keeps_no_session_alive_and_forgets_those_that_have_ended(both: FlaskClient, clock: FakeClock) -> None:
    clock.advance(seconds=10 * 60)
    assert here(both) == [ALICE, BOB]
    assert who(both, BOB) == (200, BOB)
    clock.advance(seconds=6 * 60)
    assert here(both) == [BOB]
    assert session_cookie_of(both, ALICE) is None


def test_pages_that_know_of_one_account_only_end_the_sessions_of_others(both: FlaskClient) -> None:
    """Pages of version 2 read without a name, and would get nothing while there are two sessions."""
    sign_in(both)
    assert here(both) == [ALICE]
    assert session_cookie_of(both, BOB) is None


def test_a_second_sign_in_to_an_account_replaces_its_session_only(both: FlaskClient, app: Flask) -> None:
    before = session_cookie_of(both, ALICE)
    assert before is not None
    assert sign_in_beside(both, ALICE).status_code == 200
    assert services_of(app).sessions.find(before[1]) is None
    assert here(both) == [ALICE, BOB]


def test_one_account_more_than_allowed_is_refused_before_its_password_is_checked(
    both: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_ACCOUNTS == 5
    monkeypatch.setattr("webbridge.blueprints.session.MAX_ACCOUNTS", 1)
    ask(both, "DELETE", "/api/session", ALICE)
    wrong = {"address": ALICE, "password": "wrong", "beside": True}
    for _ in range(10):
        refused = both.post("/api/session", base_url=API, headers=FROM_PAGES, json=wrong)
        assert error_of(refused) == (409, "too-many-accounts")
    assert sign_in_beside(both, BOB).status_code == 200
    assert here(both) == [BOB]


def test_many_foreign_cookies_are_not_all_looked_up(browser: FlaskClient) -> None:
    for number in range(50):
        browser.set_cookie(f"sealwax-{number:032x}", "A" * 43, domain="127.0.0.1")
    assert get(browser, "/api/accounts").get_json()["accounts"] == []
    assert error_of(get(browser, "/api/session")) == ENDED


def test_the_id_of_an_account_cannot_be_computed_without_the_bridge() -> None:
    ids, other = AccountIds(bytes(32)), AccountIds(bytes([1] * 32))
    assert ids.id_of(ALICE) != other.id_of(ALICE)
    assert ids.id_of(ALICE) != ids.id_of(BOB)
    assert len(ids.id_of(ALICE)) == 32


@pytest.fixture
def streaming(config: BridgeConfig, tmp_path: Path) -> Iterator[tuple[FlaskClient, int]]:
    """A browser with both accounts, and the port of the process of events."""
    here = replace(config, database=str(tmp_path / "bridge.sqlite"), has_events=True)
    app = create_app(here)
    browser = app.test_client()
    for address in (ALICE, BOB):
        sign_in_beside(browser, address)
    with run_events(here) as events:
        yield browser, events.port
    services_of(app).close()


def test_each_account_has_a_stream_of_its_own(streaming: tuple[FlaskClient, int]) -> None:
    browser, port = streaming
    cookies = [session_cookie_of(browser, owner) for owner in (ALICE, BOB)]
    both = "; ".join("=".join(cookie) for cookie in cookies if cookie)
    for address in (ALICE, BOB):
        with Page(port, both, query=f"?account={id_of(browser, address)}") as page:
            assert page.wait_for("ready")["account"] == address
    for query in ("", f"?account={'0' * 32}"):
        with Page(port, both, query=query) as page:
            assert (page.status, page.read_json()["code"]) == ENDED


def test_each_account_has_a_half_of_its_own(both: FlaskClient) -> None:
    """The halves of one account open nothing of another."""
    name = "0" * 32
    halves = [
        ask(both, "POST", "/api/reload-half", address, json={"name": name, "minutes": 1}).get_data()
        for address in (ALICE, BOB)
    ]
    assert halves[0] != halves[1]
    assert ask(both, "DELETE", "/api/reload-half", ALICE).status_code == 204
    taken = [ask(both, "POST", "/api/reload-half/take", address, json={"name": name}) for address in (ALICE, BOB)]
    assert [answer.status_code for answer in taken] == [404, 200]
    assert taken[1].get_data()[:32] == halves[1]
