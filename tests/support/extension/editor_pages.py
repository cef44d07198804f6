"""A page with an editor that keeps a model of its own, and what the extension says where the editor keeps its text."""

from __future__ import annotations

import time
from typing import Final

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Frame, Site, agree_in, note_after

OLD: Final = "under the third flower pot"
FIELD: Final = f'<div id=field contenteditable=true data-smime="encrypt">{OLD}</div><input type=hidden id=copy>'
MODEL: Final = """const field = document.querySelector("#field"), copy = document.querySelector("#copy");
  window.model = field.textContent; window.sent = [];"""


def page_with(site: Site, script: str) -> str:
    return site.page_with(f"{FIELD}<p id=log></p><button id=send>Send</button><script>{{{MODEL}{script}}}</script>")


def refused(extension: Extension, page: Page) -> tuple[Frame, str]:
    """Ask for encryption of the field's text, and return the frame and the sentence of the refusal."""
    frame = extension.write(page, "#field", "")
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    agree_in(window)
    window.wait_for_text("The page does not take the encrypted text", timeout_seconds=30)
    sentence = window.text()
    with window.closing():
        window.click("[data-test=refuse]")
    return frame, sentence


def wait_for_note(page: Page, text: str) -> None:
    """Wait until the note below the field has a text, or with "" none."""
    deadline = time.monotonic() + 30
    while (text not in (seen := note_after(page, "#field"))) or (not text and seen):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


def put_back_by_a_press(extension: Extension, page: Page) -> None:
    """Press the page's button while the old text is back. It sends nothing, and the encrypted text returns."""
    wait_for_note(page, "in clear again")
    page.click("#send")
    window = extension.window()
    assert OLD in window.text()
    assert page.js("() => window.sent") == []
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for(
        "() => /^-----BEGIN CMS-----[^-]+-----END CMS-----\\s*$/.test(document.querySelector('#field').textContent)"
    )
    wait_for_note(page, "")
