"""Messages that are written in the message window for a webmail without an adaptor."""

from __future__ import annotations

import datetime

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import WebSite
from tests.support.extension.compose_driver import send
from tests.support.extension.driver import Extension
from tests.support.extension.imitated_webmails import sign_in_to_framed, sign_in_to_menus
from tests.support.extension.letter_to_bob import WORDS, attached, opened_by_bob, window_of, write
from tests.support.extension.mail_letters import NATIVE, Letters
from tests.support.extension.taught import kept
from tests.support.extension.toolbar import choose
from tests.support.extension.webmail import Adaptor
from tests.support.servers.mailboxes import BOB, PASSWORDS
from tests.support.webmails.framed import run_framed_webmail
from tests.support.webmails.menus import run_menus_webmail

IN_PAGE = page_scripts("extension/any_webmail/writing.js")

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("writer"), pytest.mark.thorough]

CAROL = "carol@example.test"
# A form that no word names.
FORM = """<!doctype html><title>Mail</title><link rel=icon href=data:,>
<div class=sheet><input class=whom><input class=others><input class=about>
<iframe class=page srcdoc="<body contenteditable style='height:150px'></body>"></iframe>
<button class=clip>+</button><input type=file hidden></div>
<script>document.querySelector(".clip").onclick = () => document.querySelector("[type=file]").click();</script>"""
FIELDS = {
    ".whom": "recipients", ".others": "copies", ".about": "subject", ".page": "write the text",
    ".clip": "attaches a file",
}  # fmt: skip
WRITE_IN_PAGE = "(text) => { document.querySelector('iframe').contentDocument.body.textContent = text; }"
HANDED = IN_PAGE["handed"]


def teach_form(adaptor: Adaptor, tab: Page) -> None:
    """Eight clicks teach the form: the toolbar, the way in its window, five fields, and "Keep"."""
    choose(adaptor.extension, tab, "teach-form")
    for field, hint in FIELDS.items():
        adaptor.wait_for_note(tab, hint)
        tab.click(field)
    adaptor.click(tab, "Keep")


@pytest.mark.thorough(False)
def test_a_taught_form_gets_the_message(untaught: Adaptor, site: WebSite, tab: Page, letters: Letters) -> None:
    extension = untaught.extension
    tab.goto(site.serve("/write", FORM.encode()))
    teach_form(untaught, tab)
    window = window_of(extension)
    (recipe,) = kept(extension)
    assert recipe["form"] == {
        "to": "input.whom", "cc": "input.others", "subject": "input.about", "text": "iframe.page",
        "file": 'input[type="file"]',
    }  # fmt: skip
    assert "attached file" in window.text("[data-test=arrives]")
    write(window)
    assert "Send" in window.text("[data-test=handed-over]")
    handed = tab.wait_for(HANDED)
    assert (handed["whom"], handed["others"], handed["name"]) == (BOB, "", "smime.p7m.eml")
    assert WORDS not in str(handed)
    assert WORDS in opened_by_bob(handed["file"].encode(), letters).content.decode()


def test_a_taught_form_is_filled_from_the_page_once(untaught: Adaptor, site: WebSite, tab: Page) -> None:
    """The window begins with what the form shows. The recipients of the page stay as they are."""
    extension = untaught.extension
    tab.goto(site.serve("/write", FORM.encode()))
    teach_form(untaught, tab)
    window_of(extension).close()
    tab.goto(site.serve("/write", FORM.encode()))
    tab.fill(".whom", f"Bob <{BOB}>")
    tab.fill(".about", "Plans")
    extension.browser.click_toolbar_button(extension.id, tab)
    window = window_of(extension)
    assert window.value("[data-test=compose-subject]") == "Plans"
    window.wait_for_selector(f"[data-test=recipient][data-address='{BOB}'][data-readiness=ready]", timeout_seconds=60)
    tab.js("() => { document.querySelector('.others').value = 'eve@example.test'; }")
    window.fill("[data-test=compose-text]", WORDS)
    with pytest.raises(AssertionError, match="other recipients than this message"):
        send(window)
    send(window)
    handed = tab.wait_for(HANDED)
    assert (handed["whom"], handed["others"]) == (f"Bob <{BOB}>", "eve@example.test")


@pytest.mark.thorough(False)
def test_nothing_in_a_form_is_lost(untaught: Adaptor, site: WebSite, tab: Page) -> None:
    """Recipients without an address stay, and words that were written after the window has opened."""
    tab.goto(site.serve("/write", FORM.encode()))
    teach_form(untaught, tab)
    window = window_of(untaught.extension)
    tab.fill(".whom", "the whole team")
    tab.js(WRITE_IN_PAGE, "Another letter.")
    with pytest.raises(AssertionError, match="Something else was written"):
        write(window)
    assert tab.js("() => document.querySelector('iframe').contentDocument.body.textContent") == "Another letter."
    tab.js(WRITE_IN_PAGE, "")
    send(window)
    assert tab.wait_for(HANDED)["whom"] == "the whole team"


