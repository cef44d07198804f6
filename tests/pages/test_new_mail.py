"""New mail: the number in the title, the notification without content, and the push message without a page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.reporting import pages_that_hear
from tests.support.servers.proxies import NGINX
from tests.support.servers.push_service import PushService, run_push_service
from webbridge.demo.accounts import Account
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/new_mail.js")

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]

MESSAGE = b"From: bob@example.test\r\nSubject: for nobody's screen\r\n\r\nHello\r\n"
# Notes what the page asks of the browser, and answers as a browser that the person lets show notifications.
BEFORE_THE_PAGE = IN_PAGE["beforeThePage"]
TITLE = "() => document.title"
OPEN = "() => noticed.filter(({ closed }) => !closed).map(({ closed, ...one }) => one)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The pages, their mail server, and the push service that their bridge may use."""

    pages: str
    mail: MemoryMailServer
    service: PushService
    account: Account

    def deliver(self) -> None:
        self.mail.append(self.account.address, MESSAGE)


@pytest.fixture(scope="module")
def site(
    demo_stack: DemoStack, pages_with_sources: Path, tls_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with ExitStack() as stack:
        service = stack.enter_context(run_push_service(tls_folder))
        mail = demo_stack.mail_server
        folder = tmp_path_factory.mktemp("hearing")
        hearing = pages_that_hear(mail.address, pages_folder=pages_with_sources, folder=folder, push=service.config)
        pages = stack.enter_context(hearing)
        yield Site(pages=pages, mail=mail, service=service, account=demo_stack.accounts[0])


@contextmanager
def visiting(browser: Browser, site: Site, *, is_own: bool = True) -> Iterator[MailPages]:
    """The person at the list of the inbox, with keys that are locked."""
    visit = MailPages(browser, "about:blank", site.account)
    script = browser.bidi.command(
        "script.addPreloadScript", functionDeclaration=BEFORE_THE_PAGE, contexts=[visit.page.context]
    )["script"]
    visit.page.goto(site.pages)
    if not is_own:
        visit.page.click(named("foreign-computer"))
    visit.sign_in()
    visit.page.wait_for("() => location.hash === '#/keys'", timeout_seconds=OPERATION_SECONDS)
    show(visit.page, "/folder/inbox", "message-row")
    try:
        yield visit
    finally:
        browser.bidi.command("script.removePreloadScript", script=script)
        visit.close()


def show(page: Page, path: str, test: str) -> None:
    page.js("(path) => { location.hash = `#${path}`; }", path)
    page.wait_for_selector(named(test), timeout_seconds=OPERATION_SECONDS)


def unread(page: Page) -> int:
    title: str = page.js(TITLE)
    return int(title.partition(")")[0].removeprefix("(")) if title.startswith("(") else 0


def wait_for_unread(page: Page, count: int) -> None:
    page.wait_for("(start) => document.title.startsWith(start)", f"({count}) ", timeout_seconds=20)


def turn_on(page: Page) -> None:
    show(page, "/settings/notifications", "new-mail-section")
    page.click(named("notices-switch"))
    page.wait_for("(name) => document.querySelector(name).checked", named("notices-switch"))


@pytest.mark.thorough(False)
def test_the_title_and_the_icon_have_the_number_of_unread_messages(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        before = unread(page)
        site.deliver()
        wait_for_unread(page, before + 1)
        assert page.js("() => [document.title, badge]") == [f"({before + 1}) Mail · Sealwax", before + 1]
        show(page, "/settings/notifications", "settings-view")
        assert page.js(TITLE) == f"({before + 1}) Settings · Sealwax"
        # Without the permission, which is asked for only by the switch, there is no notification.
        page.js("() => turn('hidden')")
        site.deliver()
        wait_for_unread(page, before + 2)
        assert page.js("() => [asked, noticed]") == [0, []]
        assert not page.js("(name) => document.querySelector(name).checked", named("notices-switch"))
        page.click(named("sign-out"))
        page.wait_for_selector(named("sign-in-form"))
        assert page.js("() => [document.title.includes('('), badge]") == [False, 0]


@pytest.mark.thorough(False)
def test_a_notification_says_that_there_is_new_mail_and_nothing_else(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        turn_on(page)
        before = unread(page)
        site.deliver()
        wait_for_unread(page, before + 1)
        assert page.js(OPEN) == []  # The person sees the page.
        page.js("() => turn('hidden')")
        for _ in range(3):
            site.deliver()
        page.wait_for("() => noticed.length > 0", timeout_seconds=20)
        wait_for_unread(page, before + 4)
        assert page.js(OPEN) == [{"title": "New mail", "tag": "sealwax-new-mail"}]
        page.js("() => turn('visible')")
        assert len(page.js(OPEN)) == 1  # The account is shown, and not the inbox.
        show(page, "/folder/inbox", "message-row")
        page.wait_for("() => noticed.every(({ closed }) => closed)")


def test_no_notification_comes_while_another_page_is_visible(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        turn_on(visit.page)
        before = unread(visit.page)
        beside = MailPages(browser, site.pages, site.account, beside=visit.page)
        beside.page.wait_for(
            "async () => (await navigator.locks.query()).held.some(({ name }) => name === 'sealwax-visible')"
        )
        visit.page.js("() => turn('hidden')")
        site.deliver()
        wait_for_unread(visit.page, before + 1)
        time.sleep(0.3)
        assert visit.page.js(OPEN) == []
        beside.close()


def test_a_browser_that_blocks_notifications_is_explained(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        show(page, "/settings/notifications", "new-mail-section")
        page.js("() => { answer = 'denied'; }")
        page.click(named("notices-switch"))
        page.wait_for_text("Your browser blocks notifications of this site.", selector=named("new-mail-section"))
        assert page.js("(name) => document.querySelector(name).checkVisibility()", named("notices-switch")) is False
        assert find_violations(page) == []


def test_another_persons_computer_offers_nothing_and_keeps_nothing(browser: Browser, site: Site) -> None:
    with visiting(browser, site, is_own=False) as visit:
        page = visit.page
        show(page, "/settings/notifications", "new-mail-section")
        page.wait_for_text("Sealwax shows no notifications on another", selector=named("new-mail-section"))
        traces = """async () => [
          document.querySelector('[data-test=notices-switch]').checkVisibility(), asked, localStorage.length,
          (await navigator.serviceWorker.getRegistrations()).length, (await caches.keys()).length,
        ]"""
        assert page.js(traces) == [False, 0, 0, 0, 0]


def test_a_closed_page_is_woken_by_the_push_service_until_the_person_signs_out(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        turn_on(page)
        assert page.js("() => globalThis.subscribed") is None
        page.js("(endpoint) => { globalThis.endpoint = endpoint; }", site.service.endpoint)
        page.click(named("push-switch"))
        page.wait_for("(name) => document.querySelector(name).checked", named("push-switch"))
        assert page.js("() => globalThis.subscribed") == [True, 65, 4]
        assert find_violations(page) == []
        time.sleep(1.5)  # Announcements are read once a second.
        page.goto("about:blank")
        before = site.service.messages
        time.sleep(0.5)
        site.deliver()
        wait_for_messages(site.service, before + 1)
        assert site.service.server.asked[-1][2] == b""
        # The same session has its subscription again, and the end of the session ends it.
        page.goto(site.pages)
        show(page, "/settings/notifications", "new-mail-section")
        page.wait_for("(name) => document.querySelector(name).checked", named("push-switch"), timeout_seconds=20)
        assert page.js("() => globalThis.subscribed") is None
        page.click(named("sign-out"))
        page.wait_for_selector(named("sign-in-form"))
        time.sleep(1.5)
        site.deliver()
        time.sleep(1)
        assert site.service.messages == before + 1


def wait_for_messages(service: PushService, count: int) -> None:
    deadline = time.monotonic() + 20
    while service.messages < count:
        assert time.monotonic() < deadline, "no message came"
        time.sleep(0.05)


def test_the_worker_controls_no_page_and_goes_when_notifications_are_turned_off(browser: Browser, site: Site) -> None:
    scopes = """async () => [
      (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => new URL(scope).pathname),
      navigator.serviceWorker.controller, await caches.keys(),
    ]"""
    with visiting(browser, site) as visit:
        page = visit.page
        turn_on(page)
        page.wait_for("async () => (await caches.keys()).length === 1")
        page.reload()
        show(page, "/settings/notifications", "new-mail-section")
        assert page.js(scopes) == [["/new-mail/"], None, ["sealwax-new-mail"]]
        page.wait_for("(name) => document.querySelector(name).checked", named("notices-switch"))
        page.click(named("notices-switch"))
        page.wait_for(f"async () => (await ({scopes})())[0].length === 0")
        assert page.js(scopes) == [[], None, []]
