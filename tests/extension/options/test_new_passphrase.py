"""A new passphrase in the extension: it is long enough in every place, and the change is confirmed in sight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import PASSPHRASE, Rig, open_keys, rig as rig, show_section, submit
from tests.support.new_passphrases import IN_PAGE, LIST_WORDS, NEXT, SHORT, TOO_SHORT, is_in_sight, type_twice

pytestmark = pytest.mark.browser

PHONE = 390
# Each place, its section, the button that opens it, and how many passphrases it asks for before the new one.
PLACES = (
    ("identities", "export-keys", "export", 1),
    ("identities", "make-request", "request", 0),
    ("backup", "make-backup", "backup", 0),
    ("identities", "change-passphrase", "passphrase-change", 1),
)


@pytest.fixture
def options(browser: Browser, folder: Path, rig: Rig) -> Iterator[Page]:
    extension = Extension(browser, folder)
    extension.unlock(rig.file, PASSPHRASE)
    page = open_keys(extension)
    yield page
    page.close()
    extension.uninstall()


def test_a_new_passphrase_is_measured_and_five_words_are_suggested(options: Page) -> None:
    show_section(options, "identities")
    options.click("[data-test=make-request]")
    options.js(IN_PAGE["find"], "[data-test=request]", 0)
    options.type("password12")
    options.wait_for_text("Strength: weak.", selector="[data-test=request] [data-test=passphrase-strength]")
    options.click("[data-test=request] [data-test=suggest-words]")
    words = options.wait_for(LIST_WORDS, "[data-test=request] [data-test=suggested-words]")
    assert len(words) == 5
    options.wait_for_text("Strength: strong.", selector="[data-test=request] [data-test=passphrase-strength]")


def test_every_new_passphrase_is_long_enough_and_what_was_done_is_said_in_sight(options: Page) -> None:
    options.set_viewport(PHONE, 844)
    for section, opening, dialog, before in PLACES:
        show_section(options, section)
        options.click(f"[data-test={opening}]")
        if dialog == "request":
            options.fill("[data-test=request-address]", "alice@example.test")
        for short in SHORT:
            type_twice(options, dialog, short, before=before, current=PASSPHRASE)
            options.click(f"[data-test={dialog}-go]")
            options.wait_for_text(TOO_SHORT, selector=f"[data-test={dialog}] .field-error:not(:empty)")
        type_twice(options, dialog, NEXT, before=before, current=PASSPHRASE)
        submit(options, dialog)
        done = f"[data-test={section}-done]"
        options.wait_for_selector(f"{done}:not(:empty)")
        assert is_in_sight(options, done), dialog
        options.js("(done) => { document.querySelector(done).textContent = ''; }", done)
