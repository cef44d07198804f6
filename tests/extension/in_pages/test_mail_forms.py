"""A mail is never encrypted as a field: forms for mail are recognised, and lead to the message window."""

from __future__ import annotations

from typing import Any

import pytest

from smime_core.mime import find_addresses
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Site
from tests.support.extension.mail_form_pages import MAIL_FORMS, OTHER_FORMS, MailForm
from tests.support.project import ROOT
from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import read_content

IN_PAGE = page_scripts("extension/in_pages/mail_forms.js")

pytestmark = pytest.mark.browser

PROBE = "tests/support/extension/mail_forms_probe.js"
# Loads the scripts into the page itself, so that many forms can be tried in little time.
LOAD = """(source) => {
  globalThis.browser ??= { runtime: {} };
  (0, eval)(source);
}"""
SHOW = IN_PAGE["show"]

# Adds 5,000 forms side by side, or 500 forms nested in each other. Browsers do not parse deeper markup.
FILL = IN_PAGE["fill"]


@pytest.fixture
def probe(browser: Browser, site: Site) -> Page:
    """A page with the scripts that look for forms."""
    page = browser.open(site.page_with("<p>Forms</p>"))
    script = bundle_scripts(ROOT, "probe", "iife", {"probe.js": PROBE})["probe.js"]
    page.js(LOAD, read_content(script).decode())
    return page


def test_forms_for_mail_are_known_with_their_people(probe: Page) -> None:
    forms: dict[str, Any] = {name: probe.js(SHOW, form.markup, form.focus) for name, form in MAIL_FORMS.items()}
    expected = {name: fields_of(form) for name, form in MAIL_FORMS.items()}
    assert {name: fields and read(fields) for name, fields in forms.items()} == expected
    probe.close()


def read(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with the addresses that the core finds in the texts of the page, as the background reads them."""
    people = {name: addresses_in(fields[name]) for name in ("to", "cc", "bcc")}
    return {**fields, **people, "from": next(iter(addresses_in([fields["from"]])), "")}


def addresses_in(texts: list[str]) -> list[str]:
    addresses = (mailbox.address for text in texts for mailbox in find_addresses(text))
    return list(dict.fromkeys(address for address in addresses if address))


def fields_of(form: MailForm) -> dict[str, Any]:
    """The fields that the message window should be filled with."""
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
    forms = {name: probe.js(SHOW, markup, "#text") for name, markup in OTHER_FORMS.items()}
    assert forms == dict.fromkeys(OTHER_FORMS, "")
    probe.close()
