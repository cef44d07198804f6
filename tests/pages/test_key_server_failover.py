"""A key server that does not answer: the pages go on with the next one in the signed list of servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.keys.moved_server import Site, moved_key_server
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.server_lists import key
from tests.support.servers.web_servers import run_web_server
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/key_server_failover.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

# A reload may break off the start of the vault.
NOT_REACHED = "could not be loaded whole|Error in input stream|502|unreachable|refused|CORS|Failed to|NetworkError"


@pytest.fixture
def site(demo_stack: DemoStack, alice: Account, pages_with_sources: Path, tmp_path: Path) -> Iterator[Site]:
    with moved_key_server(alice, demo_stack.mail_server.address, pages_with_sources, tmp_path) as running:
        yield running


@pytest.mark.thorough
def test_the_pages_go_on_with_the_next_key_server_of_the_signed_list(
    browser: Browser, site: Site, alice: Account
) -> None:
    visit = MailPages(browser, site.pages, alice)
    browser.expect_error(NOT_REACHED)
    try:
        # Somebody else's list names a server, and is refused by name.
        site.publish(site.new, owner=key(2))
        visit.sign_in()
        visit.unlock()
        visit.page.wait_for_text("has not been signed by your organisation", timeout_seconds=OPERATION_SECONDS)
        # An answer that is no list leaves the server unreachable.
        site.answer = b"<html>log in to the network of this hotel</html>"
        visit.page.reload()
        visit.unlock()
        visit.page.wait_for_text("The server does not answer", timeout_seconds=OPERATION_SECONDS)
        # The operator's list leads to the second server, which answers.
        site.publish(site.old, site.new)
        visit.page.reload()
        visit.unlock()
        visit.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
        # All that follows is asked there too.
        visit.page.js("() => { location.hash = '#/keys'; }")
        visit.page.wait_for_selector(f"{named('factors')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
        assert visit.page.text(named("factors-error")) == ""
        visit.page.js("() => { location.hash = '#/settings/devices'; }")
        visit.page.wait_for_selector(f"{named('devices')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
        assert visit.page.text(named("devices-error")) == ""
        visit.show_inbox()
        # An older list leaves the last good one.
        site.publish(site.old, number=0)
        visit.page.reload()
        visit.page.wait_for_selector(named("messages"))
        visit.page.js("() => { location.hash = '#/keys'; }")
        visit.unlock()
        visit.page.wait_for("() => location.hash !== '#/keys'", timeout_seconds=OPERATION_SECONDS)
        assert site.asked == ["/.well-known/sealwax-discovery.json"] * 4
    finally:
        visit.page.js("() => { localStorage.clear(); indexedDB.deleteDatabase('sealwax'); }")
        visit.close()


@pytest.mark.thorough
def test_the_policy_keeps_the_pages_from_servers_that_the_operator_has_not_configured(
    browser: Browser, site: Site, alice: Account
) -> None:
    visit = MailPages(browser, site.pages, alice)
    browser.expect_error(f"{NOT_REACHED}|Content Security Policy|Content-Security-Policy|violates")
    others: list[str] = []

    def reply(handler: BaseHTTPRequestHandler) -> None:
        others.append(handler.path)
        handler.send_response(500)
        handler.end_headers()

    try:
        with run_web_server(reply) as elsewhere:
            site.publish(elsewhere.url(""), site.new)
            visit.enter()
        assert others == []
    finally:
        visit.page.js("() => { localStorage.clear(); indexedDB.deleteDatabase('sealwax'); }")
        visit.close()


def endless(handler: BaseHTTPRequestHandler) -> None:
    allow_pages(handler, 200)
    for _ in range(10_000):
        handler.wfile.write(b" " * 1_000)


def redirecting(handler: BaseHTTPRequestHandler) -> None:
    allow_pages(handler, 302, Location="/elsewhere")


def silent(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(8)


def failing(handler: BaseHTTPRequestHandler) -> None:
    allow_pages(handler, 500)


def allow_pages(handler: BaseHTTPRequestHandler, status: int, **fields: str) -> None:
    handler.send_response(status)
    for name, value in ({"Access-Control-Allow-Origin": "*"} | fields).items():
        handler.send_header(name, value)
    handler.end_headers()


# The finder with a vault that says which arguments it got. Each finder asks for the first time.
FIND = IN_PAGE["findInPage"]


@pytest.mark.thorough
def test_a_publisher_that_is_huge_redirecting_slow_or_broken_gives_no_list(
    browser: Browser, site: Site, alice: Account
) -> None:
    visit = MailPages(browser, site.pages, alice)
    browser.expect_error(f"{NOT_REACHED}|500|redirect")
    discovery = visit.page.js("async () => (await (await fetch('/config.json')).json()).discovery")
    try:
        for liar in (endless, redirecting, silent, failing):
            site.liar = liar
            seen = visit.page.js(FIND, discovery)
            assert seen["signed"] == [None, None], liar
            assert seen["addresses"] == ["https://next.example"]
            assert seen["seconds"] < 7, liar
        assert "/elsewhere" not in site.asked
        # A list is asked for once in ten seconds.
        site.liar = None
        site.publish(site.new)
        site.asked.clear()
        assert visit.page.js(FIND, discovery)["signed"] == [len(site.answer), None]
        assert len(site.asked) == 1
    finally:
        visit.close()
