"""The scripts that the pages load at the first use: further views, and the preview of PDF files.

`pinned.js` of the pages has the hashes of the views. The view of the preview has the hash of the worker that draws.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import Content, read_content, sha384

_PDF_FOLDER: Final = "webbridge/pages/reading/pdf"
_PDF_WORKER: Final = "pdf_worker.js"
_PDF_VIEW: Final = "pdf_view.js"
# The name of the hash in `pinned.js`, the name of the file in the folder of the pages, and its source.
_VIEWS: Final = (
    ("SENT_PARCELS_INTEGRITY", "parcels_sent.js", "webbridge/pages/parcels/sent/parcels_sent.js"),
    ("PARCEL_ANSWER_INTEGRITY", "parcel_answer.js", "webbridge/pages/parcels/answer/parcel_answer.js"),
    ("PARCEL_KEY_INTEGRITY", "parcel_key.js", "webbridge/pages/parcels/key/parcel_key.js"),
    ("PARCEL_LETTER_INTEGRITY", "parcel_letter.js", "webbridge/pages/parcels/letter/parcel_letter.js"),
    ("MY_FILES_INTEGRITY", "my_files.js", "webbridge/pages/files/my_files.js"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFiles:
    """The files by their names in the folder of the pages, and the lines of `pinned.js` with their hashes."""

    files: Mapping[str, Content]
    pins: str


def build_late_views(root: Path) -> LateFiles:
    """Bundle each view as a separate script."""
    files = bundle_scripts(root, "pages", "iife", {name: source for _, name, source in _VIEWS})
    return LateFiles(files=files, pins="".join(_pin_script(pin, files[name]) for pin, name, _ in _VIEWS))


def build_pdf_preview(root: Path) -> LateFiles:
    """Bundle the view and the worker."""
    worker = bundle_scripts(root, "pages", "iife", {_PDF_WORKER: f"{_PDF_FOLDER}/{_PDF_WORKER}"}, small=True)
    worker_pin = _pin_script("PDF_WORKER_INTEGRITY", worker[_PDF_WORKER])
    view = bundle_scripts(root, "pages", "iife", {_PDF_VIEW: f"{_PDF_FOLDER}/{_PDF_VIEW}"}, pinned=worker_pin)
    return LateFiles(files={**worker, **view}, pins=worker_pin + _pin_script("PDF_VIEW_INTEGRITY", view[_PDF_VIEW]))


def _pin_script(name: str, content: Content) -> str:
    """Return the line of `pinned.js` with the hash of a script."""
    return f"export const {name} = {json.dumps(sha384(read_content(content)))};\n"
