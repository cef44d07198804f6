"""A key server that does not answer: the extension goes on with the next one in the signed list of servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.key_accounts import BROUGHT, act, open_connecting, wait_until_done
from tests.support.extension.keys_page import KEPT, OPERATION_SECONDS
from tests.support.extension.own_bridge import name_bridge
from tests.support.keys.moved_server import Site, moved_key_server
from tests.support.pages.driver import named
from tests.support.server_lists import key
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

NOT_REACHED = "refused|CORS|Failed to|NetworkError|unreachable"


@pytest.fixture(scope="module")
def alice(demo_stack: DemoStack) -> Account:
    return demo_stack.accounts[0]


@pytest.fixture
def moved(demo_stack: DemoStack, alice: Account, pages_with_sources: Path, tmp_path: Path) -> Iterator[Site]:
    with moved_key_server(alice, demo_stack.mail_server.address, pages_with_sources, tmp_path) as running:
        yield running


@pytest.fixture
def options(browser: Browser, folder: Path, moved: Site) -> Iterator[Page]:
    """The page of an extension without keys, whose bridge names the dead server."""
    extension = Extension(browser, folder)
    name_bridge(extension, moved.pages)
    yield extension.open_options()
    extension.uninstall()


def connect(page: Page, moved: Site, alice: Account) -> None:
    """Take the key server that the bridge names, and connect."""
    open_connecting(page)
    page.click(named("key-server-find"))
    page.wait_for("(url) => document.querySelector('[data-test=key-server-address]').value === url", moved.old)
    page.fill(named("key-account-user"), alice.address)
    page.click(named("key-server-connect"))


def test_the_extension_goes_on_with_the_next_key_server_of_the_signed_list(
    browser: Browser, options: Page, moved: Site, alice: Account
) -> None:
    browser.expect_error(NOT_REACHED)
    # Somebody else's list names a server, and is refused by name.
    moved.publish(moved.new, owner=key(2))
    connect(options, moved, alice)
    refused = "has not been signed by your organisation"
    options.wait_for_text(refused, selector=named("key-server-problem"), timeout_seconds=OPERATION_SECONDS)
    assert json.loads(options.js(KEPT))["keyAccounts"] == []
    # The operator's list leads to the second server, which answers.
    moved.publish(moved.old, moved.new)
    options.click(named("key-server-connect"))
    options.wait_for_selector(named("key-account-state"), timeout_seconds=OPERATION_SECONDS)
    # An older list leaves the last good one.
    moved.publish(moved.old, number=0)
    act(options, "key-log-in", alice.key_passphrase)
    wait_until_done(options, BROUGHT)
    # All that follows is asked there too. The account belongs to the name of the server, wherever that answers.
    options.wait_for_selector(named("device"), timeout_seconds=OPERATION_SECONDS)
    (account,) = json.loads(options.js(KEPT))["keyAccounts"]
    assert account["server"] == moved.old
    assert moved.asked == ["/.well-known/sealwax-discovery.json"] * 3


def test_another_server_than_that_of_the_bridge_gets_no_list(
    browser: Browser, options: Page, moved: Site, alice: Account
) -> None:
    browser.expect_error(NOT_REACHED)
    moved.publish(moved.new)
    open_connecting(options)
    options.fill(named("key-server-address"), "http://127.0.0.1:1")
    options.fill(named("key-account-user"), alice.address)
    options.click(named("key-server-connect"))
    options.wait_for_text("does not answer", selector=named("key-server-problem"), timeout_seconds=OPERATION_SECONDS)
    assert moved.asked == []


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_addresses_that_are_not_granted_are_said(browser: Browser, options: Page, moved: Site, alice: Account) -> None:
    assert isinstance(browser, Chromium)
    browser.expect_error(NOT_REACHED)
    moved.publish(moved.old, moved.new.replace("127.0.0.1", "localhost"))
    grants = "chrome.permissions.contains = async ({ origins }) => !origins[0].includes('localhost')"
    browser.run_in_service_worker(options.url.split("/")[2], grants)
    connect(options, moved, alice)
    sentence = "may not reach its other addresses"
    options.wait_for_text(sentence, selector=named("key-server-problem"), timeout_seconds=OPERATION_SECONDS)
