"""Second factors in the pages: an authenticator app in both browsers, a security key where a browser simulates one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.authenticator import Authenticator
from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.page import Page
from tests.support.keys.elsewhere import App
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

BASE_PORT = 8590
PHONES = (320, 390)


@pytest.fixture(scope="module")
def named_stack(pages_with_sources: Path) -> Iterator[DemoStack]:
    """The demonstration at `localhost`, because security keys need a host name and not an IP address."""
    with DemoStack(base_port=BASE_PORT, host_name="localhost", pages_folder=pages_with_sources) as stack:
        yield stack


@pytest.fixture
def here(browser: Browser, named_stack: DemoStack) -> Iterator[MailPages]:
    """Alice at the sign-in page."""
    pages = MailPages(browser, named_stack.pages_url, named_stack.accounts[0])
    yield pages
    pages.close()


@pytest.fixture
def elsewhere(browser: Browser, named_stack: DemoStack) -> Iterator[MailPages]:
    """Alice in another browser, a second device."""
    pages = MailPages(browser, named_stack.pages_url, named_stack.accounts[0])
    yield pages
    pages.close()


def open_keys(pages: MailPages) -> Page:
    pages.page.activate()
    pages.enter()
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.page.wait_for_selector(f"{named('factors')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
    return pages.page


def open_form(page: Page, form: str) -> None:
    page.js("(place) => { document.querySelector(place).closest('details').open = true; }", named(form))


def send_form(pages: MailPages, form: str) -> None:
    """Type the passphrase into an open form, and send it."""
    pages.page.js("""(place) => document.querySelector(`${place} [role="textbox"]`).focus()""", named(form))
    pages.page.type(pages.account.key_passphrase)
    pages.page.click(named(f"{form}-submit"))


def wait_for_announcement(page: Page, words: str) -> None:
    page.wait_for(
        "(words) => document.querySelector('#announcer').textContent.includes(words)",
        words,
        timeout_seconds=OPERATION_SECONDS,
    )


@pytest.mark.thorough
def test_a_login_asks_for_a_code_of_the_app(here: MailPages, elsewhere: MailPages) -> None:
    page = open_keys(here)
    open_form(page, "add-app")
    app = App(page.text(named("add-app-secret")).replace(" ", ""))
    assert page.js("(place) => document.querySelector(place).href", named("add-app-link")).startswith("otpauth://totp/")
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    page.fill(named("add-app-code"), app.code())
    send_form(here, "add-app")
    wait_for_announcement(page, "is added")
    page.wait_for_selector(f'{named("factor")}[data-kind="totp"]')

    other = elsewhere.page
    other.activate()
    elsewhere.sign_in()
    elsewhere.unlock()
    other.wait_for_selector(named("factor-dialog"), timeout_seconds=OPERATION_SECONDS)
    assert find_violations(other) == []
    other.browser.expect_error("401")
    other.fill(named("factor-code"), "000000")
    other.click(named("factor-submit"))
    other.wait_for_text("Wait for the next code", selector=named("factor-dialog"), timeout_seconds=OPERATION_SECONDS)
    assert not other.js("(place) => document.querySelector(place)", named("messages"))
    other.fill(named("factor-code"), app.code())
    other.click(named("factor-submit"))
    other.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)

    page.activate()
    open_form(page, "remove-factor")
    send_form(here, "remove-factor")
    page.wait_for_selector(named("factor-dialog"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("factor-code"), app.code())
    page.click(named("factor-submit"))
    wait_for_announcement(page, "is removed")
    page.wait_for_text("has no second factor", selector=named("factors"))


@pytest.mark.thorough
@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_a_login_asks_for_a_touch_of_the_security_key(here: MailPages) -> None:
    browser, page = here.page.browser, here.page
    assert isinstance(browser, Chromium)
    key = Authenticator(browser, page, has_prf=False, is_security_key=True)
    open_keys(here)
    open_form(page, "add-security-key")
    send_form(here, "add-security-key")
    wait_for_announcement(page, "is added")
    assert len(key.credentials()) == 1

    page.click(named("lock"))
    here.unlock()
    page.wait_for_selector(named("factor-key"), timeout_seconds=OPERATION_SECONDS)
    assert find_violations(page) == []
    page.click(named("factor-cancel"))
    page.wait_for_text("the second factor is missing", timeout_seconds=OPERATION_SECONDS)
    # The passphrase is still in its field.
    page.click(named("unlock-submit"))
    page.wait_for_selector(named("factor-key"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("factor-key"))
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)

    page.js("() => { location.hash = '#/keys'; }")
    page.wait_for_selector(f'{named("factor")}[data-kind="webauthn"]', timeout_seconds=OPERATION_SECONDS)
    open_form(page, "remove-factor")
    send_form(here, "remove-factor")
    page.wait_for_selector(named("factor-key"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("factor-key"))
    wait_for_announcement(page, "is removed")
    key.close()
