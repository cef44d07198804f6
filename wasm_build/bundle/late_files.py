"""The scripts of views that the pages load with the first such view. `pinned.js` of the pages has their hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wasm_build.bundle.pdf_files import pin_script
from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import Content

_SENT_PARCELS: Final = "parcels_sent.js"
_PARCEL_ANSWER: Final = "parcel_answer.js"
_PARCEL_LETTER: Final = "parcel_letter.js"
_SOURCES: Final = {
    _SENT_PARCELS: "webbridge/pages/sent_parcels/parcels_sent.js",
    _PARCEL_ANSWER: "webbridge/pages/parcel_answer/parcel_answer.js",
    _PARCEL_LETTER: "webbridge/pages/parcel_letter/parcel_letter.js",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LateViews:
    """The files by their names in the folder of the pages, and the lines of `pinned.js` with their hashes."""

    files: Mapping[str, Content]
    pins: str


def build_late_views(root: Path) -> LateViews:
    """Bundle the view of sent parcels, the form that answers one, and the dialogs of letters that go as parcels."""
    files = bundle_scripts(root, "pages", "iife", _SOURCES)
    pins = {
        "SENT_PARCELS_INTEGRITY": _SENT_PARCELS,
        "PARCEL_ANSWER_INTEGRITY": _PARCEL_ANSWER,
        "PARCEL_LETTER_INTEGRITY": _PARCEL_LETTER,
    }
    return LateViews(files=files, pins="".join(pin_script(pin, files[name]) for pin, name in pins.items()))
