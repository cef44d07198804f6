"""Nothing is encrypted for the writer only without a question. Its first button leads to the choice of people."""

from __future__ import annotations

from pathlib import Path

import pytest

from smime_core.report.report import State
from tests.support.browser.page import ESCAPE, Page
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import TEXT, People
from tests.support.extension.uploads import CONTROL

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

QUESTION = "[data-test=writer-only]"
FOCUSED = "(selector) => document.activeElement.matches(selector)"
READER = "[data-test=readers] [type=checkbox]"


def test_a_field_is_encrypted_for_the_writer_only_after_a_question(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    page.goto(site.page_with(textarea("answer", data_smime="sign encrypt")))
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    window.click("[data-test=agree]")
    assert "Nobody but you could read this" in window.wait_for_text("Encrypt it for you only?", selector=QUESTION)
    window.click("[data-test=writer-only-add]")
    assert window.js(FOCUSED, READER)
    assert page.value("#answer") == ""
    # Escape answers the question only, and not that of the window.
    window.click("[data-test=agree]")
    window.wait_for_selector(QUESTION)
    window.press(ESCAPE)
    window.wait_for("(question) => document.querySelector(question) === null", QUESTION)
    assert page.value("#answer") == ""
    window.click("[data-test=agree]")
    with window.closing():
        window.click("[data-test=writer-only-go]")
    frame.around.wait_for_text("Encrypted for you", timeout_seconds=30)
    armored = page.value("#answer")
    report = people.open(armored, origin=site.origin, identity=people.alice)
    assert report.state is State.VERIFIED


def test_a_field_with_a_reader_asks_nothing_more(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(textarea("answer", data_smime="encrypt")))
    frame = unlocked.write(page, "#answer", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    window.click(READER)
    with window.closing():
        window.click("[data-test=agree]")
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)


def test_files_are_encrypted_for_the_writer_only_after_a_question(
    unlocked: Extension, page: Page, site: Site, salaries: Path
) -> None:
    page.goto(site.page_with(CONTROL.replace("bob@example.test", "")))
    window = unlocked.window_after_click(page, "#field")
    window.choose_files("[data-test=files]", [salaries])
    window.click("[data-test=agree]")
    window.wait_for_selector(QUESTION)
    assert page.js("() => document.querySelector('#field').files.length") == 0
    with window.closing():
        window.click("[data-test=writer-only-go]")
    page.wait_for("() => document.querySelector('#field').files.length === 1", timeout_seconds=60)
