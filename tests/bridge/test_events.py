"""`GET /api/events`: who may open a stream, the events that it brings, and its end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, cookie_name, get, naming, send, session_cookie_of, sign_in
from tests.support.servers.events import Events, Page, run_events
from tests.support.servers.lying_server import IMAP, Close, LyingServer, Wait
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge import BridgeConfig, create_app
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.events import inbox
from webbridge.events.hub import MAX_STREAMS_PER_SESSION
from webbridge.gateway import MailServer
from webbridge.gateway.door import MAX_FOLDER_NAME_CHARACTERS
from webbridge.services import services_of, tell_changed

pytestmark = pytest.mark.server

MESSAGE = b"From: bob@example.test\r\nSubject: for no log\r\n\r\nHello\r\n"
WITH_IDLE = [b"* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN\r\nTAG OK\r\n"]
EXAMINED = [b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\nTAG OK\r\n"]


@pytest.fixture
def config(config: BridgeConfig, tmp_path: Path) -> BridgeConfig:
    return replace(config, database=str(tmp_path / "bridge.sqlite"), has_events=True)


@pytest.fixture
def events(config: BridgeConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Events]:
    monkeypatch.setattr("webbridge.events.hub.CHECK_SECONDS", 0.1)
    with run_events(config) as events:
        yield events


def cookie_of(browser: FlaskClient) -> str:
    (address,) = (owner for owner in (ALICE, BOB) if session_cookie_of(browser, owner))
    cookie = session_cookie_of(browser, address)
    assert cookie is not None
    return "=".join(cookie)


def inbox_id(app: Flask, address: str = ALICE) -> str:
    return services_of(app).folder_ids.id_of(address, "INBOX")


def signed_in(app: Flask, address: str = ALICE) -> FlaskClient:
    browser = app.test_client()
    assert sign_in(browser, address, PASSWORDS[address]).status_code == 200
    return browser


@contextmanager
def page_before(config: BridgeConfig) -> Iterator[Page]:
    """A stream of Alice's at a bridge and a process of events of its own."""
    app = create_app(config)
    try:
        with run_events(config) as events, Page(events.port, cookie_of(signed_in(app))) as page:
            yield page
    finally:
        services_of(app).close()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_a_new_message_is_an_event_with_the_folder_and_nothing_of_its_content(
    alice: FlaskClient, events: Events, memory_server: MemoryMailServer, app: Flask
) -> None:
    with Page(events.port, cookie_of(alice)) as page:
        assert (page.status, page.headers["Content-Type"]) == (200, "text/event-stream")
        assert page.next_event() == ("ready", {"account": ALICE, "folders": [inbox_id(app)]})
        wait_until(lambda: _is_watched(events))
        memory_server.append(ALICE, MESSAGE)
        assert page.next_event() == ("mail", {"folder": inbox_id(app)})


def _is_watched(events: Events) -> bool:
    users = events.application.hub._users.values()
    return any(user.watcher is not None and user.watcher.is_connected for user in users)


