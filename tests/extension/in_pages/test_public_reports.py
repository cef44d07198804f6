"""Rows of docs/extension.md, "Reports of other projects": conditions of fields and forms that public threads report."""

from __future__ import annotations

import html
from contextlib import suppress
from typing import Final

import pytest

from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Chromium
from tests.support.browser.page import Page
from tests.support.editors.meeting import frame_or_none, words_of_extension
from tests.support.extension.compose_driver import send
from tests.support.extension.driver import Extension, Frame, Site, agree_in, textarea
from tests.support.extension.editor_pages import OLD, page_with, put_back_by_a_press
from tests.support.extension.field_pages import TEXT, People, agree_if_asked, encrypt

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# An editor that takes what a person does. `model` is what its site sends.
TAKES: Final = 'field.addEventListener("input", () => { model = field.innerText; });'
SOON: Final = "() => new Promise((done) => setTimeout(done, 900))"
MODEL: Final = "() => window.model"
# The driver gives a point of a button this far below its upper edge.
IN_BUTTON: Final = 24
BOXES: Final = """() => [...document.querySelectorAll("div:not([id], [class])")]
  .filter((one) => one.childElementCount === 0 && !one.textContent).length"""


def is_told_or_encrypted(extension: Extension, page: Page) -> str:
    """Ask for encryption of the field's text. Returns "encrypted" or "refused", as the extension says."""
    frame = extension.write(page, "#field", "")
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    agree_in(window)
    for _ in range(600):
        if not extension.has_window():
            frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
            return "encrypted"
        # The window can close while it is asked.
        with suppress(BidiError):
            if "does not take the encrypted text" in window.text():
                with window.closing():
                    window.click("[data-test=refuse]")
                return "refused"
        page.js("() => new Promise((done) => setTimeout(done, 50))")
    raise AssertionError("the extension's window stays open")


@pytest.mark.parametrize("event", ["keyup", "blur", "click", "change"])
def test_1_an_editor_that_notices_a_change_at_the_next_event(
    extension: Extension, page: Page, site: Site, event: str
) -> None:
    page.goto(page_with(site, f'field.addEventListener("{event}", () => {{ model = field.innerText; }});'))
    way = is_told_or_encrypted(extension, page)
    page.click("#send")
    model = page.js(MODEL)
    assert (way, model.startswith("-----BEGIN CMS-----"), OLD in model) == ("encrypted", True, False)


def test_3_an_editor_that_builds_its_field_anew_has_one_button(extension: Extension, page: Page, site: Site) -> None:
    drawing = """document.addEventListener("input", () => {
      const old = document.querySelector("#field"), drawn = old.cloneNode(true);
      old.replaceWith(drawn); drawn.focus(); getSelection().selectAllChildren(drawn); getSelection().collapseToEnd();
      window.model = drawn.innerText; });"""
    page.goto(page_with(site, drawing))
    extension.wait_for_button(page, "#field")
    before = page.js(BOXES)
    page.click("#field")
    for letter in "twenty more letters!":
        page.type(letter)
    page.js(SOON)
    extension.wait_for_button(page, "#field")
    assert page.js(BOXES) == before == 1


def test_4_the_button_covers_no_text(extension: Extension, page: Page, site: Site) -> None:
    page.goto(page_with(site, TAKES))
    button = extension.wait_for_button(page, "#field")
    rect = page.js(
        "() => { const { bottom } = document.querySelector('#field').getBoundingClientRect(); return { bottom }; }"
    )
    assert button["y"] - IN_BUTTON >= rect["bottom"]


@pytest.mark.parametrize(
    "writes",
    ["field.textContent = window.old", "field.append(window.old)", "field.prepend(window.old + ' ')"],
    ids=["instead of it", "after it", "before it"],
)
def test_9_another_extension_writes_the_old_text_again(
    extension: Extension, page: Page, site: Site, writes: str
) -> None:
    again = """window.old = model; window.again = () => { %s; model = field.textContent; };
      document.querySelector("#send").addEventListener("click", () => sent.push(field.textContent));"""
    page.goto(page_with(site, TAKES + again % writes))
    frame = encrypt(extension, page, "#field", "")
    frame.around.click("[data-test=close]")
    page.js("() => window.again()")
    page.wait_for(f"() => document.querySelector('#field').textContent.includes('{OLD}')")
    put_back_by_a_press(extension, page)


def test_10_a_hidden_control_that_is_filled_a_second_after_a_key(extension: Extension, page: Page, site: Site) -> None:
    late = """copy.value = model; let waiting;
      field.addEventListener("keyup", () => { clearTimeout(waiting);
        waiting = setTimeout(() => { model = copy.value = field.innerText; }, 1000); });"""
    page.goto(page_with(site, late))
    way = is_told_or_encrypted(extension, page)
    assert way == "refused"


