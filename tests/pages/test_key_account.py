"""The account at the key server in the pages: devices, passphrase, recovery code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from roaming_keys.client.command.ticket_source import TicketSource
from roaming_keys.client.transport import HttpTransport, start_reset
from roaming_keys.protocol.known import day_of
from roaming_keys.protocol.tickets import Purpose
from smime_core import blocking
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.keys.elsewhere import log_in_elsewhere, plant_code
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/key_account.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]
PHONES = (320, 390)
CHANGED = named("change-passphrase-done")


@pytest.fixture
def elsewhere(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice in another browser, a second device."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    yield pages
    pages.close()


def open_keys(pages: MailPages, section: str = "keys", part: str = "remove-account") -> Page:
    """Unlock the keys, and show a section of the settings with the part that comes last."""
    pages.page.activate()
    pages.enter()
    pages.page.js("(section) => { location.hash = `#/settings/${section}`; }", section)
    pages.page.wait_for_selector(named(part), timeout_seconds=OPERATION_SECONDS)
    return pages.page


def act(page: Page, form: str, *passphrases: str, within: str = "") -> None:
    """Open the form of a change, type into its fields one after the other, and send it."""
    place = f"{within} {named(form)}"
    page.js("(place) => { document.querySelector(place).closest('details').open = true; }", place)
    for number, passphrase in enumerate(passphrases):
        page.js(
            """(place, number) => document.querySelectorAll(`${place} [role="textbox"]`)[number].focus()""",
            place,
            number,
        )
        page.type(passphrase)
    page.click(f"{place} {named(f'{form}-submit')}")


def test_a_person_ends_the_access_of_a_device(visitor: MailPages, elsewhere: MailPages) -> None:
    open_keys(elsewhere)
    page = open_keys(visitor, "devices", "device")
    other = f'{named("device")}[data-this="false"]'
    before = page.js("(other) => document.querySelectorAll(other).length", other)
    assert find_violations(page) == []
    act(page, "revoke", visitor.account.key_passphrase, within=other)
    page.wait_for(
        "(other, before) => document.querySelectorAll(other).length === before - 1",
        other,
        before,
        timeout_seconds=OPERATION_SECONDS,
    )
    assert page.text("#announcer").endswith("has no access any more.")


@pytest.mark.thorough(False)
def test_a_recovery_code_is_offered_after_a_message_and_kept_when_two_groups_are_right(visitor: MailPages) -> None:
    visitor.enter()
    page, offer = visitor.page, named("recovery-offer")
    is_gone = "(offer) => document.querySelector(offer) === null"
    assert page.js(is_gone, offer)
    visitor.open_message(page.js(IN_PAGE["firstUid"], named("message-row")))
    assert page.js(is_gone, offer)
    page.js("() => { location.hash = '#/folder/inbox'; }")
    page.wait_for_text("You have no recovery code yet", selector=offer, timeout_seconds=OPERATION_SECONDS)
    assert find_violations(page) == []
    page.click(named("recovery-offer-accept"))
    page.wait_for_selector(f"{named('make-code')} [role=textbox]", timeout_seconds=OPERATION_SECONDS)
    act(page, "make-code", visitor.account.key_passphrase)
    page.wait_for_text("Write this on paper", timeout_seconds=OPERATION_SECONDS)
    groups = page.text(named("recovery-code")).split("-")
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    assert find_violations(page) == []
    fields = page.js(IN_PAGE["labelGroups"], named("recovery-code-group"))
    assert fields == ["Group 2", "Group 5"]
    for typed, said in (("0000", "not the code above"), (groups[4].lower(), "Your copy is right")):
        for place, group in enumerate((groups[1], typed)):
            page.js(IN_PAGE["typeGroup"], named("recovery-code-group"), place, group)
        page.click(named("recovery-code-check-submit"))
        page.wait_for_text(said, selector=named("recovery-code-check"))
    page.js("() => { location.hash = '#/folder/inbox'; }")
    assert page.js(is_gone, offer)
    assert groups[3] not in page.js("() => document.documentElement.outerHTML")


def test_a_wrong_passphrase_is_told_at_its_field(visitor: MailPages) -> None:
    page = open_keys(visitor)
    page.browser.expect_error("401")
    act(page, "make-code", "not mine")
    page.wait_for_text("Wrong passphrase.", timeout_seconds=OPERATION_SECONDS)


def test_a_forgotten_passphrase_is_replaced_by_the_recovery_code(visitor: MailPages, elsewhere: MailPages) -> None:
    page = open_keys(visitor)
    ours = visitor.account.key_passphrase
    act(page, "make-code", ours)
    page.wait_for_text("Write this on paper", timeout_seconds=OPERATION_SECONDS)
    code = page.text(named("recovery-code"))
    assert len(code.replace("-", "")) == 28
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    act(page, "change-passphrase", ours, "soon forgotten words", "soon forgotten words")
    page.wait_for_text("have the new passphrase", selector=CHANGED, timeout_seconds=OPERATION_SECONDS)
    other = elsewhere.page
    other.activate()
    elsewhere.sign_in()
    other.browser.expect_error("401")
    elsewhere.unlock()
    other.wait_for_text("Wrong passphrase.", timeout_seconds=OPERATION_SECONDS)
    assert find_violations(other) == []
    act(other, "recover", code, ours, ours)
    other.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    assert "Use it from now on" in other.text(named("done-notice"))
    other.click(named("done-close"))
    other.wait_for("(notice) => document.querySelector(notice) === null", named("done-notice"))
    assert page.browser is other.browser


@pytest.mark.thorough(False)
def test_a_reset_that_goes_on_is_shown_above_every_view_and_can_be_stopped(
    visitor: MailPages, demo_stack: DemoStack, alice: Account, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text(alice.mail_password)
    source = TicketSource(bridge=demo_stack.api_url, mail_password_file=str(password), ticket_file=None)
    transport = HttpTransport(demo_stack.keys_url)
    ticket, _ = source.ticket(alice.address, Purpose.RESET)
    blocking.run(start_reset(transport, alice.address, ticket))
    page = open_keys(visitor)
    notice = named("reset-notice")
    page.wait_for_text("asked for a new account at the key server", selector=notice)
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    page.set_viewport(1100, 800)
    visitor.show_inbox()
    assert page.text(notice) != ""
    page.click(named("reset-stop"))
    page.wait_for_text("Your account stays as it is", selector="#announcer", timeout_seconds=OPERATION_SECONDS)
    assert not page.js("(notice) => document.querySelector(notice)", notice)
    session, _ = log_in_elsewhere(demo_stack.keys_url, alice.address, alice.key_passphrase)
    assert session.reset_ready is None


def test_an_account_that_was_reset_is_taken_only_when_the_person_agrees(
    visitor: MailPages, demo_stack: DemoStack, alice: Account
) -> None:
    page = open_keys(visitor)
    session, setting = log_in_elsewhere(demo_stack.keys_url, alice.address, alice.key_passphrase)
    # Another day than that of another browser, which has the same account.
    reset = (session.opened.state.reset or 1_800_000_000) + 86_400
    opened = replace(session.opened, state=replace(session.opened.state, reset=reset))
    blocking.run(replace(session, opened=opened).push(setting, opened))
    # A fresh login, as each change of the account needs.
    dialog = named("reset-dialog")
    act(page, "make-code", alice.key_passphrase)
    day = day_of(reset).replace("-", "\u2011")
    page.wait_for_text(f"reset on {day}", selector=dialog, timeout_seconds=OPERATION_SECONDS)
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    page.set_viewport(1100, 800)
    page.click(named("reset-stay"))
    page.wait_for_text("The keys of the account are not used", timeout_seconds=OPERATION_SECONDS)
    assert page.text(named("recovery-code")) == ""
    page.click(named("make-code-submit"))
    page.wait_for_selector(dialog, timeout_seconds=OPERATION_SECONDS)
    page.wait_until_calm()
    page.click(named("reset-go"))
    page.wait_for_text("Write this on paper", timeout_seconds=OPERATION_SECONDS)
    # Asked once.
    first = page.text(named("recovery-code"))
    act(page, "make-code", alice.key_passphrase)
    page.wait_for(
        "(code, first) => !['', first].includes(document.querySelector(code).textContent)",
        named("recovery-code"),
        first,
        timeout_seconds=OPERATION_SECONDS,
    )


def test_a_change_succeeds_although_another_device_stores_meanwhile(
    visitor: MailPages, demo_stack: DemoStack, alice: Account
) -> None:
    page = open_keys(visitor)
    session, setting = log_in_elsewhere(demo_stack.keys_url, alice.address, alice.key_passphrase)
    page.js(IN_PAGE["aChangeSucceedsAlthoughAnotherDeviceStoresMeanwhile"])
    page.browser.expect_error("412")
    act(page, "change-passphrase", *[alice.key_passphrase] * 3)
    page.wait_for("() => window.held !== null", timeout_seconds=OPERATION_SECONDS)
    blocking.run(session.push(setting, session.opened))
    page.js("() => window.held()")
    page.wait_for_text("have the new passphrase", selector=CHANGED, timeout_seconds=OPERATION_SECONDS)


def test_a_changed_recovery_code_is_told_until_there_is_a_new_one(
    visitor: MailPages, demo_stack: DemoStack, alice: Account
) -> None:
    plant_code(*log_in_elsewhere(demo_stack.keys_url, alice.address, alice.key_passphrase))
    page = open_keys(visitor)
    assert "Somebody has changed the recovery code" in page.text(named("lost-code"))
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    act(page, "make-code", visitor.account.key_passphrase)
    page.wait_for_text("Write this on paper", timeout_seconds=OPERATION_SECONDS)
    assert page.text(named("lost-code")) == ""


def test_a_mistyped_recovery_code_is_told(visitor: MailPages) -> None:
    visitor.sign_in()
    page = visitor.page
    page.wait_for_selector(named("unlock-form"))
    act(page, "recover", "0000-1111", "some new words", "some new words")
    page.wait_for_text("Compare it with the paper", timeout_seconds=OPERATION_SECONDS)
