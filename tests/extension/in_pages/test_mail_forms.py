"""A mail is never encrypted as a field: forms for mail are told from other forms, and lead to the message window."""

# pytest finds the fixtures of the other file by their names here.
# ruff: noqa: F401, F811

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.browsers import Browser
from tests.browser.extension_driver import Site, running_site
from tests.browser.field_pages import site
from tests.browser.mail_form_pages import MAIL_FORMS, OTHER_FORMS, MailForm
from tests.browser.page import Page

pytestmark = [pytest.mark.browser, pytest.mark.in_turn]

CONTENT = Path(__file__).resolve().parents[2] / "browser_ext/content"
# The scripts run in the page itself here, so that many forms are tried in little time.
LOAD = """(sources) => {
  globalThis.sealwaxContent = {};
  globalThis.browser ??= { runtime: {} };
  for (const source of sources) (0, eval)(source);
}"""
SHOW = """(markup, focus) => {
  document.body.innerHTML = markup;
  const frame = document.querySelector("iframe");
  const loaded = frame ? new Promise((resolve) => frame.addEventListener("load", resolve)) : null;
  return Promise.resolve(loaded).then(() => {
    (frame?.contentDocument.body ?? document.querySelector(focus)).focus();
    const found = sealwaxContent.findMailForm();
    return found && sealwaxContent.focusedMailForm().fields;
  });
}"""

# Five thousand forms beside each other, or five hundred inside each other, as deep as a browser reads markup.
FILL = """(markup, isNested) => {
  const place = document.createElement("div");
  let inner = place;
  for (let count = 0; count < (isNested ? 500 : 5000); count += 1) {
    const part = document.createElement("div");
    part.innerHTML = markup;
    inner.append(part);
    if (isNested) inner = part;
  }
  document.body.replaceChildren(place);
  place.querySelector("textarea, input").focus();
  const start = performance.now();
  sealwaxContent.findMailForm();
  return performance.now() - start;
}"""


@pytest.fixture
def probe(browser: Browser, site: Site) -> Page:
    """A page with the scripts that look for forms."""
    page = browser.open(site.page_with("<p>Forms</p>"))
    names = ("guard", "fields", "mail_words", "mail_forms")
    page.js(LOAD, [(CONTENT / f"{name}.js").read_text() for name in names])
    return page


def test_forms_for_mail_are_known_with_their_people(probe: Page) -> None:
    found: dict[str, Any] = {name: probe.js(SHOW, form.markup, form.focus) for name, form in MAIL_FORMS.items()}
    expected = {name: fields_of(form) for name, form in MAIL_FORMS.items()}
    assert found == expected
    probe.close()


def fields_of(form: MailForm) -> dict[str, Any]:
    """What the message window is to be filled with."""
    people = {"to": list(form.to), "cc": list(form.cc), "bcc": list(form.bcc)}
    return {"kind": "new", "from": form.sender, **people, "subject": form.subject, "text": form.text}


@pytest.mark.parametrize(
    "markup", ["<input name=to><input name=subject><textarea></textarea>", "<p>To: <input>Subject: <input>"]
)
@pytest.mark.parametrize("is_nested", [False, True])
def test_a_page_full_of_fields_is_looked_through_in_time(probe: Page, markup: str, *, is_nested: bool) -> None:
    milliseconds = probe.js(FILL, markup, is_nested)
    assert milliseconds < 5000
    probe.close()


def test_other_forms_are_not_taken_for_mail(probe: Page) -> None:
    found = {name: probe.js(SHOW, markup, "#text") for name, markup in OTHER_FORMS.items()}
    assert found == dict.fromkeys(OTHER_FORMS, "")
    probe.close()
