"""A page that draws the views of a mail that grows, and measures how long it stands still."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.words import ENGLISH, WORDS
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.project import ROOT
from wasm_build.bundle.runtime_files import SANITISER
from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import read_content

SCRIPT = "tests/support/growing/views.js"
# The texts of the extension are looked up by their keys only.
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><link rel="stylesheet" href="style.css"><body>
<div id="place"></div>
<script>
  const getMessage = (key) => key === "language_tag" ? "en" : key;
  (globalThis.browser ?? (globalThis.chrome ??= {})).i18n = { getMessage, getUILanguage: () => "en" };
</script>
<script src="purify.js"></script><script src="views.js"></script></body></html>"""

# Each view with its largest size. The first ones are the attacks that once held a page for a minute.
SIZES = {
    "people": 60_000,
    "markup: attributes": 200_000,
    "text: marks": 3_000_000,
    "markup: unclosed formatting": 200_000,
    "parts": 1_000,
    "recipients": 10_000,
    "name": 1_000_000,
    "attachments": 1_000,
    "name of an attachment": 500_000,
    "formatted parts": 1_000,
    "signers": 100,
    "reasons": 10_000,
    "signers in the extension": 100,
    "recipients in the extension": 10_000,
    "reasons in the extension": 10_000,
    "source: lines": 130_000,
    "source: control characters": 260_000,
    "source: right to left": 50_000,
    "words of a part": 600_000,
    "markup: bare attributes": 200_000,
    "markup: elements": 375_000,
    "markup: depth": 600_000,
    "markup: lists": 375_000,
    "markup: few open formatting": 200_000,
    "markup: table": 600_000,
    "markup: links": 60_000,
    "markup: styles": 150_000,
    "markup: style attribute": 300_000,
    "markup: pictures": 90_000,
    "markup: words": 600_000,
    "markup: one word": 3_000_000,
    "markup: marks": 3_000_000,
    "markup: marks on one letter": 3_000_000,
    "markup: comments": 200_000,
    "markup: quotes": 300_000,
    "markup: brackets": 3_000_000,
    "text: words": 600_000,
    "text: lines": 3_000_000,
    "text: one word": 3_000_000,
    "text: links": 60_000,
    "text: marks on one letter": 3_000_000,
    "text: directions": 600_000,
    "text: isolates": 1_500_000,
    "text: right to left": 500_000,
}


@pytest.fixture(scope="module")
def growing(browser: Browser, site: WebSite, built_files: Path) -> Iterator[Page]:
    """The page that draws the views."""
    page = browser.open_private(serve_growing_views(site, built_files / "pages"))
    page.wait_for("() => globalThis.growing !== undefined")
    yield page
    page.close()


def serve_growing_views(site: WebSite, pages: Path) -> str:
    """Serve the page with the current sources. `pages` are built ones, for their style. Returns the address."""
    script = bundle_scripts(ROOT, "growing", "iife", {"views.js": SCRIPT})["views.js"]
    site.serve("/views.js", read_content(script), "text/javascript")
    site.serve("/purify.js", (ROOT / SANITISER).read_bytes(), "text/javascript")
    site.serve("/shared.json", json.dumps(WORDS.of_part(ENGLISH, "shared")).encode(), "application/json")
    # The views of the extension are drawn in this page too.
    texts = WORDS.of_part(ENGLISH, "extension", "pages")
    site.serve("/pages.json", json.dumps(texts).encode(), "application/json")
    site.serve("/style.css", (pages / "style.css").read_bytes(), "text/css")
    return site.serve("/growing.html", PAGE.encode())