def test_11_what_is_inserted_stands_beside_the_old_text(extension: Extension, page: Page, site: Site) -> None:
    beside = """field.addEventListener("beforeinput", (event) => { event.preventDefault();
      field.textContent = model = model + (event.dataTransfer?.getData("text/plain") ?? event.data ?? ""); });
      field.addEventListener("paste", (event) => { event.preventDefault();
      field.textContent = model = model + event.clipboardData.getData("text/plain"); });"""
    page.goto(page_with(site, beside + TAKES))
    way = is_told_or_encrypted(extension, page)
    # Firefox sends `beforeinput` for its own command, so that the editor takes that too in its way.
    assert way == ("encrypted" if isinstance(page.browser, Chromium) else "refused")
    assert page.js(MODEL).startswith("-----BEGIN CMS-----") == (way == "encrypted")


def test_12_a_text_in_coloured_nodes_is_replaced_and_nothing_else(extension: Extension, page: Page, site: Site) -> None:
    colours = """field.innerHTML = "<b>under</b> <i>the <u>third</u></i> <span style='color:red'>flower pot</span>";
      field.before(Object.assign(document.createElement("p"), { id: "before", textContent: "Before." }));
      field.after(Object.assign(document.createElement("p"), { id: "after", textContent: "After." }));"""
    page.goto(page_with(site, TAKES + colours))
    page.click("#field")
    extension.choose_from_menu(page, "field")
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    frame.around.click("[data-test=encrypt]")
    extension.answer()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    assert page.js(MODEL).startswith("-----BEGIN CMS-----")
    assert (page.text("#before"), page.text("#after")) == ("Before.", "After.")
    assert "flower" not in page.js("() => document.querySelector('#field').innerHTML")


def test_13_nothing_of_ours_is_inside_the_editor(extension: Extension, page: Page, site: Site) -> None:
    watching = """window.inside = []; new MutationObserver((records) => { for (const { addedNodes } of records)
      for (const one of addedNodes) inside.push(one.nodeName); }).observe(field, { childList: true, subtree: true });"""
    page.goto(page_with(site, TAKES + watching))
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.js(SOON)
    assert set(page.js("() => window.inside")) <= {"#text", "BR"}
    assert page.js("() => document.querySelectorAll('#field iframe, #field button').length") == 0


def test_14_a_field_of_angular_has_the_encrypted_text_in_its_model(
    extension: Extension, page: Page, site: Site
) -> None:
    # Angular's accessor of values writes the model at `input` and draws the field from it at the next turn.
    angular = """const input = document.querySelector("#answer"); window.model = input.value;
      input.addEventListener("input", (event) => { model = event.target.value; });
      setInterval(() => { if (input.value !== model) input.value = model; }, 100);"""
    field = textarea("answer", text=OLD, data_smime="encrypt")
    page.goto(site.page_with(f"{field}<script>{{{angular}}}</script>"))
    encrypt(extension, page, "#answer", "")
    page.js(SOON)
    assert page.js(MODEL).startswith("-----BEGIN CMS-----")
    assert page.value("#answer").startswith("-----BEGIN CMS-----")


def test_15_a_field_in_a_sandbox_is_encrypted_or_told(extension: Extension, page: Page, site: Site) -> None:
    within = html.escape(textarea("answer", text=OLD, data_smime="encrypt"))
    page.goto(site.page_with(f'<iframe id=box sandbox="allow-scripts" height=300 srcdoc="{within}"></iframe>'))
    (box,) = [frame for frame in page.frames() if "srcdoc" in frame.url]
    box.wait_for_selector("#answer")
    box.click("#answer")
    extension.choose_from_menu(page, "field")
    assert frame_or_none(extension, page) is None
    assert "found nothing to open in the page" in words_of_extension(extension, page)


def test_16_an_editor_that_takes_a_text_only_with_the_focus(extension: Extension, page: Page, site: Site) -> None:
    focused = """field.addEventListener("input", () => {
      if (document.hasFocus() && document.activeElement === field) model = field.innerText;
      else field.textContent = model; });"""
    page.goto(page_with(site, focused))
    encrypt(extension, page, "#field", "")
    assert page.js(MODEL).startswith("-----BEGIN CMS-----")


def test_17_an_encrypted_draft_is_offered_to_open(extension: Extension, page: Page, site: Site, people: People) -> None:
    armored = people.encrypt("A letter in work.", origin=site.origin, to=people.alice)
    page.goto(site.page_with(textarea("answer", text=armored, data_smime="encrypt")))
    extension.click_button(page, "#answer")
    frame: Frame = agree_if_asked(extension, page)
    assert "A letter in work." in frame.around.wait_for_frame("view.html").wait_for_text("A letter in work.")


POLICY: Final = "default-src 'none'; frame-src 'none'; child-src 'none'; frame-ancestors 'none'; style-src 'none'"


def test_20_a_policy_that_forbids_frames_does_not_stop_ours(extension: Extension, page: Page, site: Site) -> None:
    page.browser.expect_error("Content-Security-Policy|Content Security Policy")
    page.goto(site.page_with(textarea("answer", data_smime="encrypt"), policy=POLICY))
    encrypt(extension, page, "#answer", TEXT)
    assert page.value("#answer").startswith("-----BEGIN CMS-----")


