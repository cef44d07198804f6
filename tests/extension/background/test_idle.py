"""After half an hour away from the desk the keys are locked and the background has ended. Work in progress goes on."""

from __future__ import annotations

import time

import pytest

from smime_core.report.report import State
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import Webmail, send, wait_for_obstacles
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import ENCRYPT_FIELD, PASSPHRASE, TEXT, People, agree_if_asked
from tests.support.extension.letters_from_bob import SECRET_WORDS, opened_by
from tests.support.extension.session import AGE, MINUTE, SESSION

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

ALARM = "async () => (globalThis.browser ?? chrome).alarms.create('lock', { when: Date.now() })"
# Firefox checks every 30 seconds whether the background is idle, and postpones its end while something is running.
MAX_IDLE_SECONDS = 180
LONGER_THAN_IDLE_SECONDS = 35


@pytest.fixture
def unlocked(extension: Extension, people: People) -> Extension:
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    return extension


def pass_half_an_hour(extension: Extension) -> None:
    """Bring about the state after 30 idle minutes without waiting so long."""
    options = extension.open_options()
    options.js(AGE, 30 * MINUTE, 30 * MINUTE)
    options.js(ALARM)
    options.wait_for(f"async () => await ({SESSION})() === null")
    options.close()
    extension.is_locked = True
    extension.stop_background()


def wait_until_idle(extension: Extension) -> None:
    """Wait until the browser itself has ended the background."""
    deadline = time.monotonic() + MAX_IDLE_SECONDS
    while extension.is_background_running():
        assert time.monotonic() < deadline, "the browser does not end the background"
        time.sleep(1)


def show_letter(page: Page, site: Site, people: People) -> None:
    """Show a page with an encrypted text for Alice, and wait for the button that opens it."""
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    page.goto(site.page_with(textarea("letter", text=armored)))
    page.wait_for("() => letter.nextElementSibling?.getBoundingClientRect().height >= 44")


def test_an_encrypted_field_is_opened_after_half_an_hour(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    show_letter(page, site, people)
    pass_half_an_hour(unlocked)
    unlocked.click_button(page, "#letter")
    unlocked.answer(PASSPHRASE)
    page.wait_for_frame("view.html").wait_for_text(TEXT, timeout_seconds=30)


def test_a_field_that_is_being_written_goes_on_after_half_an_hour(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    frame = unlocked.write(page, "#answer", TEXT)
    pass_half_an_hour(unlocked)
    page.activate()
    frame.around.click("[data-test=encrypt]")
    unlocked.answer(PASSPHRASE)
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    report = people.open(page.value("#answer"), origin=site.origin, identity=people.bob)
    assert report.content.decode() == TEXT


def test_a_letter_that_is_being_written_goes_on_after_half_an_hour(webmail: Webmail, people: People) -> None:
    window = webmail.write(to=["bob@example.test"])
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=60)
    pass_half_an_hour(webmail.extension)
    window.activate()
    window.fill("[data-test=compose-subject]", "Lighthouse")
    wait_for_obstacles(window, "locked")
    window.click("[data-test=remedy-unlock]")
    window.type(PASSPHRASE)
    window.click("[data-test=unlock]")
    wait_for_obstacles(window)
    webmail.extension.is_locked = False
    send(window)
    (taken,) = webmail.taken()
    report = opened_by(people.bob, taken.message, people)
    assert report.state is State.VERIFIED
    assert b"Leuchtturm" in report.content


def test_the_browser_ends_an_idle_background_and_a_click_opens_a_field_all_the_same(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    show_letter(page, site, people)
    unlocked.leave_alone()
    wait_until_idle(unlocked)
    unlocked.click_button(page, "#letter")
    assert TEXT in agree_if_asked(unlocked, page).text.text()


def test_a_letter_goes_on_after_the_browser_has_idled(webmail: Webmail, people: People) -> None:
    webmail.extension.leave_alone()
    window = webmail.write(to=["bob@example.test"])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    time.sleep(LONGER_THAN_IDLE_SECONDS)
    send(window)
    assert opened_by(people.bob, webmail.taken()[0].message, people).state is State.VERIFIED
