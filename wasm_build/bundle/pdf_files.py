"""The preview of PDF files: its view, and the worker that draws. The pages load the preview when it is first needed.

The view has the hash of the worker, and `pinned.js` of the pages has the hash of the view.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import Content, read_content, sha384

_FOLDER: Final = "webbridge/pages/reading/pdf"
_WORKER: Final = "pdf_worker.js"
_VIEW: Final = "pdf_view.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFiles:
    """The files by their names in the folder of the pages, and the lines of `pinned.js` with their hashes."""

    files: Mapping[str, Content]
    pins: str


def build_pdf_preview(root: Path) -> LateFiles:
    """Bundle the view and the worker."""
    worker = bundle_scripts(root, "pages", "iife", {_WORKER: f"{_FOLDER}/{_WORKER}"}, small=True)
    worker_pin = pin_script("PDF_WORKER_INTEGRITY", worker[_WORKER])
    view = bundle_scripts(root, "pages", "iife", {_VIEW: f"{_FOLDER}/{_VIEW}"}, pinned=worker_pin)
    return LateFiles(files={**worker, **view}, pins=worker_pin + pin_script("PDF_VIEW_INTEGRITY", view[_VIEW]))


def pin_script(name: str, content: Content) -> str:
    """Return the line of `pinned.js` with the hash of a script."""
    return f"export const {name} = {json.dumps(sha384(read_content(content)))};\n"