FORM: Final = """<form id=form><p>To: <input name=to value=bob@example.test></p>
<p>Subject: <input name=subject value=Plans></p>%s
<input type=file name=attachment><button id=send>Send</button></form>"""
READY: Final = "[data-test=recipient][data-address='bob@example.test'][data-readiness=ready]"


def message_window(extension: Extension, page: Page) -> Page:
    extension.choose_from_menu(page, "field")
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector(READY, timeout_seconds=60)
    return window


TWO_EDITORS: Final = """<div id=rich contenteditable style="height:150px"></div>
<textarea id=plain rows=8 hidden></textarea><button type=button id=switch>Switch</button>
<script>{ const rich = document.querySelector("#rich"), plain = document.querySelector("#plain");
document.querySelector("#switch").onclick = () => {
  if (plain.hidden) plain.value = rich.innerText; else rich.innerText = plain.value;
  [plain.hidden, rich.hidden] = [!plain.hidden, plain.hidden]; }; }</script>"""


@pytest.mark.parametrize("switches", [1, 2])
def test_2_a_form_that_changes_its_editor(extension: Extension, page: Page, site: Site, switches: int) -> None:
    page.goto(site.page_with(FORM % TWO_EDITORS))
    page.click("#rich")
    page.type(OLD)
    for _ in range(switches):
        page.click("#switch")
    page.click("#plain" if switches % 2 else "#rich")
    window = message_window(extension, page)
    assert window.value("[data-test=compose-text]") == OLD
    with pytest.raises(AssertionError, match="Its form keeps the text that was written there"):
        send(window)
    window.close()
    assert not page.js("() => document.querySelector('[type=file]').files.length")


def test_8_recipients_that_change_in_the_form_are_told_once(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(FORM % "<textarea id=text name=body rows=8>Hello</textarea>"))
    page.click("#text")
    window = message_window(extension, page)
    page.fill("[name=to]", "Carol <carol@example.test>")
    with pytest.raises(AssertionError, match="other recipients than this message"):
        send(window)
    assert page.value("#text") == "Hello"
    send(window)
    assert "handed over" in window.text().lower()
    window.close()


def test_8_another_change_of_the_recipients_is_told_again(extension: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(FORM % "<textarea id=text name=body rows=8>Hello</textarea>"))
    page.click("#text")
    window = message_window(extension, page)
    for other in ("carol@example.test", "dave@example.test"):
        page.fill("[name=to]", other)
        with pytest.raises(AssertionError, match="other recipients than this message"):
            send(window)
    window.close()


@pytest.mark.parametrize(
    "markup",
    ["<label>Bcc <input name=bcc value=carol@example.test></label>", "<p>Bcc: <b>carol@example.test</b></p>"],
    ids=["a field", "only shown"],
)
def test_8_a_copy_that_the_form_gets_later_is_told(extension: Extension, page: Page, site: Site, markup: str) -> None:
    page.goto(site.page_with(FORM % "<textarea id=text name=body rows=8>Hello</textarea>"))
    page.click("#text")
    window = message_window(extension, page)
    page.js("(markup) => document.querySelector('[name=to]').insertAdjacentHTML('afterend', markup)", markup)
    with pytest.raises(AssertionError, match="other recipients than this message"):
        send(window)
    window.close()


@pytest.mark.parametrize("text", ["Hello Bob", "Meet me under the third flower pot"], ids=["short", "long"])
def test_a_text_that_comes_back_after_the_hand_over_is_not_sent_by_a_press(
    extension: Extension, page: Page, site: Site, text: str
) -> None:
    page.goto(site.page_with(FORM % f"<textarea id=text name=body rows=8>{text}</textarea>"))
    page.js("() => { document.querySelector('#form').onsubmit = () => { window.sent = true; return false; }; }")
    page.click("#text")
    window = message_window(extension, page)
    send(window)
    window.close()
    page.js("(text) => { document.querySelector('#text').value = text; }", text)
    page.click("#send")
    question = extension.window()
    assert text in question.text()
    with question.closing():
        question.click("[data-test=agree]")
    page.wait_for("() => document.querySelector('#text').value.startsWith('This message is signed or encrypted')")
    assert page.js("() => window.sent") is None


def test_18_what_is_typed_in_our_window_is_in_no_draft_of_the_webmail(
    extension: Extension, page: Page, site: Site
) -> None:
    saving = """<textarea id=text name=body rows=8></textarea><script>{ window.drafts = []; setInterval(() => {
      drafts.push(document.querySelector("#text").value + document.body.innerText); }, 100); }</script>"""
    page.goto(site.page_with(FORM % saving))
    page.click("#text")
    window = message_window(extension, page)
    window.fill("[data-test=compose-text]", TEXT)
    send(window)
    window.close()
    page.js(SOON)
    drafts = page.js("() => window.drafts")
    assert len(drafts) > 10
    assert not any(TEXT in draft for draft in drafts)
    assert drafts[-1].startswith("This message is signed or encrypted")
