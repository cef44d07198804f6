"""Fields that a page removes, draws anew, moves and rewrites, as frameworks do: no text is lost, no button is left."""

from __future__ import annotations

import time

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import TEXT, encrypt, open_and_agree

IN_PAGE = page_scripts("extension/in_pages/rerendered.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

FIELD = textarea("answer", data_smime="encrypt")
# React replaces its own node in this way when a component's key changes, and leaves all other nodes.
DRAW_ANEW = IN_PAGE["drawAnew"]
# Waits until the extension has examined the page again.
SOON = "() => new Promise((done) => setTimeout(done, 900))"
# The page's own elements, and the boxes of the extension between them.
CHILDREN = "() => [...document.querySelector('#app').children].map((child) => child.id || child.localName)"


# The editor keeps its text 0.7 s after a key at the latest. On a busy machine the first keeping begins while the driver
# still types.
KEPT_WHOLE_SECONDS = 2.0


def wait_until_kept(extension: Extension) -> None:
    """Wait until the vault keeps the typed text for another frame or window."""
    time.sleep(KEPT_WHOLE_SECONDS)
    options = extension.open_options()
    options.wait_for("""async () => Object.values(await (globalThis.browser ?? chrome).storage.session.get(null))
      .some(({ kept }) => kept)""")
    options.close()


def test_a_field_that_is_drawn_anew_while_its_editor_is_open_gets_the_text(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(f"<div id=app>{FIELD}</div>"))
    frame = extension.write(page, "#answer", TEXT)
    page.js(DRAW_ANEW)
    page.js(SOON)
    assert frame.text.text(".text") == TEXT
    frame.text.click(".text")
    frame.text.type(" Noch ein Satz.")
    frame.around.click("[data-test=encrypt]")
    assert "Noch ein Satz." in extension.window().text("[data-test=covered]")
    extension.answer()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    assert page.value("#answer").startswith("-----BEGIN CMS-----")
    frame.around.click("[data-test=close]")
    # There is one button, at the only field.
    page.wait_for("() => document.querySelectorAll('#app > div').length === 1")
    assert page.js(CHILDREN) == ["answer", "div"]
    # A window that asks would stay open for the next test.
    open_and_agree(extension, page, "#answer")


def test_text_of_an_overwritten_editor_goes_on_in_a_window_and_into_the_new_field(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(f"<div id=app>{FIELD}</div>"))
    frame = extension.write(page, "#answer", TEXT)
    wait_until_kept(extension)
    assert frame.text.text(".text") == TEXT
    page.js("(markup) => { document.querySelector('#app').innerHTML = markup; }", FIELD)
    around = extension.browser.wait_for_page("broker.html?frame=")
    around.wait_for_selector("[data-test=encrypt]")
    around.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text")
    around.click("[data-test=encrypt]")
    extension.answer()
    around.wait_for_text("Encrypted for", timeout_seconds=30)
    assert page.value("#answer").startswith("-----BEGIN CMS-----")
    around.close()


def test_a_field_that_is_drawn_anew_again_and_again_has_one_button(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(f"<div id=app>{FIELD}</div>"))
    page.wait_for("() => document.querySelector('#answer').nextElementSibling !== null")
    for _ in range(5):
        page.js(DRAW_ANEW)
        page.js(SOON)
    page.wait_for("() => document.querySelectorAll('#app > div').length === 1")
    assert page.js(CHILDREN) == ["answer", "div"]
    extension.write(page, "#answer", TEXT)


def test_a_button_follows_a_field_that_is_moved(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(f"<div id=app>{FIELD}</div><section id=elsewhere></section>"))
    page.wait_for("() => document.querySelector('#answer').nextElementSibling !== null")
    page.js("() => { document.querySelector('#elsewhere').append(document.querySelector('#answer')); }")
    page.wait_for("() => document.querySelector('#answer').nextElementSibling !== null")
    assert page.js(CHILDREN) == []
    extension.write(page, "#answer", TEXT)


def test_a_field_that_comes_later_is_offered_and_one_that_goes_takes_its_button_with_it(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with("<div id=app></div>"))
    page.js("(markup) => { document.querySelector('#app').innerHTML = markup; }", FIELD)
    page.wait_for("() => document.querySelector('#answer').nextElementSibling !== null")
    page.js("() => { document.querySelector('#answer').remove(); }")
    page.wait_for("() => document.querySelector('#app').childElementCount === 0")


def test_a_framework_that_writes_its_state_back_keeps_the_encrypted_text(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(f"<div id=app>{FIELD}</div>"))
    # A controlled field: the state follows the event, and every rendering writes the state into the field.
    page.js(IN_PAGE["aFrameworkThatWritesItsStateBackKeepsTheEncryptedText"])
    frame = encrypt(extension, page, "#answer")
    page.js("() => new Promise((done) => setTimeout(done, 300))")
    assert page.value("#answer").startswith("-----BEGIN CMS-----")
    assert frame.text.text(".text") == TEXT


def test_a_field_among_many_gets_its_button_when_the_person_gets_there(
    extension: Extension, page: Page, site: Site
) -> None:
    many = "".join(f"<p>{textarea(f'field{number}', data_smime='encrypt')}</p>" for number in range(101))
    page.goto(site.page_with("<div id=app></div>"))
    page.js("(markup) => { document.querySelector('#app').innerHTML = markup; }", many)
    boxes = "() => document.querySelectorAll('#app p > :not(textarea, label)').length"
    page.js(SOON)
    assert page.js(boxes) == 0
    page.js("() => { document.querySelector('#field70').focus(); }")
    extension.wait_for_button(page, "#field70")
    assert page.js(boxes) == 1
    # One field less, and the others are watched again.
    page.js("() => { document.querySelector('#app p:last-child').remove(); }")
    page.js("() => { document.querySelector('#app').prepend(document.querySelector('#app p')); scrollTo(0, 0); }")
    extension.wait_for_button(page, "#field0")
