"""Each flow once without a mouse: a field is encrypted, a letter is sent, keys are made, the guide is completed."""

from __future__ import annotations

import pytest

from tests.support.browser.browsers import Chromium
from tests.support.browser.page import ENTER, TAB, Page
from tests.support.extension.compose_driver import Webmail
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import PASSPHRASE, TEXT, People

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# More stops of the Tab key than any page has, including its frames and the browser's own controls.
MAX_STOPS = 150
OPERATION_SECONDS = 60
# The extension's button beside a field is in a closed shadow root, so the page sees the focus on the root's host.
HAS_BUTTON = """(selector) => {
  const { height } = document.querySelector(selector)?.nextElementSibling?.getBoundingClientRect() ?? { height: 0 };
  return height >= 44;
}"""
ON_REMOVAL = "() => document.activeElement?.dataset.removal?.startsWith('request.drop')"
ON_BUTTON = "(selector) => document.activeElement === document.querySelector(selector).nextElementSibling"


def tab_until(page: Page, is_there: str, *arguments: str) -> None:
    """Press Tab until a function in the page returns true."""
    for _ in range(MAX_STOPS):
        if page.js(is_there, *arguments):
            return
        page.press(TAB)
    raise AssertionError(f"Tab does not lead to {arguments}")


def tab_to(page: Page, test: str) -> None:
    """Press Tab until a control has the focus."""
    tab_until(page, "(test) => document.activeElement?.dataset.test === test", test)


def press_button_beside(page: Page, field: str) -> None:
    """Go to the extension's button beside a field, and press it."""
    page.activate()
    page.wait_for(HAS_BUTTON, field)
    tab_until(page, ON_BUTTON, field)
    page.press(ENTER)


def agree(extension: Extension) -> None:
    window = extension.window()
    tab_to(window, "agree")
    with window.closing():
        window.press(ENTER)
    extension.wait_until_window_is_gone()


def test_a_field_is_encrypted_and_opened(extension: Extension, site: Site, people: People) -> None:
    page = extension.browser.open(
        site.page_with(textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test"))
    )
    press_button_beside(page, "#answer")
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    # The editor has the focus at once.
    frame.text.wait_for("() => document.activeElement?.classList.contains('text')")
    frame.text.type(TEXT)
    frame.text.press(TAB)
    tab_to(frame.around, "encrypt")
    frame.around.press(ENTER)
    agree(extension)
    armored = page.wait_for("() => document.getElementById('answer').value", timeout_seconds=OPERATION_SECONDS)
    page.close()

    page = extension.browser.open(site.page_with(textarea("letter", text=armored)))
    press_button_beside(page, "#letter")
    agree(extension)
    frame = extension.frame_in(page)
    frame.around.wait_for_text("Verified", timeout_seconds=OPERATION_SECONDS)
    assert frame.text.text(".text") == TEXT
    page.close()


def test_a_letter_leaves(extension: Extension, site: Site) -> None:
    webmail = Webmail(extension, site)
    window = webmail.write()
    tab_to(window, "compose-to")
    window.type("bob@example.test")
    window.press(ENTER)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=OPERATION_SECONDS)
    for field, words in (("compose-subject", "Lighthouse"), ("compose-text", "See you there.")):
        tab_to(window, field)
        window.type(words)
    tab_to(window, "send")
    window.press(ENTER)
    window.wait_for_selector("[data-test=sent]", timeout_seconds=OPERATION_SECONDS)
    assert webmail.taken()[0].envelope["to"] == ["bob@example.test"]
    window.close()
    webmail.close()


def test_the_guide_is_walked_to_its_end(extension: Extension) -> None:
    page = extension.browser.open(extension.base + "guide/welcome.html")
    page.wait_for_text("Step 1 of 4")
    for step in (2, 3, 4):
        tab_to(page, "next")
        page.press(ENTER)
        page.wait_for_text(f"Step {step} of 4")
    tab_to(page, "open-message")
    page.press(ENTER)
    viewer = extension.browser.wait_for_page("viewer.html?mail", timeout_seconds=OPERATION_SECONDS)
    viewer.wait_for_selector(".state-statement", timeout_seconds=OPERATION_SECONDS)
    viewer.close()
    page.close()


# This test is the last: in Firefox, Enter clicks nothing after the request was saved as a file.
def test_a_key_is_made(extension: Extension) -> None:
    page = extension.open_options()
    tab_to(page, "make-request")
    page.press(ENTER)
    tab_to(page, "request-address")
    page.type("carol@example.test")
    tab_to(page, "request-name")
    page.type("Carol")
    for _ in range(2):
        page.press(TAB)
        tab_to(page, "passphrase")
        page.type(PASSPHRASE)
    tab_to(page, "request-go")
    page.press(ENTER)
    page.wait_for_selector("[data-test=waiting-request]", timeout_seconds=OPERATION_SECONDS)
    # Firefox's panel of downloads has the focus now, because the request was saved as a file. A person's keys would go
    # to the panel. The driver's keys still reach the page, but Firefox makes no click of Enter there.
    if isinstance(page.browser, Chromium):
        tab_until(page, ON_REMOVAL)
        page.press(ENTER)
        page.wait_for("() => document.activeElement.dataset.asked === 'yes'")
        page.press(ENTER)
        page.wait_for("() => document.querySelector('[data-test=waiting-request]') === null")
    page.close()
