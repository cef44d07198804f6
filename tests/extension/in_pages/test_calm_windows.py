"""A button that agrees works only after its window was unchanged for a second. A button that refuses works at once."""

from __future__ import annotations

import time

import pytest

from tests.support.browser.page import ENTER, ESCAPE, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import PASSPHRASE, TEXT

IN_PAGE = page_scripts("extension/in_pages/calm_windows.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

FIELD = textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test")
FORM = """<form data-smime=sign data-smime-nonce=n method=post action=/ accept-charset=utf-8>
  <input name=a value=1><button name=go value=1>Go</button></form>"""
# Disturbs a window in one way, and clicks its button at the same moment. A page could lead a person to such a click.
HASTY = IN_PAGE["hasty"]
WAITING = "() => document.documentElement.dataset.calm === 'waiting'"


def ask_to_sign(extension: Extension, page: Page, site: Site) -> Page:
    """Submit a small form, and return the window that asks about it."""
    page.goto(site.page_with(FORM))
    while not extension.has_window():
        # A click on such a button does nothing before the extension's scripts are loaded.
        page.click("[name=go]")
        time.sleep(1)
    return extension.window()


def is_asking(extension: Extension) -> bool:
    time.sleep(0.5)
    return extension.has_window()


@pytest.mark.thorough(False)
def test_a_click_in_the_first_second_agrees_to_nothing(unlocked: Extension, page: Page, site: Site) -> None:
    window = ask_to_sign(unlocked, page, site)
    window.js("() => document.querySelector('#identity').dispatchEvent(new Event('change'))")
    assert window.js(WAITING)
    window.js("() => document.querySelector('[data-test=agree]').click()")
    assert "just appeared, moved or changed" in window.text("[data-test=calm-hint]")
    assert is_asking(unlocked)
    assert page.js("() => document.querySelector('[name=smime_signature]')") is None
    # A second later the same click works, and the sentence is gone.
    window.wait_until_calm()
    assert window.js("() => document.querySelector('[data-test=calm-hint]')") is None
    with window.closing():
        window.click("[data-test=agree]")
    unlocked.wait_until_window_is_gone()


@pytest.mark.parametrize("way", ["drawn", "focus", "resized", "moved"])
def test_whatever_disturbs_a_window_makes_its_button_wait(
    unlocked: Extension, page: Page, site: Site, way: str
) -> None:
    window = ask_to_sign(unlocked, page, site)
    window.wait_until_calm()
    assert window.js(HASTY, way)
    assert is_asking(unlocked)
    with window.closing():
        window.click("[data-test=refuse]")


def test_enter_in_the_passphrase_waits_too(extension: Extension, page: Page, site: Site) -> None:
    extension.lock()
    window = ask_to_sign(extension, page, site)
    window.click("[data-test=passphrase]")
    window.type(PASSPHRASE)
    window.js("() => window.dispatchEvent(new Event('focus'))")
    window.type("\n")
    window.wait_for_selector("[data-test=calm-hint]")
    assert is_asking(extension)
    with window.closing():
        window.press(ENTER)
    extension.wait_until_window_is_gone()
    extension.is_locked = False


@pytest.mark.parametrize("way", ["button", "escape"])
def test_refusing_obeys_at_once(unlocked: Extension, page: Page, site: Site, way: str) -> None:
    window = ask_to_sign(unlocked, page, site)
    with window.closing():
        window.js("() => window.dispatchEvent(new Event('focus'))")
        assert window.js(WAITING)
        if way == "button":
            window.click("[data-test=refuse]")
        else:
            window.press(ESCAPE)
    unlocked.wait_until_window_is_gone()


# Opens a dialog and clicks its button at once, and again until it works. Returns whether each way worked.
AGREEING = IN_PAGE["agreeing"]


def test_dialogs_of_keys_and_people_wait_too(unlocked: Extension) -> None:
    options = unlocked.open_options()
    assert options.js(AGREEING) == [False, True]
    options.close()


TICKED = "() => [...document.querySelectorAll('[data-test=readers] input:checked')].length"


def test_nobody_is_ticked_for_a_new_pair_of_site_and_reader(unlocked: Extension, page: Page, site: Site) -> None:
    for known in (False, True):
        page.goto(site.page_with(FIELD, origin=site.other_origin))
        frame = unlocked.write(page, "#answer", TEXT)
        frame.around.click("[data-test=encrypt]")
        window = unlocked.window(tick_proposed=False)
        assert "The page proposes this person" in window.text("[data-test=readers]")
        assert window.js(TICKED) == int(known)
        if not known:
            window.click("[data-test=agree]")
            window.wait_for_text("Nobody but you could read this", selector="[data-test=writer-only]")
            window.click("[data-test=writer-only-add]")
            assert window.js("() => document.activeElement.matches('[data-test=readers] [type=checkbox]')")
        unlocked.answer()
        encrypted = frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
        assert "bob@example.test" in encrypted


def test_one_window_waits_for_each_tab_whichever_frames_ask(unlocked: Extension, page: Page, site: Site) -> None:
    options = unlocked.open_options()
    outcomes = options.js(IN_PAGE["oneWindowWaitsForEachTabWhicheverFramesAsk"])
    options.close()
    windows = [context for context in unlocked.browser.contexts() if "prompt.html" in context["url"]]
    assert outcomes == ["opened", "already-asked", "already-asked", "opened"]
    assert len(windows) == 2
    for job in ("job=a", "job=d"):
        window = unlocked.browser.wait_for_page(job)
        window.wait_for_selector("[data-test=refuse]", timeout_seconds=30)
        with window.closing():
            window.click("[data-test=refuse]")