def test_pages_of_two_sessions_share_one_connection_and_others_hear_nothing(
    imap: LyingServer, config: BridgeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.answers |= {"CAPABILITY": WITH_IDLE, "EXAMINE": EXAMINED, "IDLE": [b"+ idling\r\n"], "DONE": [b"S2 OK\r\n"]}
    here = replace(config, mail_server=imap.address())
    with ExitStack() as stack:
        app = create_app(here)
        stack.callback(services_of(app).close)
        events = stack.enter_context(run_events(here))
        browsers = [signed_in(app), signed_in(app), signed_in(app, BOB)]
        pages = [stack.enter_context(Page(events.port, cookie_of(browser))) for browser in browsers for _ in range(2)]
        assert [page.wait_for("ready")["account"] for page in pages] == [ALICE] * 4 + [BOB] * 2
        wait_until(lambda: len(imap.commands("IDLE")) == 2)
        assert len(imap.commands("EXAMINE")) == 2


def test_a_server_without_idle_is_asked_again_and_again(
    imap: LyingServer, config: BridgeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "POLL_SECONDS", 0.05)
    imap.answers |= {"EXAMINE": EXAMINED}
    with page_before(replace(config, mail_server=imap.address())) as page:
        page.wait_for("ready")
        wait_until(lambda: len(imap.commands("NOOP")) > 2)
        imap.answers["NOOP"] = [b"* 3 EXISTS\r\nTAG OK\r\n"]
        page.wait_for("mail")
        assert imap.commands("IDLE") == []


def test_idle_is_renewed_and_a_change_in_between_is_not_lost(
    imap: LyingServer, config: BridgeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "RENEW_SECONDS", 0.05)
    imap.answers |= {
        "CAPABILITY": WITH_IDLE,
        "EXAMINE": EXAMINED,
        # The tags are S1 for EXAMINE, and then one for each IDLE.
        "IDLE": [b"+ idling\r\n", Wait(0.01)],
        "DONE": [b"S2 OK\r\n"],
    }
    with page_before(replace(config, mail_server=imap.address())) as page:
        page.wait_for("ready")
        imap.answers["IDLE"] = [b"* 3 EXISTS\r\n+ idling\r\n"]
        wait_until(lambda: imap.commands("DONE"))
        page.wait_for("mail")
        assert len(imap.commands("EXAMINE")) == 1
        assert len(imap.commands("IDLE")) >= 2


def test_a_lost_connection_is_replaced_and_reported_as_a_change(
    imap: LyingServer, config: BridgeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "FIRST_RETRY_SECONDS", 0.05)
    imap.answers |= {"CAPABILITY": WITH_IDLE, "EXAMINE": EXAMINED, "IDLE": [b"+ idling\r\n* BYE later\r\n", Close()]}
    with page_before(replace(config, mail_server=imap.address())) as page:
        page.wait_for("ready")
        wait_until(lambda: len(imap.commands("IDLE")) == 2)
        imap.answers["IDLE"] = [b"+ idling\r\n"]
        page.wait_for("mail")


@pytest.mark.parametrize(
    "answer",
    [
        b"* 2 EXISTS\r\nTAG OK\r\n",
        b"TAG NO not now\r\n",
        b"TAG BAD what\r\n",
        b"\0\xff" * 40_000,
        b"+" + b"x" * 5_000_000,
    ],
)
def test_a_server_that_breaks_idle_ends_no_stream(
    imap: LyingServer, config: BridgeConfig, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "FIRST_RETRY_SECONDS", 0.02)
    imap.answers |= {"CAPABILITY": WITH_IDLE, "EXAMINE": EXAMINED, "IDLE": [answer, Close()]}
    with page_before(replace(config, mail_server=imap.address())) as page:
        page.wait_for("ready")
        wait_until(lambda: len(imap.commands("IDLE")) >= 2)
        imap.answers["IDLE"] = [b"+ idling\r\n* 7 EXISTS\r\n"]
        page.wait_for("mail")


def test_a_refused_password_ends_the_session_and_its_streams(
    imap: LyingServer, config: BridgeConfig, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwax.service.announcements.POLL_SECONDS", 0.05)
    here = replace(config, mail_server=imap.address(), database=database_url)
    with ExitStack() as stack:
        app = create_app(here)
        stack.callback(services_of(app).close)
        events = stack.enter_context(run_events(here))
        browser = signed_in(app)
        assert services_of(app).pool.session_ids() != set()
        imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", *IMAP["AUTHENTICATE PLAIN"][1:2], b"TAG NO wrong password\r\n"]
        page = stack.enter_context(Page(events.port, cookie_of(browser)))
        page.wait_for("session-ended")
        assert page.next_event() == ("end", None)
        # The bridge hears of it without a request of this session, and closes its connection.
        wait_until(lambda: services_of(app).pool.session_ids() == set())
        assert get(browser, "/api/session").status_code == 401


def test_a_mailbox_by_pop3_has_a_stream_without_folders(config: BridgeConfig, memory_server: MemoryMailServer) -> None:
    address = memory_server.address
    here = replace(config, mail_server=MailServer(pop3=address.imap, smtp=address.smtp, ca_file=address.ca_file))
    with ExitStack() as stack:
        # Alice signed in before the operator changed the protocol of the mailbox.
        app = create_app(config)
        stack.callback(services_of(app).close)
        cookie = cookie_of(signed_in(app))
        page = stack.enter_context(Page(stack.enter_context(run_events(here)).port, cookie))
        assert page.wait_for("ready") == {"account": ALICE, "folders": []}


@pytest.fixture
def hearing(config: BridgeConfig, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flask, Events]]:
    """A bridge and a process of events that learns of it only by announcements, on each kind of database."""
    monkeypatch.setattr("webbridge.events.hub.CHECK_SECONDS", 1000.0)
    monkeypatch.setattr("sealwax.service.announcements.POLL_SECONDS", 0.05)
    here = replace(config, database=database_url)
    app = create_app(here)
    with run_events(here) as events:
        yield app, events
    services_of(app).close()


def _hears(events: Events) -> bool:
    return events.application._listening is not None


def test_the_end_of_a_session_is_announced(hearing: tuple[Flask, Events]) -> None:
    app, events = hearing
    first, second = signed_in(app), signed_in(app)
    with Page(events.port, cookie_of(first)) as page, Page(events.port, cookie_of(second)) as other:
        other.wait_for("ready")
        wait_until(lambda: _hears(events))
        assert first.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204
        page.wait_for("session-ended")
        second.delete("/api/session", base_url=API, headers=FROM_PAGES)
        assert other.next_event()[0] == "session-ended"


def test_a_copy_in_sent_is_announced_to_the_pages_of_its_account(hearing: tuple[Flask, Events]) -> None:
    app, events = hearing
    alice, bob = signed_in(app), signed_in(app, BOB)
    with Page(events.port, cookie_of(alice)) as page, Page(events.port, cookie_of(bob)) as other:
        page.wait_for("ready")
        other.wait_for("ready")
        wait_until(lambda: _hears(events))
        message = b"From: alice@example.test\r\nMessage-ID: <one@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
        assert send(alice, message, BOB).get_json()["outcome"] == "sent"
        ids = services_of(app).folder_ids
        seen = [page.wait_for("mail")["folder"]]
        while seen[-1] != ids.id_of(ALICE, "Sent"):
            seen.append(page.wait_for("mail")["folder"])
        alice.delete("/api/session", base_url=API, headers=FROM_PAGES)
        bob.delete("/api/session", base_url=API, headers=FROM_PAGES)
        events_of_bob = iter(other.next_event, ("end", None))
        assert ids.id_of(ALICE, "Sent") not in [members.get("folder") for _, members in events_of_bob]


def test_a_copy_in_a_folder_with_the_longest_name_is_announced(hearing: tuple[Flask, Events]) -> None:
    app, events = hearing
    alice = signed_in(app)
    longest = "\U0001f4e8" * MAX_FOLDER_NAME_CHARACTERS
    session = services_of(app).sessions.find(cookie_of(alice).partition("=")[2])
    assert session is not None
    with Page(events.port, cookie_of(alice)) as page, app.app_context():
        page.wait_for("ready")
        wait_until(lambda: _hears(events))
        tell_changed(session, longest)
        assert page.wait_for("mail") == {"folder": services_of(app).folder_ids.id_of(ALICE, longest)}


def test_an_invented_cookie_ends_nothing_and_writes_nothing(app: Flask, config: BridgeConfig) -> None:
    def written() -> dict[str, bytes]:
        # Readers note in the file of shared memory how far they read.
        files = Path(config.database).parent.iterdir()
        return {file.name: file.read_bytes() for file in files if not file.name.endswith("-shm")}

    before = written()
    for invented in (secrets.token_urlsafe(32), "x", "\xe9" * 43):
        browser = app.test_client()
        browser.set_cookie(cookie_name(browser), invented, domain="127.0.0.1")
        assert browser.delete("/api/session", base_url=API, headers=FROM_PAGES | naming()).status_code == 204
    assert services_of(app).pool._ended == {}
    assert written() == before


def test_signing_out_ends_the_streams_of_this_session_only(app: Flask, events: Events) -> None:
    first, second = signed_in(app), signed_in(app)
    with Page(events.port, cookie_of(first)) as page, Page(events.port, cookie_of(second)) as other:
        page.wait_for("ready")
        assert first.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204
        assert page.next_event() == ("session-ended", {})
        assert page.next_event() == ("end", None)
        assert other.next_event()[0] == "ready"


def test_a_stream_does_not_keep_its_session(
    alice: FlaskClient, events: Events, clock: FakeClock, config: BridgeConfig
) -> None:
    cookie = cookie_of(alice)
    with Page(events.port, cookie) as page:
        page.wait_for("ready")
        clock.advance(seconds=config.idle_seconds - 1)
        with Page(events.port, cookie) as late:
            late.wait_for("ready")
        clock.advance(seconds=2)
        page.wait_for("session-ended")
    assert get(alice, "/api/session").status_code == 401


def test_a_ninth_page_of_a_session_is_refused_and_a_closed_one_makes_room(alice: FlaskClient, events: Events) -> None:
    cookie = cookie_of(alice)
    pages = [Page(events.port, cookie) for _ in range(MAX_STREAMS_PER_SESSION)]
    with Page(events.port, cookie) as refused:
        assert refused.status == 429
        assert refused.headers["Retry-After"] == "60"
        assert refused.headers["Access-Control-Allow-Origin"] == FROM_PAGES["Origin"]
        assert refused.read_json()["code"] == "try-later"
    pages.pop().close()
    wait_until(lambda: _status(events, cookie) == 200)
    for page in pages:
        page.close()


def _status(events: Events, cookie: str) -> int:
    with Page(events.port, cookie) as page:
        return page.status


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Cookie": ""}, 401, "session-ended"),
        ({"Cookie": f"sealwax-{32 * 'a'}=AAAA"}, 401, "session-ended"),
        ({"Origin": "https://elsewhere.example"}, 403, "wrong-origin"),
        ({"Origin": "null"}, 403, "wrong-origin"),
        ({"Host": "elsewhere.example"}, 400, "bad-request"),
    ],
)
def test_the_rules_of_the_api_hold_for_streams(
    alice: FlaskClient, events: Events, headers: dict[str, str], status: int, code: str
) -> None:
    with Page(events.port, cookie_of(alice), FROM_PAGES | headers) as page:
        assert (page.status, page.read_json()["code"]) == (status, code)


@pytest.mark.parametrize(("method", "status"), [("POST", 405), ("DELETE", 405), ("HEAD", 200), ("OPTIONS", 200)])
def test_only_get_opens_a_stream(alice: FlaskClient, events: Events, method: str, status: int) -> None:
    with Page(events.port, cookie_of(alice), FROM_PAGES, method=method) as page:
        assert page.status == status
    assert events.application.hub._by_session.total() == 0


def test_the_end_of_the_process_tells_pages_when_to_come_back(alice: FlaskClient, events: Events) -> None:
    with Page(events.port, cookie_of(alice)) as page:
        page.wait_for("ready")
        events.server.should_exit = True
        assert 1_000 <= page.wait_for("retry") <= 10_000
        assert page.next_event() == ("end", None)


def test_the_configuration_names_the_events(browser: FlaskClient) -> None:
    assert get(browser, "/api/config").get_json()["events"] is True
