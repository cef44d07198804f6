"""The compressed copies of served files. The bridge and other servers send `NAME.br` instead of NAME."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wasm_build.bundle.tree import Content, find_or_make_all, read_content

# A smaller file fits uncompressed into the first packet of a response.
_MIN_BYTES: Final = 1_000
_BEST: Final = 11
# These two files change whenever a source changes. Quality 11 would make them a fifth smaller, but take a minute.
_QUALITIES: Final = {"sealwax_python.zip": 9, "sealwax.snapshot": 5}
_COMPRESSED_ALREADY: Final = (".png", ".xpi")
# Only developer tools load source maps.
_SOURCE_MAPS: Final = (".map",)


def compress_all(files: Mapping[str, Content], script: Path, *, cache: Path) -> dict[str, Path]:
    """A compressed copy of each file that compression makes smaller. The cache keeps the copies of earlier builds."""
    chosen = {
        name: content
        for name, content in files.items()
        if not name.endswith(_COMPRESSED_ALREADY + _SOURCE_MAPS) and _size(content) >= _MIN_BYTES
    }
    candidates = {name: (content, _QUALITIES.get(name.rpartition("/")[2], _BEST)) for name, content in chosen.items()}
    version = hashlib.sha256(script.read_bytes()).digest()

    def make(missing: Mapping[Path, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            arguments: list[str | Path] = []
            for number, (out, name) in enumerate(missing.items()):
                source = Path(folder, str(number))
                source.write_bytes(read_content(candidates[name][0]))
                arguments += [str(candidates[name][1]), source, out]
            subprocess.run(["node", script, *arguments], check=True)

    inputs = {name: [content, version, bytes([quality])] for name, (content, quality) in candidates.items()}
    return {
        f"{name}.br": made
        for name, made in find_or_make_all(cache, "br", inputs, make).items()
        if _size(made) < _size(candidates[name][0])
    }


def _size(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
