"""The modules of a parcel's recipient page: their imports, what they store, and the sentences of their errors."""

from __future__ import annotations

import re
from typing import Final

from sealwax.words import ENGLISH, WORDS
from tests.support.project import ROOT

_PAGES: Final = ROOT / "webbridge/pages"
_ARRIVED: Final = _PAGES / "parcels/page/arrived_link.js"
_PARCELS: Final = ROOT / "wasm_build/parcels"


def test_the_link_leaves_the_address_before_any_other_module_runs() -> None:
    imports = re.findall(r'^import [^"\n]* from "([^"\n]*)";$', (_PAGES / "parcel_main.js").read_text(), re.MULTILINE)
    assert imports[0] == "./parcels/page/arrived_link.js"
    assert re.findall(r'from "(.*)"', _ARRIVED.read_text()) == ["../../../../wasm_build/parcels/link.js"]
    assert "from" not in re.findall(r"^import.*", (_PARCELS / "link.js").read_text(), re.MULTILINE)


def test_the_chunks_are_those_of_the_format() -> None:
    assert "CHUNK_BYTES = 16 * 1024 * 1024;" in (_PARCELS / "chunk_plan.js").read_text()


def test_no_plaintext_goes_into_a_storage_of_the_browser() -> None:
    code = "".join(
        path.read_text()
        for path in [
            *_PARCELS.rglob("*.js"),
            *(_PAGES / "parcels/page").rglob("*.js"),
            _PAGES / "parcels/save_worker.js",
        ]
    )
    storages = re.compile(r"getDirectory|createSyncAccessHandle|indexedDB|localStorage|sessionStorage|caches\b")
    assert storages.findall(code) == []


def test_every_error_that_ends_a_parcel_has_its_sentence() -> None:
    known = WORDS.of_part(ENGLISH, "shared", "pages")
    code = "".join(path.read_text() for path in _PARCELS.rglob("*.js"))
    named = set(re.findall(r'ApiError\(\s*"([a-z-]+)"', code))
    failures = (_PARCELS / "failures.js").read_text()
    named |= {
        error_code
        for line in re.findall(r"new Set\(\[([^\[\]]*)\]\)", failures)
        for error_code in re.findall(r'"([a-z-]+)"', line)
    }
    from_server = {"too-many-tries", "try-later", "store-unavailable", "not-found", "unreachable"}
    assert len(named) > 15
    without = {
        error_code
        for error_code in named | from_server
        if not {
            f"{stem}_{error_code.replace('-', '_')}" for stem in ("parcel_error", "as_parcel_error", "error", "reason")
        }
        & known.keys()
    }
    assert without == set()
