"""A verdict stands beside its own text: the frame ends when the page changes, moves or removes what it shows."""

from __future__ import annotations

import time
from typing import Final

import pytest

from tests.support.browser.bidi import BidiError
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Site, note_after
from tests.support.extension.editor_pages import page_with, wait_for_note
from tests.support.extension.field_pages import TEXT, People, encrypt, open_and_agree

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PAGE: Final = """<div id=app><h2>Order</h2><pre id=letter data-smime=decrypt>%s</pre></div><div id=elsewhere></div>"""
CHANGES: Final = {
    "another text": "letter.textContent = 'Pay 900 crowns instead.'",
    "another encrypted text": "letter.textContent = letter.textContent.replace(/M/g, 'N')",
    "another text and another heading": """app.querySelector("h2").textContent = "Offer";
      letter.replaceChildren("Pay 900 crowns instead.")""",
    "the text elsewhere": "elsewhere.append(letter)",
    "another text between": """letter.after(Object.assign(document.createElement("p"),
      { textContent: "Pay 900 crowns." }))""",
    "an editor around the text": "app.contentEditable = 'true'",
    "nothing any more": "letter.remove()",
    "the whole part anew": "app.innerHTML = '<h2>Order</h2><div>Pay 900 crowns.</div>'",
}


WHOLE: Final = (
    "() => /^-----BEGIN CMS-----[^-]+-----END CMS-----\\s*$/.test(document.querySelector('#field').textContent)"
)


def has_frame(page: Page) -> bool:
    try:
        return any("broker.html" in frame.url for frame in page.frames())
    except BidiError:
        # The frame went while it was asked.
        return True


def wait_until_closed(page: Page) -> None:
    deadline = time.monotonic() + 20
    while has_frame(page):
        assert time.monotonic() < deadline, "the frame stays open"
        time.sleep(0.05)


@pytest.mark.parametrize("name", CHANGES)
def test_a_verdict_ends_with_its_text(unlocked: Extension, page: Page, site: Site, people: People, name: str) -> None:
    page.goto(site.page_with(PAGE % people.encrypt(TEXT, origin=site.origin, to=people.alice)))
    open_and_agree(unlocked, page)
    page.js(f"() => {{ {CHANGES[name]}; }}")
    wait_until_closed(page)
    assert not unlocked.has_window()


def test_a_verdict_stays_while_other_things_change(unlocked: Extension, page: Page, site: Site, people: People) -> None:
    page.goto(site.page_with(PAGE % people.encrypt(TEXT, origin=site.origin, to=people.alice)))
    around = open_and_agree(unlocked, page)
    page.js("() => { app.prepend('New'); letter.append(' '); letter.title = 'x'; elsewhere.textContent = 'Other'; }")
    page.js("() => new Promise((done) => setTimeout(done, 900))")
    assert around.text(".state-statement")


def test_nothing_of_the_extension_stands_in_what_is_written(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    quoted = f"<div id=editor contenteditable><blockquote data-smime=decrypt>{armored}</blockquote></div>"
    page.goto(site.page_with("<textarea id=later data-smime=encrypt></textarea>" + quoted))
    unlocked.wait_for_button(page, "#later")
    assert page.js("() => [...document.querySelectorAll('#editor *')].map((one) => one.localName)") == ["blockquote"]


DAMAGES: Final = {
    "some letters less": "text.slice(0, 300) + text.slice(340)",
    "cut off": "text.slice(0, 400)",
    "a quotation mark in it": "text.slice(0, 300) + ' > ' + text.slice(300)",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_page_that_damages_the_encrypted_text_is_told_of(
    extension: Extension, page: Page, site: Site, name: str
) -> None:
    again = """field.addEventListener("input", () => { model = field.innerText; });
      document.querySelector("#send").addEventListener("click", () => sent.push(field.textContent));"""
    page.goto(page_with(site, again))
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.js(
        "() => { const { textContent: text } = document.querySelector('#field');"
        f"document.querySelector('#field').textContent = {DAMAGES[name]}; }}"
    )
    wait_for_note(page, "nobody could open it")
    page.click("#send")
    window = extension.window()
    assert page.js("() => window.sent") == []
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for(WHOLE)
    wait_for_note(page, "")


def test_a_page_that_empties_the_field_damages_nothing(extension: Extension, page: Page, site: Site) -> None:
    page.goto(
        page_with(site, 'document.querySelector("#send").addEventListener("click", () => { field.textContent = ""; });')
    )
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.click("#send")
    page.js("() => new Promise((done) => setTimeout(done, 900))")
    page.click("#send")
    assert not extension.has_window()
    assert "nobody" not in note_after(page, "#field")
