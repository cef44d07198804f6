"""No address that the sender of a mail has chosen is asked for: a property of the search over generated pages.

The generator (`tests/support/extension/lured_pages.js`) combines layouts of webmails with mails that imitate their
controls. The modules run in the page itself, with a `fetch` that only counts.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import WebSite
from tests.support.project import ROOT
from tools.bench.machine import describe_machine
from tools.bench.results import Figure, Limit, write_results
from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import read_content

IN_PAGE = page_scripts("extension/any_webmail/lured_pages.js")

pytestmark = [pytest.mark.browser]

PROBE = "tests/support/extension/lured_pages_probe.js"
# Loads the scripts into the page itself, so that many pages can be tried in little time.
LOAD = IN_PAGE["load"]
TRY = "(first, count) => lured.tryPages(first, count)"
PAGES = 10_000
STEP = 250
# The least share of the pages in which the webmail's own source is found, so that the property is not empty.
LEAST_FOUND = 0.1


@pytest.fixture
def page(browser: Browser, site: WebSite) -> Page:
    """A page with the modules of the search."""
    shown = browser.open(site.serve("/mail", b"<!doctype html><title>Mail</title>"))
    script = bundle_scripts(ROOT, "probe", "iife", {"probe.js": PROBE})["probe.js"]
    shown.js(LOAD, read_content(script).decode())
    return shown


def tried(page: Page, first: int, count: int) -> dict[str, Any]:
    """The results for these pages, by steps, since a browser's command ends after some seconds."""
    total: dict[str, Any] = {"bad": [], "count": 0, "found": 0}
    for start in range(first, first + count, STEP):
        result = page.js(TRY, start, min(STEP, first + count - start))
        total = {name: total[name] + result[name] for name in total}
    return total


def test_no_generated_page_leads_to_an_address_of_the_sender(page: Page) -> None:
    result = tried(page, 1, 150)
    assert result["bad"] == []
    assert result["found"] >= 150 * LEAST_FOUND


SOURCES = """view source, view message source, show original, download message, download message (.eml), save as,
save as file, raw, export, quelltext, quelltext anzeigen, nachricht als datei herunterladen, speichern unter,
afficher la source du message, enregistrer sous, ver código fuente, ver código fuente del mensaje, guardar como,
عرض مصدر الرسالة, حفظ باسم"""
OTHERS = """delete, delete original, delete source, move to source, forward as .eml, reply to original,
remove message source,
log out, original löschen, quelltext verschieben, supprimer la source du message, eliminar código fuente,
حذف مصدر الرسالة, download all, export all messages, resource, saved, emergency"""


def test_a_label_names_a_source_and_nothing_else(page: Page) -> None:
    sources, others = (re.split(r",\s+", labels) for labels in (SOURCES, OTHERS))
    weights = page.js("(labels) => labels.map(lured.weighLabel)", [*sources, *others])
    named = {label for label, weight in zip([*sources, *others], weights, strict=True) if weight}
    assert named == set(sources)


@pytest.mark.thorough
def test_none_of_ten_thousand_pages_leads_to_an_address_of_the_sender(page: Page) -> None:
    result = tried(page, 100_000, PAGES)
    write_measure(page.browser, result)
    assert result["bad"] == []
    assert result["found"] >= PAGES * LEAST_FOUND


def write_measure(browser: Browser, result: dict[str, Any]) -> None:
    """Write the figures to build/lured_pages_BROWSER.json."""
    job = f"of {PAGES:,} generated pages with a mail: "
    fault = job + "those with an address of its sender that is asked for"
    limit = Limit(where=browser.name, what=fault, value=result["count"], limit=0, unit="count")
    figure = Figure(where=browser.name, job=job + "sources found", who="ours", unit="count", values=(result["found"],))
    write_results(ROOT / f"build/lured_pages_{browser.name}.json", describe_machine(), [figure], [limit])
