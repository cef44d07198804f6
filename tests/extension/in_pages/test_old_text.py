"""After "Encrypted" no entry of a form has the old text, in whatever shape, and none comes back unseen."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Site
from tests.support.extension.editor_pages import refused, wait_for_note
from tests.support.extension.field_pages import encrypt

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

OLD: Final = "under the third flower pot\nsecond line here"
FIELD: Final = f'<textarea id=field name=letter data-smime="encrypt" rows=4>{OLD}</textarea>'
# `model` is the text that an editor keeps. A press of the button may send it by a script, into `sent`.
PAGE: Final = """<iframe name=there></iframe><form target=there action=/>%s<button id=send>Send</button></form>
<script>{ const [form, field, send] = ["form", "#field", "#send"].map((one) => document.querySelector(one));
  window.sent = []; const model = field.value ?? field.innerText; %s }</script>"""
ARRIVED: Final = """() => {
  const { search } = document.querySelector("iframe").contentWindow.location;
  return search && [...new URLSearchParams(search)].filter(([name]) => name !== "markup");
}"""

SENDING: Final = {
    "a hidden control, filled at submit": "form.onsubmit = () => { form.elements.copy.value = model; };",
    "a control of the same name, added at submit": """form.onsubmit = () => {
      const late = { type: "hidden", name: "letter", value: model };
      form.append(Object.assign(document.createElement("input"), late)); };""",
    "an entry, added at formdata": 'form.onformdata = ({ formData }) => formData.append("late", model);',
    "a control, added at submit": """form.onsubmit = () => {
      const late = { type: "hidden", name: "late", value: model };
      form.append(Object.assign(document.createElement("input"), late)); };""",
    "markup, added at formdata": """form.onformdata = ({ formData }) =>
      formData.append("late", model.split("\\n").map((line) => `<p>${line}</p>`).join(""));""",
    "JSON, added at formdata": """form.onformdata = ({ formData }) =>
      formData.append("late", JSON.stringify({ ops: [{ insert: model }] }));""",
    "base64, added at formdata": 'form.onformdata = ({ formData }) => formData.append("late", btoa(model));',
    "an element with a value of its own": """customElements.define("x-text", class extends HTMLElement {
        static formAssociated = true;
        constructor() { super(); this.attachInternals().setFormValue(model); } });
      form.prepend(Object.assign(document.createElement("x-text"), { id: "late" }));
      document.querySelector("#late").setAttribute("name", "late");""",
    "an option": """form.insertAdjacentHTML("beforeend", "<select name=late><option selected></select>");
      form.elements.late.options[0].value = model;""",
    "the button": "send.name = 'late'; send.value = model;",
}


@pytest.mark.parametrize("name", SENDING)
def test_nothing_typed_leaves_after_it_was_encrypted(extension: Extension, page: Page, site: Site, name: str) -> None:
    page.goto(site.page_with(PAGE % (FIELD + "<input type=hidden name=copy>", SENDING[name])))
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.wait_for("() => document.querySelector('#field').getBoundingClientRect().height > 0")
    page.click("#send")
    window = extension.window()
    assert "put back" in window.text()
    entries = page.wait_for(ARRIVED)
    assert len(entries) >= 2
    assert {value[:9] for _, value in entries if value} == {"-----BEGI"}


KEEPING: Final = {
    "JSON of lines": 'JSON.stringify(model.split("\\n").map((text) => ({ text })))',
    "the first line, as a title": 'model.split("\\n")[0]',
    "a beginning, as an excerpt": 'model.slice(0, 20) + "…"',
    "other capitals": "model.toUpperCase()",
    "numeric references": "model.replace(/[^\\n]/gu, (one) => `&#${one.codePointAt(0)};`)",
    "an address": "`/search?q=${encodeURIComponent(model)}`",
    "base64": "btoa(model)",
}
PLACES: Final = {
    "a control": """form.insertAdjacentHTML("beforeend", "<input type=hidden name=copy>");
      form.elements.copy.value = %s;""",
    "a frame": """form.insertAdjacentHTML("afterend", "<iframe hidden srcdoc='<textarea></textarea>'></iframe>");
      document.querySelector("iframe[hidden]").onload = ({ target }) => {
        target.contentDocument.querySelector("textarea").value = %s; };""",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", KEEPING)
def test_a_hidden_copy_in_another_form_counts_as_kept(
    extension: Extension, page: Page, site: Site, name: str, place: str
) -> None:
    page.goto(site.page_with(PAGE % (FIELD, PLACES[place] % KEEPING[name])))
    frame, sentence = refused(extension, page)
    assert frame.text.text(".text") == OLD
    assert "it may still have in clear what was written in its field" in sentence


BACK: Final = {
    "in a new field": """const other = field.cloneNode(); other.removeAttribute("style"); other.value = model;
      field.replaceWith(other);""",
    "in another field": """field.insertAdjacentHTML("beforebegin", "<textarea id=other rows=5></textarea>");
      document.querySelector("#other").value = model; field.hidden = true;""",
    "in part": "field.value = 'under the third flower pot, second';",
    "quoted": "field.value = model.replace(/^/gmu, '> ');",
    "with soft hyphens": "field.value = model.replace('flower', 'flo\\u00adwer');",
}
PRESSES: Final = {
    "click": "send.type = 'button'; send.onclick = () => sent.push(1);",
    "mousedown": "send.type = 'button'; send.onmousedown = () => sent.push(1);",
    "Control+S": "addEventListener('keydown', (event) => { if (event.ctrlKey && event.key === 's') sent.push(1); });",
}


def come_back(extension: Extension, page: Page, site: Site, *, back: str, sends: str) -> None:
    """Encrypt the field, and have the page bring its text back."""
    page.goto(site.page_with(PAGE % (FIELD, f"{sends} window.back = () => {{ {back} }};")))
    encrypt(extension, page, "#field", "").around.click("[data-test=close]")
    page.wait_for("() => document.querySelector('#field').getBoundingClientRect().height > 0")
    page.js("() => window.back()")


@pytest.mark.parametrize("name", BACK)
def test_a_text_that_comes_back_in_another_form_is_not_sent_by_a_press(
    extension: Extension, page: Page, site: Site, name: str
) -> None:
    come_back(extension, page, site, back=BACK[name], sends=PRESSES["click"])
    page.click("#send")
    window = extension.window()
    assert "stopped the sending" in window.text()
    assert page.js("() => window.sent") == []
    with window.closing():
        window.click("[data-test=agree]")
    page.wait_for("() => document.querySelector('#other, #field').value.startsWith('-----BEGIN CMS-----')")


@pytest.mark.parametrize("press", PRESSES)
def test_no_kind_of_press_sends_a_text_that_came_back(extension: Extension, page: Page, site: Site, press: str) -> None:
    come_back(extension, page, site, back="field.value = model;", sends=PRESSES[press])
    wait_for_note(page, "in clear again")
    if press == "Control+S":
        page.press("\ue009", "s")
    else:
        page.click("#send")
    assert "stopped the sending" in extension.window().text()
    assert page.js("() => window.sent") == []