def test_a_form_without_copies_and_files_is_taught_too(untaught: Adaptor, site: WebSite, tab: Page) -> None:
    extension = untaught.extension
    tab.goto(site.serve("/write", FORM.encode()))
    choose(extension, tab, "teach-form")
    tab.click(".whom")
    untaught.click(tab, "There is none")
    tab.click(".about")
    untaught.wait_for_note(tab, FIELDS[".page"])
    tab.click(".page")
    untaught.click(tab, "There is none")
    untaught.click(tab, "Keep")
    window = window_of(extension)
    (recipe,) = kept(extension)
    assert recipe["form"] == {
        "to": "input.whom", "cc": "", "subject": "input.about", "text": "iframe.page", "file": "",
    }  # fmt: skip
    assert window.text("[data-test=arrives]") != ""


def test_a_form_that_has_changed_is_said_to_have_changed(untaught: Adaptor, site: WebSite, tab: Page) -> None:
    extension = untaught.extension
    tab.goto(site.serve("/write", FORM.encode()))
    teach_form(untaught, tab)
    window_of(extension).close()
    tab.goto(site.serve("/write", FORM.replace("class=about", "class=title").encode()))
    extension.browser.click_toolbar_button(extension.id, tab)
    extension.browser.wait_for_page("toolbar.html")
    assert untaught.notes(tab).startswith("The form that you taught Sealwax has changed")


# A field for recipients that makes a token of its text at one event, or never.
TOKENS = """<!doctype html><title>Mail</title><link rel=icon href=data:,><form>
<div>To <span id=tokens></span><input name=to autocomplete=off></div><p>Subject <input name=subject></p>
<textarea name=body rows=8></textarea><input type=file name=attachment><button>Send</button></form><script>{
  const field = document.querySelector("[name=to]"), tokens = document.querySelector("#tokens");
  field.addEventListener("%s", (event) => {
    if (event.key && event.key !== "Enter") return;
    if (field.value) tokens.append(document.createElement("b"));
    if (field.value) tokens.lastChild.textContent = field.value;
    field.value = "";
  });
}</script>"""
ENTERED = """(wanted) => document.querySelector("[type=file]").files.length === 1 && wanted ===
  [...document.querySelectorAll("#tokens b, [name=to]")].map((one) => one.value ?? one.textContent).join("|")"""


@pytest.mark.parametrize("event", ["keydown", "blur", "change", "never"])
def test_a_field_of_tokens_gets_each_recipient(
    extension: Extension, site: WebSite, tab: Page, letters: Letters, event: str
) -> None:
    carol = run(issue_identity(letters.authority, CAROL, provider=NATIVE, at=datetime.datetime.now(datetime.UTC)))
    extension.keep(people=[letters.write("carol.der", carol.certificate.der)])
    tab.goto(site.serve("/write", (TOKENS % event).encode()))
    tab.click("[name=subject]")
    extension.browser.click_toolbar_button(extension.id, tab)
    write(window_of(extension), to=(BOB, CAROL))
    tab.wait_for(ENTERED, f"{BOB}, {CAROL}" if event == "never" else f"{BOB}|{CAROL}|")


@pytest.mark.server
def test_the_menus_send_the_message_without_a_recipe(extension: Extension, tab: Page, letters: Letters) -> None:
    with run_menus_webmail(PASSWORDS) as webmail:
        sign_in_to_menus(tab, webmail)
        tab.wait_for_selector(".message-list")
        tab.js("() => { document.querySelector('.compose-btn').click(); }")
        tab.wait_for_selector(".compose")
        extension.browser.click_toolbar_button(extension.id, tab)
        write(window_of(extension))
        tab.wait_for_selector(".compose-files [data-upload]")
        tab.click(".send-btn")
        tab.wait_for("() => document.querySelector('.compose') === null")
        (letter,) = webmail.mailbox(BOB).messages()
    assert WORDS.encode() not in letter.raw
    assert WORDS in opened_by_bob(attached(letter.raw), letters).content.decode()


@pytest.mark.server
def test_the_frames_get_a_file_from_the_person(extension: Extension, tab: Page) -> None:
    """The form for files is on a page of its own. So the window says that the message is saved."""
    with run_framed_webmail(PASSWORDS) as webmail:
        sign_in_to_framed(tab, webmail)
        listed = tab.wait_for_frame("list.cgi")
        listed.js("() => { location.href = '/compose.cgi'; }")
        form = tab.wait_for_frame("compose.cgi")
        form.fill("[name=an]", BOB)
        extension.browser.click_toolbar_button(extension.id, tab)
        window = window_of(extension)
        assert "You save it as a file" in window.text("[data-test=arrives]")
        assert window.text("[data-test=send]") == "Save as a file"
