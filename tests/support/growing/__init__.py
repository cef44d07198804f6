"""A page that draws the views of a mail that grows, and measures how long it stands still."""

from __future__ import annotations

import json
from pathlib import Path

from sealwax.words import ENGLISH, WORDS
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


def serve_growing_views(site: WebSite, pages: Path) -> str:
    """Serve the page with the current sources. `pages` are built ones, for their style. Returns the address."""
    script = bundle_scripts(ROOT, "growing", "iife", {"views.js": SCRIPT})["views.js"]
    site.serve("/views.js", read_content(script), "text/javascript")
    site.serve("/purify.js", (ROOT / SANITISER).read_bytes(), "text/javascript")
    site.serve("/shared.json", json.dumps(WORDS.of_room(ENGLISH, "shared")).encode(), "application/json")
    site.serve("/pages.json", json.dumps(WORDS.of_room(ENGLISH, "pages")).encode(), "application/json")
    site.serve("/style.css", (pages / "style.css").read_bytes(), "text/css")
    return site.serve("/growing.html", PAGE.encode())
