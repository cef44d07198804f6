"""In a form for mail of an unknown webmail the message window opens; elsewhere the window says who can read a field."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator

import pytest

from smime_core.report.report import State
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import send
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import People
from tests.support.extension.keys_page import CATCH, saved
from tests.support.extension.letters_from_bob import opened_by

IN_PAGE = page_scripts("extension/in_pages/mail_form_windows.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

HEADS = "<p>To: <input name=to value=bob@example.test></p><p>Subject: <input name=subject value=Plans></p>"
TEXT = "<textarea id=text name=body rows=12>Hello Bob</textarea>"
EDITOR = "<body contenteditable style='height:150px'>Hello Bob</body>"
READY = "[data-test=recipient][data-address='bob@example.test'][data-readiness=ready]"
ATTACHED = """async () => {
  const [file] = document.querySelector("input[type=file]").files;
  return [file.name, new Uint8Array(await file.arrayBuffer()).toBase64()];
}"""
CLOSED_ROOT = IN_PAGE["closedRoot"]


@pytest.fixture
def page(tab: Page, extension: Extension) -> Iterator[Page]:
    yield tab
    extension.browser.close_pages("compose.html")


def message_window(extension: Extension, page: Page) -> Page:
    """Ask for encryption where the focus is, and return the message window that opens."""
    extension.choose_from_menu(page, "field")
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector(READY, timeout_seconds=60)
    assert not any("broker.html" in frame.url for frame in page.frames())
    return window


def shown(window: Page) -> tuple[str, str]:
    """The subject and the text in the message window."""
    return window.value("[data-test=compose-subject]"), window.value("[data-test=compose-text]")


def test_a_mail_in_a_form_with_files_is_attached_as_mail(
    extension: Extension, page: Page, site: Site, people: People
) -> None:
    page.goto(site.page_with(f"<form>{HEADS}{TEXT}<input type=file name=attachment></form>"))
    page.click("#text")
    window = message_window(extension, page)
    assert shown(window) == ("Plans", "Hello Bob")
    assert window.text("[data-test=origin]") == site.origin
    send(window)
    assert "press Send in the webmail" in window.text("[data-test=handed-over]")
    # None of the text is left in the page's own form.
    assert page.value("#text").startswith("This message is signed or encrypted with S/MIME.")
    assert page.value("[name=subject]") != "Plans"
    name, octets = page.js(ATTACHED)
    report = opened_by(people.bob, base64.b64decode(octets), people)
    assert (name, report.state is State.INVALID, b"Hello Bob" in report.content) == ("smime.p7m.eml", False, True)


def test_a_mail_in_a_form_without_files_is_saved_as_mail(
    extension: Extension, page: Page, site: Site, people: People
) -> None:
    markup = """<div><label for=a>An</label><input id=a value=bob@example.test><label for=b>Betreff</label>
    <input id=b value=Plans><div id=text contenteditable=true style="height:150px">Hello Bob</div></div>"""
    page.goto(site.page_with(markup))
    page.click("#text")
    window = message_window(extension, page)
    assert shown(window) == ("Plans", "Hello Bob")
    assert "attach that file to your message" in window.text("[data-note=form]")
    assert "Delete it in the page's own form" in window.text("[data-note=form]").replace("’", "'")
    window.js(CATCH)
    send(window)
    assert site.origin in window.text("[data-test=saved-hint]")
    name, octets = saved(window)
    report = opened_by(people.bob, octets, people)
    assert (name.endswith(".eml"), report.state, b"Hello Bob" in report.content) == (True, State.VERIFIED, True)
    assert "BEGIN CMS" not in page.text("body")


@pytest.mark.parametrize("is_other_site", [False, True])
def test_a_mail_whose_editor_is_a_frame_opens_the_message_window(
    extension: Extension, page: Page, site: Site, *, is_other_site: bool
) -> None:
    other = site.page_with(EDITOR, origin=site.other_origin)
    source = f'src="{html.escape(other)}"' if is_other_site else f'srcdoc="{html.escape(EDITOR)}"'
    page.goto(site.page_with(f"<form>{HEADS}<iframe id=editor height=250 {source}></iframe></form>"))
    (editor,) = page.frames()
    editor.wait_for_selector("body[contenteditable]")
    editor.click("body")
    window = message_window(extension, page)
    # The page's scripts cannot read the text in a frame of another site.
    assert shown(window) == ("Plans", "" if is_other_site else "Hello Bob")


def test_a_mail_in_a_closed_shadow_root_opens_the_message_window(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(""))
    page.activate()
    page.js(CLOSED_ROOT, f"<div>{HEADS}{TEXT}</div>")
    assert shown(message_window(extension, page)) == ("Plans", "Hello Bob")


def test_a_webmail_with_an_adaptor_sends_what_is_written_from_the_menu(
    extension: Extension, page: Page, site: Site
) -> None:
    markup = """<div id=app><form><input name=to><input data-test=compose-subject value=Plans>
    <textarea data-test=compose-text rows=9>Hello Bob</textarea></form></div><div id=announcer></div>
    <script src="main.js" type="text/x-none"></script>"""
    page.goto(site.page_with(markup))
    page.click("[data-test=compose-text]")
    extension.choose_from_menu(page, "field")
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=send]", timeout_seconds=60)
    assert shown(window) == ("Plans", "Hello Bob")
    assert window.text("[data-test=send]") == "Send"


def test_the_window_says_who_can_read_a_field_and_where(extension: Extension, page: Page, site: Site) -> None:
    contact = f"""<form><input type=email name=email autocomplete=email><input name=subject>{textarea("text")}</form>"""
    page.goto(site.page_with(contact))
    page.click("#text")
    extension.choose_from_menu(page, "field")
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    frame.text.click(".text")
    frame.text.type("Hello")
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    readers = window.text("[data-test=field-readers]")
    assert "only by opening it on" in readers
    assert site.origin in readers
    with window.closing():
        window.click("[data-test=refuse]")
