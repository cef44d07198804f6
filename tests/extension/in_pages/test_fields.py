"""Every kind of field in real browsers: encrypted text reaches it, frameworks see it, and alterations are reported."""

from __future__ import annotations

import pytest

from tests.support.browser.page import ESCAPE, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Frame, Site, agree_in
from tests.support.extension.field_pages import TEXT, agree_if_asked, encrypt

IN_PAGE = page_scripts("extension/in_pages/fields.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


def close(frame: Frame, page: Page) -> None:
    frame.around.click("[data-test=close]")
    page.wait_for("() => document.querySelector('#field').getBoundingClientRect().height > 0")


@pytest.mark.parametrize(
    ("markup", "read"),
    [
        ('<input id=field name=a data-smime="encrypt">', "document.querySelector('#field').value"),
        ('<input id=field type=search data-smime="sign encrypt">', "document.querySelector('#field').value"),
        (
            '<div id=field contenteditable=true data-smime="sign encrypt">first</div>',
            "document.querySelector('#field').innerText",
        ),
    ],
)
def test_a_field_of_any_kind_holds_encrypted_text_that_opens_again(
    extension: Extension, page: Page, site: Site, markup: str, read: str
) -> None:
    page.goto(site.page_with(f"{markup}<p id=log></p>"))
    page.js(IN_PAGE["aFieldOfAnyKindHoldsEncryptedTextThatOpensAgain"])
    frame = encrypt(extension, page, "#field")
    assert page.js("() => window.seen") == ["input", "change"]
    close(frame, page)
    assert page.js(f"() => {read}").startswith("-----BEGIN CMS-----")
    assert TEXT not in page.js("() => document.documentElement.outerHTML")
    extension.click_button(page, "#field")
    opened = agree_if_asked(extension, page)
    assert TEXT in opened.text.text(".text")


@pytest.mark.parametrize("kind", ["password", "email", "number", "hidden"])
def test_fields_that_are_no_place_for_text_are_not_offered(
    extension: Extension, page: Page, site: Site, kind: str
) -> None:
    page.goto(
        site.page_with(
            f'<input id=field type={kind} data-smime="encrypt"><textarea id=other data-smime=encrypt></textarea>'
        )
    )
    page.wait_for("() => document.querySelector('#other').nextElementSibling !== null")
    assert page.js("() => document.querySelector('#field').nextElementSibling.id") == "other"


def test_a_field_that_is_too_short_is_said_to_be_so_and_the_text_stays(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with('<input id=field maxlength=100 data-smime="encrypt">'))
    frame = extension.write(page, "#field", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    agree_in(window)
    window.wait_for_text("too short for the encrypted text", timeout_seconds=30)
    assert page.value("#field") == ""
    with window.closing():
        window.click("[data-test=refuse]")
    assert frame.text.text(".text") == TEXT


def test_a_framework_that_keeps_its_own_value_is_noticed(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with('<textarea id=field data-smime="encrypt"></textarea>'))
    page.js(
        "() => document.querySelector('#field').addEventListener('input', ({ target }) => { target.value = 'mine'; })"
    )
    frame = extension.write(page, "#field", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    agree_in(window)
    window.wait_for_text("does not take the encrypted text", timeout_seconds=30)


FORM = (
    '<form method=post><textarea id=field name=letter data-smime="encrypt"></textarea><button id=go>Go</button></form>'
)


def test_a_field_that_is_rewritten_before_it_is_sent_stops_the_form(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(FORM))
    address = page.url
    encrypt(extension, page, "#field")
    armored = page.value("#field")
    page.js("() => { document.querySelector('#field').value = 'I owe you 1000'; }")
    page.click("#go")
    window = extension.window()
    assert window.text("[data-test=altered]") == "I owe you 1000"
    assert window.text("[data-test=origin]") == site.origin
    assert page.url == address
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for("(armored) => document.querySelector('#field').value === armored", armored)


SENT = FORM.replace("<form method=post", "<form target=answer action=/taken") + "<iframe name=answer></iframe>"
# Handlers of `formdata` that stop the event or not, and write their own text at different times.
LAST_WORDS = {
    "as it comes": "document.forms[0].addEventListener('formdata', alter)",
    "stops it": "document.forms[0].addEventListener('formdata', (event) => { event.stopPropagation(); alter(event); })",
    "stops it for all": """addEventListener("formdata", (event) => {
      event.stopImmediatePropagation();
      alter(event);
    }, true)""",
    "is added at the end": """document.forms[0].addEventListener("formdata", () => {
      addEventListener("formdata", (event) => { event.stopImmediatePropagation(); alter(event); });
    })""",
    "waits for a microtask": """document.forms[0].addEventListener("formdata", (event) => {
      queueMicrotask(() => queueMicrotask(() => alter(event)));
    })""",
    "adds a second one": """addEventListener("formdata", ({ formData }) => {
      formData.append("letter", "I owe you 1000");
    })""",
}
ALTER = "const alter = ({ formData }) => formData.set('letter', 'I owe you 1000');"
# The fields that arrived, from the address of the frame that the form was sent to.
ARRIVED = """() => {
  const { search } = document.querySelector("iframe").contentWindow.location;
  return search ? new URLSearchParams(search).getAll("letter") : null;
}"""


@pytest.mark.parametrize("way", LAST_WORDS)
def test_an_entry_that_is_rewritten_at_the_last_moment_is_put_back_and_told(
    extension: Extension, page: Page, site: Site, way: str
) -> None:
    page.goto(site.page_with(SENT))
    page.js(f"() => {{ {ALTER} {LAST_WORDS[way]}; }}")
    encrypt(extension, page, "#field")
    page.click("#go")
    window = extension.window()
    assert window.text("[data-test=altered]") == "I owe you 1000"
    assert "put back" in window.text()
    page.wait_for(f"() => ({ARRIVED})() !== null")
    (arrived,) = page.js(ARRIVED)
    assert arrived.startswith("-----BEGIN CMS-----")


def test_handlers_of_formdata_run_once_and_what_they_add_is_sent(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(SENT))
    page.js(IN_PAGE["handlersOfFormdataRunOnceAndWhatTheyAddIsSent"])
    encrypt(extension, page, "#field")
    page.click("#go")
    page.wait_for(f"() => ({ARRIVED})() !== null")
    assert page.js("() => heard") == [1, 2, 2, 3]
    tokens = "() => new URLSearchParams(document.querySelector('iframe').contentWindow.location.search).getAll('token')"
    assert page.js(tokens) == ["t"] * 4
    assert not extension.has_window()


def test_a_field_that_gives_its_name_to_another_is_told(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(SENT))
    page.js("""() => document.forms[0].addEventListener("submit", ({ target }) => {
      target.letter.name = "draft";
      target.insertAdjacentHTML("beforeend", "<input type=hidden name=letter value='I owe you 1000'>");
    })""")
    encrypt(extension, page, "#field")
    page.click("#go")
    window = extension.window()
    assert window.text("[data-test=altered]") == "I owe you 1000"
    page.wait_for(f"() => ({ARRIVED})()?.[0].startsWith('-----BEGIN CMS-----')")


def test_a_script_that_only_reads_an_altered_form_is_not_said_to_have_sent_it(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(FORM + "<button id=read>Read</button>"))
    encrypt(extension, page, "#field")
    page.js("""() => read.addEventListener("click", () => {
      document.querySelector("#field").value = "I owe you 1000";
      window.got = new FormData(document.forms[0]).get("letter");
    })""")
    page.click("#read")
    window = extension.window()
    assert page.js("() => got").startswith("-----BEGIN CMS-----")
    assert "may have sent the form" in window.text()
    assert window.text("[data-test=altered]") == "I owe you 1000"


LINE = '<form method=post><input id=field name=letter data-smime="encrypt"><button id=go>Go</button></form>'


def test_a_text_field_that_a_script_alters_is_told_and_is_left_as_the_person_says(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(LINE.replace("<form", "<form target=answer") + "<iframe name=answer></iframe>"))
    page.js("() => addEventListener('formdata', ({ formData }) => { window.sent = formData.get('letter'); })")
    encrypt(extension, page, "#field")
    armored = page.value("#field")
    assert "\n" not in armored
    # One changed letter of the encrypted text is enough for a question.
    altered = armored.replace("MI", "MJ", 1)
    page.js("(altered) => { document.querySelector('#field').value = altered; }", altered)
    page.click("#go")
    window = extension.window()
    assert window.text("[data-test=altered]") == altered
    assert page.js("() => window.sent ?? null") is None
    with window.closing():
        window.click("[data-test=leave]")
    extension.wait_until_window_is_gone()
    assert page.value("#field") == altered
    # The person has seen this text, so the extension asks about it only once.
    page.click("#go")
    page.wait_for("(altered) => window.sent === altered", altered)
    assert not extension.has_window()
    # A different text causes another question.
    page.js("(altered) => { document.querySelector('#field').value = `${altered} and 1000`; }", altered)
    page.click("#go")
    assert extension.window().text("[data-test=altered]").endswith("and 1000")


@pytest.mark.parametrize("way", ["escape", "close"])
def test_an_altered_text_is_let_go_by_the_button_that_says_so_and_by_nothing_else(
    extension: Extension, page: Page, site: Site, way: str
) -> None:
    page.goto(site.page_with(LINE.replace("<form", "<form target=answer") + "<iframe name=answer></iframe>"))
    page.js("() => addEventListener('formdata', ({ formData }) => { window.sent = formData.get('letter'); })")
    encrypt(extension, page, "#field")
    page.js("() => { document.querySelector('#field').value = 'I owe you 1000'; }")
    page.click("#go")
    window = extension.window()
    assert window.js("() => [...document.querySelectorAll('[data-agrees]')].map(({ dataset }) => dataset.test)") == [
        "agree",
        "leave",
    ]
    page.js("() => { window.trying = setInterval(() => document.forms[0].requestSubmit(), 100); }")
    with window.closing():
        if way == "escape":
            window.press(ESCAPE)
        else:
            window.close()
    page.js("() => new Promise((resolve) => setTimeout(resolve, 6000))")
    page.js("() => clearInterval(window.trying)")
    assert page.js("() => window.sent ?? null") is None
    extension.browser.close_pages("prompt.html")
    page.js("() => { document.body.append('one second later'); }")
    page.click("#go")
    assert extension.window().text("[data-test=altered]") == "I owe you 1000"


def test_a_script_that_alters_a_field_and_submits_by_itself_gets_a_note_and_no_window(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(site.page_with(LINE))
    encrypt(extension, page, "#field")
    address = page.url
    page.wait_for("() => !navigator.userActivation.isActive", timeout_seconds=30)
    page.js(IN_PAGE["aScriptThatAltersAFieldAndSubmitsByItselfGetsANoteAndNoWindow"])
    # The extension's note is in a closed shadow root, so the test can see only its height below the field.
    page.wait_for("() => document.querySelector('#field').nextElementSibling?.getBoundingClientRect().height > 0")
    assert (page.url, page.js("() => window.heard ?? false")) == (address, False)
    assert not extension.has_window()


def test_an_unaltered_field_is_sent_without_a_question(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(FORM.replace("<form", "<form target=answer") + "<iframe name=answer></iframe>"))
    page.js("() => addEventListener('formdata', ({ formData }) => { window.sent = formData.get('letter'); })")
    encrypt(extension, page, "#field")
    page.click("#go")
    page.wait_for("() => window.sent?.startsWith('-----BEGIN CMS-----')")
    assert not extension.has_window()


def test_the_toolbar_opens_an_input_in_a_shadow_root(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with("<div id=host></div>"))
    page.js(IN_PAGE["theToolbarOpensAnInputInAShadowRoot"])
    page.click("#host")
    extension.browser.click_toolbar_button(extension.id, page)
    frame = extension.frame_in(page)
    frame.around.wait_for_text("The page has already seen the text")
    assert frame.text.text(".text") == "Already typed."
