"""The message catalogues of pages and extension, as they are served: without the notes, which are for translators."""

from __future__ import annotations

import json
from pathlib import Path


def build_catalogues(folder: Path) -> dict[str, bytes]:
    """The catalogues of a folder by their names."""
    return {path.name: _without_notes(path) for path in sorted(folder.glob("messages.*.json"))}


def _without_notes(path: Path) -> bytes:
    entries = json.loads(path.read_text())
    kept = {key: {"message": entry["message"]} for key, entry in entries.items()}
    return json.dumps(kept, ensure_ascii=False, indent=1).encode()
