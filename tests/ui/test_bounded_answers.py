"""No client reads an answer of a server without a bound."""

from __future__ import annotations

import re
from typing import Final

from tests.support.project import ROOT

# The product's own files, which come from where the page itself comes from.
OWN_FILES: Final = {
    "browser_ext/background/browser/checked_sites.js",
    "browser_ext/shared/administration.js",
    "wasm_build/ui/catalogue.js",
    "wasm_build/vault/owner/assets.js",
    "wasm_build/vault/owner/late_archive.js",
    "webbridge/pages/main.js",
    "webbridge/pages/offline/app_worker.js",
    "webbridge/pages/parcel_main.js",
    "webbridge/pages/reading/pdf/pdf_view.js",
}
# The scripts in a page of a webmail read what that page could read too.
IN_PAGES: Final = "browser_ext/content/"
WHOLE: Final = re.compile(
    r"(?:response|answer|fresh|\(await fetch\([^;]{0,200}\)\))\??\.(?:json|text|arrayBuffer|blob)\(\)"
)


def test_one_module_reads_the_answers_of_servers() -> None:
    folders = ("browser_ext", "wasm_build", "webbridge/pages")
    modules = [
        script for folder in folders for script in (ROOT / folder).rglob("*.js") if "node_modules" not in script.parts
    ]
    files = {str(module.relative_to(ROOT)) for module in modules if WHOLE.search(module.read_text())}
    assert {name for name in files if not name.startswith(IN_PAGES)} <= OWN_FILES
