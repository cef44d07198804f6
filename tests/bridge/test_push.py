"""`/api/push` and the process of events: new mail wakes a browser without an open page while its session lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, error_of, get, session_cookie_of, sign_in
from tests.support.servers.events import Events, Page, run_events
from tests.support.servers.lying_server import IMAP, LyingServer
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.push_service import PushService, claims_of, run_push_service
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import SESSION
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.events import hub, inbox, waking
from webbridge.push import subscriptions
from webbridge.services import services_of

pytestmark = pytest.mark.server

MESSAGE = b"From: bob@example.test\r\nSubject: for no push service\r\n\r\nHello\r\n"
WITH_IDLE = [b"* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN\r\nTAG OK\r\n"]


def examined(messages: int, next_uid: int) -> list[bytes]:
    return [b"* %d EXISTS\r\n* OK [UIDNEXT %d] next\r\nTAG OK\r\n" % (messages, next_uid)]


@pytest.fixture
def service(tls_folder: Path) -> Iterator[PushService]:
    with run_push_service(tls_folder) as service:
        yield service


@pytest.fixture
def config(config: BridgeConfig, service: PushService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BridgeConfig:
    monkeypatch.setattr("sealwax.service.announcements.POLL_SECONDS", 0.05)
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(hub, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(inbox, "FIRST_RETRY_SECONDS", 0.05)
    folder = tmp_path / "database"
    folder.mkdir()
    return replace(config, database=str(folder / "bridge.sqlite"), has_events=True, push=service.config)


@dataclass(frozen=True, slots=True)
class Rig:
    """A bridge with its process of events."""

    app: Flask
    events: Events

    @property
    def hub(self) -> hub.Hub:
        return self.events.application.hub

    def browser(self, address: str = ALICE) -> FlaskClient:
        browser = self.app.test_client()
        assert sign_in(browser, address, PASSWORDS[address]).status_code == 200
        return browser

    @contextmanager
    def page(self, browser: FlaskClient) -> Iterator[Page]:
        """An open page, until the block ends. At its end the process has noticed it."""
        (cookie,) = filter(None, (session_cookie_of(browser, address) for address in (ALICE, BOB)))
        with Page(self.events.port, "=".join(cookie)) as page:
            page.wait_for("ready")
            yield page
        wait_until(lambda: self.hub._by_session.total() == 0)

    def leave_subscribed(self, browser: FlaskClient, service: PushService) -> None:
        """Subscribe with an open page, and close it."""
        with self.page(browser):
            assert subscribe(browser, service.endpoint) == 200
            wait_until(lambda: len(self.hub._subscribers) > 0)
            wait_until(self.is_watched)

    def is_watched(self) -> bool:
        users = self.hub._users.values()
        return any(user.watcher is not None and user.watcher.is_connected for user in users)

    def subscribed(self) -> list[str]:
        """The addresses that the process of events knows."""
        push_subscriptions = (self.hub._subscribers.find(subscriber) for subscriber in self.hub._subscribers)
        return [subscription.endpoint for subscription in push_subscriptions if subscription is not None]

    def endpoints(self) -> list[str]:
        """The addresses in the database, one for each session."""
        with services_of(self.app).database.reading() as rows:
            return list(rows.execute(select(SESSION.c.push_endpoint)).scalars())


@pytest.fixture
def rig(config: BridgeConfig) -> Iterator[Rig]:
    with rig_of(config) as rig:
        yield rig


@contextmanager
def rig_of(config: BridgeConfig) -> Iterator[Rig]:
    with ExitStack() as stack:
        app = create_app(config)
        stack.callback(services_of(app).close)
        events = stack.enter_context(run_events(config))
        wait_until(lambda: events.server.started)
        yield Rig(app, events)


def subscribe(browser: FlaskClient, endpoint: object) -> int:
    return browser.put("/api/push", base_url=API, headers=FROM_PAGES, json={"endpoint": endpoint}).status_code


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_new_mail_wakes_a_browser_without_a_page_and_says_nothing_of_itself(
    rig: Rig, service: PushService, memory_server: MemoryMailServer, clock: FakeClock, config: BridgeConfig
) -> None:
    rig.leave_subscribed(rig.browser(), service)
    memory_server.append(ALICE, MESSAGE)
    wait_until(lambda: service.messages)
    ((request, fields, body),) = service.server.asked
    assert (request, body) == ("POST /push/secret-of-one-browser HTTP/1.1", b"")
    claims = claims_of(fields["Authorization"])
    assert claims["aud"] == service.server.url("")
    assert 0 < claims["exp"] - clock().timestamp() <= 24 * 60 * 60
    # A message that comes when the session has ended would tell of nothing.
    assert int(fields["TTL"]) == config.idle_seconds


def test_the_configuration_has_the_public_key(rig: Rig, config: BridgeConfig) -> None:
    assert config.push is not None
    assert get(rig.app.test_client(), "/api/config").get_json()["push"] == {"key": config.push.public_key}


def test_an_open_page_hears_of_new_mail_itself(rig: Rig, service: PushService, memory_server: MemoryMailServer) -> None:
    browser = rig.browser()
    with rig.page(browser) as page:
        assert subscribe(browser, service.endpoint) == 200
        wait_until(lambda: len(rig.hub._subscribers) == 1)
        wait_until(rig.is_watched)
        memory_server.append(ALICE, MESSAGE)
        page.wait_for("arrived")
    assert service.messages == 0


def test_many_mails_are_one_message_and_later_ones_another(
    rig: Rig, service: PushService, memory_server: MemoryMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "GAP_SECONDS", 1.5)
    rig.leave_subscribed(rig.browser(), service)
    for _ in range(5):
        memory_server.append(ALICE, MESSAGE)
    wait_until(lambda: service.messages == 1)
    first = time.monotonic()
    for _ in range(5):
        memory_server.append(ALICE, MESSAGE)
    wait_until(lambda: service.messages == 2)
    assert time.monotonic() - first > 1
    time.sleep(0.5)
    assert service.messages == 2


def test_a_change_without_new_mail_wakes_nobody(imap: LyingServer, config: BridgeConfig, service: PushService) -> None:
    changes = b"* 1 FETCH (FLAGS (\\Seen))\r\n* 2 EXPUNGE\r\n* 1 EXISTS\r\n"
    imap.answers |= {"CAPABILITY": WITH_IDLE, "EXAMINE": examined(2, 8), "IDLE": [b"+ idling\r\n"]}
    with rig_of(replace(config, mail_server=imap.address())) as rig:
        rig.leave_subscribed(rig.browser(), service)
        imap.answers["IDLE"] = [b"+ idling\r\n" + changes]
        imap.hang_up()
        wait_until(lambda: len(imap.commands("IDLE")) == 2)
        time.sleep(2 * inbox.GATHER_SECONDS)
    assert service.messages == 0


def test_mail_that_came_while_the_mail_server_was_away_wakes_the_browser(
    imap: LyingServer, config: BridgeConfig, service: PushService
) -> None:
    imap.answers |= {"CAPABILITY": WITH_IDLE, "EXAMINE": examined(2, 8), "IDLE": [b"+ idling\r\n"]}
    with rig_of(replace(config, mail_server=imap.address())) as rig:
        rig.leave_subscribed(rig.browser(), service)
        imap.answers |= {"EXAMINE": examined(2, 9), "IDLE": [b"+ idling\r\n"]}
        imap.hang_up()
        wait_until(lambda: service.messages == 1)


def test_signing_out_ends_the_messages_and_leaves_no_address_on_the_disk(
    rig: Rig, service: PushService, memory_server: MemoryMailServer, config: BridgeConfig
) -> None:
    browser = rig.browser()
    rig.leave_subscribed(browser, service)
    assert files_with(service.endpoint, config)
    assert browser.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204
    assert files_with(service.endpoint, config) == []
    # Nothing is left in the process of events either: neither the address nor the password.
    wait_until(lambda: not rig.hub._users)
    memory_server.append(ALICE, MESSAGE)
    time.sleep(0.5)
    assert (len(rig.hub._subscribers), service.messages) == (0, 0)


def files_with(endpoint: str, config: BridgeConfig) -> list[str]:
    return [file.name for file in Path(config.database).parent.iterdir() if endpoint.encode() in file.read_bytes()]


def test_messages_end_with_the_time_of_the_session(
    rig: Rig, service: PushService, memory_server: MemoryMailServer, clock: FakeClock, config: BridgeConfig
) -> None:
    rig.leave_subscribed(rig.browser(), service)
    clock.advance(seconds=config.idle_seconds + 1)
    wait_until(lambda: not rig.hub._users)
    memory_server.append(ALICE, MESSAGE)
    services_of(rig.app).sessions.end_expired()
    assert files_with(service.endpoint, config) == []
    assert service.messages == 0


def test_messages_end_when_the_mail_server_refuses_the_password(
    imap: LyingServer, config: BridgeConfig, service: PushService
) -> None:
    imap.answers |= {"CAPABILITY": WITH_IDLE, "EXAMINE": examined(2, 8), "IDLE": [b"+ idling\r\n"]}
    with rig_of(replace(config, mail_server=imap.address())) as rig:
        rig.leave_subscribed(rig.browser(), service)
        imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", *IMAP["AUTHENTICATE PLAIN"][1:2], b"TAG NO wrong password\r\n"]
        imap.hang_up()
        wait_until(lambda: rig.endpoints() == [])
        wait_until(lambda: not rig.hub._users)
    assert service.messages == 0


def test_a_restart_of_the_process_waits_for_the_next_page(
    rig: Rig, config: BridgeConfig, service: PushService, memory_server: MemoryMailServer
) -> None:
    """The process has no password of a session whose page it has not seen."""
    browser = rig.browser()
    rig.leave_subscribed(browser, service)
    with run_events(config) as again:
        later = Rig(rig.app, again)
        assert len(later.hub._subscribers) == 0
        with later.page(browser):
            wait_until(later.is_watched)
        memory_server.append(ALICE, MESSAGE)
        wait_until(lambda: service.messages)
        assert list(later.hub._subscribers) == list(rig.hub._subscribers)


def test_an_address_that_the_service_does_not_know_is_forgotten(
    rig: Rig, service: PushService, memory_server: MemoryMailServer
) -> None:
    service.answers = [(410, {})]
    rig.leave_subscribed(rig.browser(), service)
    memory_server.append(ALICE, MESSAGE)
    wait_until(lambda: rig.endpoints() == [""])
    wait_until(lambda: not rig.hub._users)
    assert service.messages == 1


def test_the_service_is_left_alone_for_the_time_that_it_names(
    rig: Rig, service: PushService, memory_server: MemoryMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "GAP_SECONDS", 0.0)
    service.answers = [(429, {"Retry-After": "2"})]
    rig.leave_subscribed(rig.browser(), service)
    memory_server.append(ALICE, MESSAGE)
    wait_until(lambda: service.messages == 1)
    first = time.monotonic()
    memory_server.append(ALICE, MESSAGE)
    # The message that was not taken is sent again then, and no other one.
    wait_until(lambda: service.messages == 2)
    assert time.monotonic() - first > 1.5
    time.sleep(0.3)
    assert service.messages == 2


def test_the_person_ends_the_messages(rig: Rig, service: PushService, memory_server: MemoryMailServer) -> None:
    browser = rig.browser()
    rig.leave_subscribed(browser, service)
    assert browser.delete("/api/push", base_url=API, headers=FROM_PAGES).status_code == 200
    wait_until(lambda: not rig.hub._users)
    memory_server.append(ALICE, MESSAGE)
    time.sleep(0.5)
    assert (rig.endpoints(), service.messages) == ([""], 0)


def test_another_address_takes_the_place_of_the_first(
    rig: Rig, service: PushService, memory_server: MemoryMailServer
) -> None:
    browser = rig.browser()
    rig.leave_subscribed(browser, service)
    assert subscribe(browser, service.server.url("/push/another")) == 200
    wait_until(lambda: rig.subscribed() == [service.server.url("/push/another")])
    memory_server.append(ALICE, MESSAGE)
    wait_until(lambda: service.messages)
    assert [request.split()[1] for request, _, _ in service.server.asked] == ["/push/another"]


def test_only_the_account_of_the_mail_is_woken(rig: Rig, service: PushService, memory_server: MemoryMailServer) -> None:
    rig.leave_subscribed(rig.browser(BOB), service)
    memory_server.append(ALICE, MESSAGE)
    time.sleep(0.8)
    assert service.messages == 0


@pytest.mark.parametrize(
    "endpoint",
    [None, 7, ["https://x"], "", "https://elsewhere.example/x", "http://127.0.0.1/x", "https://127.0.0.1:1/x"],
)
def test_an_address_elsewhere_is_refused_and_not_kept(rig: Rig, endpoint: object) -> None:
    browser = rig.browser()
    answer = browser.put("/api/push", base_url=API, headers=FROM_PAGES, json={"endpoint": endpoint})
    assert error_of(answer) == (422, "push-service-refused")
    assert rig.endpoints() == [""]


def test_a_long_request_is_refused(rig: Rig, service: PushService) -> None:
    assert subscribe(rig.browser(), service.endpoint + "x" * 5000) == 413
    assert rig.endpoints() == [""]


def test_nobody_subscribes_without_a_session(rig: Rig, service: PushService) -> None:
    stranger = rig.app.test_client()
    assert subscribe(stranger, service.endpoint) == 401
    assert stranger.delete("/api/push", base_url=API, headers=FROM_PAGES).status_code == 401


def test_one_browser_too_many_is_refused_until_another_one_ends(
    rig: Rig, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MAX_BROWSERS", 2)
    first, second, third = (rig.browser() for _ in range(3))
    assert [subscribe(browser, service.endpoint) for browser in (first, second, second, third)] == [200, 200, 200, 409]
    assert subscribe(rig.browser(BOB), service.endpoint) == 200
    first.delete("/api/session", base_url=API, headers=FROM_PAGES)
    assert subscribe(third, service.endpoint) == 200


def test_a_process_keeps_no_more_subscriptions_than_streams(config: BridgeConfig, service: PushService) -> None:
    with ExitStack() as stack:
        app = create_app(config)
        stack.callback(services_of(app).close)
        rig = Rig(app, stack.enter_context(run_events(config, max_streams=3)))
        for _ in range(4):
            browser = rig.browser()
            assert subscribe(browser, service.endpoint) == 200
            with rig.page(browser):
                pass
        assert len(rig.hub._subscribers) == 2
        # A page still finds a place.
        with rig.page(rig.browser(BOB)):
            pass


def test_without_the_operators_settings_nothing_is_offered(config: BridgeConfig, service: PushService) -> None:
    app = create_app(replace(config, push=None))
    browser = app.test_client()
    assert sign_in(browser).status_code == 200
    answer = browser.put("/api/push", base_url=API, headers=FROM_PAGES, json={"endpoint": service.endpoint})
    assert error_of(answer) == (422, "not-offered")
    assert get(browser, "/api/config").get_json()["push"] is None
    services_of(app).close()


def test_messages_need_a_process_that_sends_them(config: BridgeConfig) -> None:
    with pytest.raises(ValueError, match="a process of events is expected"):
        replace(config, has_events=False)
