"""A new passphrase in the pages: it is long enough in every place, and the change is confirmed in sight."""

from __future__ import annotations

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.page import Page
from tests.support.new_passphrases import IN_PAGE, LIST_WORDS, NEXT, SHORT, TOO_SHORT, is_in_sight, submit, type_twice
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named

pytestmark = [pytest.mark.browser, pytest.mark.server]
PHONE = 390
LOCKED = ("request-form", "recover", "undo-reset-code")
CURRENT = "1111-2222-3333"
FIND = IN_PAGE["find"]


def refuses_short_ones(page: Page, form: str, *, before: int, current: str) -> None:
    """Send the form with each passphrase that is too short. `before` fields stand above those for the new one."""
    for short in SHORT:
        type_twice(page, form, short, before=before, current=current)
        submit(page, form)
        page.wait_for_text(TOO_SHORT, selector=f"{named(form)} .field-error:not(:empty)")


@pytest.mark.thorough
def test_no_form_of_the_locked_keys_takes_a_short_new_passphrase(visitor: MailPages) -> None:
    visitor.sign_in()
    page = visitor.page
    page.wait_for_selector(named("unlock-form"))
    for form in LOCKED:
        refuses_short_ones(page, form, before=0 if form == "request-form" else 1, current=CURRENT)


def test_a_new_passphrase_is_measured_after_a_pause_and_only_as_it_is_now(visitor: MailPages) -> None:
    visitor.sign_in()
    page = visitor.page
    page.wait_for_selector(named("unlock-form"))
    strength = f"{named('request-form')} {named('passphrase-strength')}"
    page.js(FIND, named("request-form"), 0)
    page.type("password12")
    page.wait_for_text("Strength: weak. A program guesses", selector=strength, timeout_seconds=OPERATION_SECONDS)
    page.wait_for_text("It is a common password.", selector=strength)
    assert page.js("(line) => document.querySelector(line).getAttribute('aria-live')", strength) == "polite"
    page.type(" and 3 odd towns")
    page.wait_for_text("Strength: strong.", selector=strength, timeout_seconds=OPERATION_SECONDS)
    # Too short a passphrase is refused anyway, so nothing is said about its strength.
    page.js(FIND, named("request-form"), 0)
    page.type("Ab3")
    page.wait_for("(line) => document.querySelector(line).textContent === ''", strength)


def test_five_words_are_suggested_and_stay_until_the_field_changes(visitor: MailPages) -> None:
    visitor.sign_in()
    page, form = visitor.page, named("request-form")
    page.wait_for_selector(named("unlock-form"))
    page.js(FIND, form, 0)
    page.click(f"{form} {named('suggest-words')}")
    suggested = f"{form} {named('suggested-words')}"
    words = page.wait_for(LIST_WORDS, suggested, timeout_seconds=OPERATION_SECONDS)
    assert len(words) == 5
    assert find_violations(page) == []
    # The focus is in the second field, in which the person types what the note says.
    page.type("not these")
    submit(page, "request-form")
    page.wait_for_text("not the same", selector=f"{form} .field-error:not(:empty)")
    page.wait_for_text(
        "Strength: strong.", selector=f"{form} {named('passphrase-strength')}", timeout_seconds=OPERATION_SECONDS
    )
    page.js(FIND, form, 0)
    page.type("another one")
    assert page.js(LIST_WORDS, suggested) is None
    assert " ".join(words) not in page.js("() => document.documentElement.textContent")


def test_a_changed_passphrase_is_long_enough_and_confirmed_in_sight(visitor: MailPages) -> None:
    visitor.enter()
    page, ours = visitor.page, visitor.account.key_passphrase
    page.set_viewport(PHONE, 844)
    page.js("() => { location.hash = '#/keys'; }")
    page.wait_for_selector(named("device"), timeout_seconds=OPERATION_SECONDS)
    refuses_short_ones(page, "change-passphrase", before=1, current=ours)
    type_twice(page, "change-passphrase", NEXT, before=1, current=ours)
    submit(page, "change-passphrase")
    done = named("change-passphrase-done")
    page.wait_for_text("Use it from now on", selector=done, timeout_seconds=OPERATION_SECONDS)
    assert is_in_sight(page, done)
    assert page.js("(done) => document.activeElement === document.querySelector(done)", done)
    # Only a new passphrase needs so many characters: the one of before comes back for the tests that follow.
    type_twice(page, "change-passphrase", ours, before=1, current=NEXT)
    submit(page, "change-passphrase")
    page.wait_for_text("Use it from now on", selector=done, timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_mail_is_kept_on_the_device_under_a_long_passphrase_only(visitor: MailPages) -> None:
    visitor.enter()
    page = visitor.page
    page.js("() => { location.hash = '#/settings/reading'; }")
    page.wait_for_selector(f"{named('offline-switch')}:not([disabled])", timeout_seconds=OPERATION_SECONDS)
    page.click(named("offline-switch"))
    page.wait_for_selector(named("offline-form"))
    refuses_short_ones(page, "offline-form", before=0, current="")
    type_twice(page, "offline-form", NEXT, before=0, current="")
    submit(page, "offline-form")
    page.wait_for_text("From now on", selector=named("offline-done"), timeout_seconds=OPERATION_SECONDS)
    assert is_in_sight(page, named("offline-done"))
