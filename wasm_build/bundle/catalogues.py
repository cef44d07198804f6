"""The catalogues of texts as browsers load them: without the notes for translators, and without indentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

_NOTE: Final = "note"


def loaded_catalogue(source: Path) -> bytes:
    """Return the JSON of a catalogue that a browser loads."""
    texts: dict[str, dict[str, object]] = json.loads(source.read_bytes())
    kept = {key: {name: value for name, value in text.items() if name != _NOTE} for key, text in texts.items()}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


def is_catalogue(name: str) -> bool:
    """Return whether a file of the pages is a catalogue."""
    return name.startswith("messages.") and name.endswith(".json")
