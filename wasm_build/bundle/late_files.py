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
_MY_FILES: Final = "my_files.js"
_SOURCES: Final = {
    _SENT_PARCELS: "webbridge/pages/sent_parcels/parcels_sent.js",
    _MY_FILES: "webbridge/pages/my_files/my_files.js",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LateViews:
    """The files by their names in the folder of the pages, and the lines of `pinned.js` with their hashes."""

    files: Mapping[str, Content]
    pins: str


def build_late_views(root: Path) -> LateViews:
    """Bundle the views of the parcels that were sent, and of the files that a person keeps."""
    files = bundle_scripts(root, "pages", "iife", _SOURCES)
    sent = pin_script("SENT_PARCELS_INTEGRITY", files[_SENT_PARCELS])
    return LateViews(files=files, pins=sent + pin_script("MY_FILES_INTEGRITY", files[_MY_FILES]))
