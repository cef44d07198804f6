"""The scripts of views, which the pages load at the first use. `pinned.js` of the pages has their hashes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wasm_build.bundle.pdf_files import LateFiles, pin_script
from wasm_build.bundle.scripts import bundle_scripts

# The name of the hash in `pinned.js`, the name of the file in the folder of the pages, and its source.
_VIEWS: Final = (
    ("SENT_PARCELS_INTEGRITY", "parcels_sent.js", "webbridge/pages/parcels/sent/parcels_sent.js"),
    ("PARCEL_ANSWER_INTEGRITY", "parcel_answer.js", "webbridge/pages/parcels/answer/parcel_answer.js"),
    ("PARCEL_KEY_INTEGRITY", "parcel_key.js", "webbridge/pages/parcels/key/parcel_key.js"),
    ("PARCEL_LETTER_INTEGRITY", "parcel_letter.js", "webbridge/pages/parcels/letter/parcel_letter.js"),
    ("MY_FILES_INTEGRITY", "my_files.js", "webbridge/pages/files/my_files.js"),
)


def build_late_views(root: Path) -> LateFiles:
    """Bundle each view as a separate script."""
    files = bundle_scripts(root, "pages", "iife", {name: source for _, name, source in _VIEWS})
    return LateFiles(files=files, pins="".join(pin_script(pin, files[name]) for pin, name, _ in _VIEWS))
