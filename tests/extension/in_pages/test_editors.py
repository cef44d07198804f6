"""Editors that keep a model of their own: "encrypted" is said only when the page's own text is, else what is true."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, agree_in
from tests.support.extension.editor_pages import OLD, page_with, put_back_by_a_press, refused
from tests.support.extension.field_pages import TEXT, encrypt

IN_PAGE = page_scripts("extension/in_pages/editors.js")

pytestmark = pytest.mark.browser

# By name, an editor. `model` is what its site would send.
TAKING: Final = {
    "draws what was pasted": """field.addEventListener("paste", (event) => {
      event.preventDefault(); field.textContent = model = event.clipboardData.getData("text/plain"); });
      field.addEventListener("input", () => { field.textContent = model; });""",
    "takes beforeinput with its data": """field.addEventListener("beforeinput", (event) => {
      event.preventDefault();
      field.textContent = model = event.dataTransfer?.getData("text/plain") ?? event.data ?? ""; });""",
    "swallows what is pasted": """field.addEventListener("paste", (event) => event.preventDefault());
      field.addEventListener("input", () => { model = field.innerText; });""",
    "copies its text at each key": """copy.value = model;
      field.addEventListener("keyup", () => { model = copy.value = field.innerText; });""",
}
REFUSING: Final = {
    "draws its model again": """field.addEventListener("input", () => { field.textContent = model; });""",
    "draws again after its own turn": """field.addEventListener("input", () =>
      setTimeout(() => { field.textContent = model; }, 100));""",
    "shows the text, and gives its model to copy": """field.addEventListener("copy", (event) => {
      event.preventDefault(); event.clipboardData.setData("text/plain", model); });""",
    "shows the text, and has lost its place": """field.addEventListener("copy", (event) => event.preventDefault());""",
    "keeps the old text in a hidden control": "copy.value = model;",
}


@pytest.mark.parametrize("name", TAKING)
def test_an_editor_that_takes_text_from_a_person_takes_the_encrypted_text(
    extension: Extension, page: Page, site: Site, name: str
) -> None:
    page.goto(page_with(site, TAKING[name]))
    encrypt(extension, page, "#field", "")
    model = page.js("() => window.model")
    assert model.startswith("-----BEGIN CMS-----")
    assert OLD not in model


@pytest.mark.parametrize("name", REFUSING)
def test_an_editor_that_keeps_its_text_is_told_and_nothing_counts_as_encrypted(
    extension: Extension, page: Page, site: Site, name: str
) -> None:
    page.goto(page_with(site, REFUSING[name]))
    frame, sentence = refused(extension, page)
    assert frame.text.text(".text") == OLD, "the typed text stays in the frame"
    assert "it may still have in clear what was written in its field" in sentence


def test_what_is_typed_in_the_frame_never_reaches_an_editor_that_refuses(
    extension: Extension, page: Page, site: Site
) -> None:
    watching = """setInterval(() => sent.push(document.documentElement.outerHTML), 100);
      field.addEventListener("input", () => { field.textContent = model; });"""
    page.goto(page_with(site, watching))
    frame = extension.write(page, "#field", TEXT)
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    agree_in(window)
    window.wait_for_text("The page does not take the encrypted text", timeout_seconds=30)
    assert not page.js("(text) => window.sent.some((seen) => seen.includes(text))", TEXT)
    with window.closing():
        window.click("[data-test=refuse]")
    assert TEXT in frame.text.text(".text")


@pytest.mark.parametrize(
    "brings_back",
    [
        "() => { document.querySelector('#field').focus(); document.execCommand('undo'); }",
        "() => setTimeout(restore, 1000)",
    ],
    ids=["undo", "the page, a second later"],
)
def test_a_text_that_comes_back_is_told_in_red_and_is_not_sent_by_a_press(
    extension: Extension, page: Page, site: Site, brings_back: str
) -> None:
    sending = """window.restore = () => { field.textContent = model; };
      document.querySelector("#send").addEventListener("click", () => sent.push(field.textContent));"""
    page.goto(page_with(site, sending))
    frame = encrypt(extension, page, "#field", "")
    frame.around.click("[data-test=close]")
    page.wait_for("() => document.querySelector('#field').getBoundingClientRect().height > 0")
    page.js("(then) => { eval(then)(); }", brings_back)
    page.wait_for(f"() => document.querySelector('#field').textContent.includes('{OLD}')")
    put_back_by_a_press(extension, page)


def test_a_frame_for_an_editor_in_a_small_box_is_not_cut_off(extension: Extension, page: Page, site: Site) -> None:
    editor = f"<iframe id=editor style='flex:1;border:0' srcdoc='<body contenteditable>{OLD}</body>'></iframe>"
    box = "<div id=box style='display:flex;height:150px;overflow:hidden'>"
    page.goto(site.page_with(f"{box}{editor}</div>"))
    (within,) = page.frames()
    within.wait_for_selector("body")
    within.click("body")
    extension.choose_from_menu(page, "field")
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    assert page.js("() => getComputedStyle(document.querySelector('#box')).display") == "none"
    assert frame.around.js("() => innerWidth") > 500
    frame.around.click("[data-test=encrypt]")
    extension.answer()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    assert within.text("body").startswith("-----BEGIN CMS-----")


def test_a_field_that_the_page_takes_out_for_a_while_is_still_guarded(
    extension: Extension, page: Page, site: Site
) -> None:
    page.goto(
        site.page_with(
            '<form method=post><input id=field name=letter data-smime="encrypt"><button id=go>Go</button></form>'
        )
    )
    frame = encrypt(extension, page, "#field")
    frame.around.click("[data-test=close]")
    page.wait_for("() => document.querySelector('#field').getBoundingClientRect().height > 0")
    page.js(IN_PAGE["aFieldThatThePageTakesOutForAWhileIsStillGuarded"])
    page.click("#go")
    assert extension.window().text("[data-test=altered]") == "I owe you 1000"
