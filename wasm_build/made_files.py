"""Files that a program makes out of others, kept for as long as what they were made from is the same."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from wasm_build.tree import Content, read_content

# Enough for two branches in turn.
_KEPT_OF_EACH_KIND: Final = 6


def find_or_make(cache: Path, kind: str, inputs: Iterable[Content], make: Callable[[Path], None]) -> Path:
    """The file that `make` writes to the path it is given; `kind` is its suffix, and what `inputs` hold decides."""
    hashes = b"".join(hashlib.sha256(read_content(item)).digest() for item in inputs)
    made = cache / f"{hashlib.sha256(hashes).hexdigest()}.{kind}"
    if made.exists():
        # Used just now; when it was made stays as it is, for its links in a build are not new.
        os.utime(made, ns=(time.time_ns(), made.stat().st_mtime_ns))
        return made
    cache.mkdir(parents=True, exist_ok=True)
    # Two builds may run at the same time, and each may be stopped.
    unfinished = made.with_suffix(f".{os.getpid()}.unfinished")
    make(unfinished)
    unfinished.replace(made)
    _forget_old(cache, kind)
    return made


def _forget_old(cache: Path, kind: str) -> None:
    latest_first = sorted(cache.glob(f"*.{kind}"), key=lambda path: path.stat().st_atime, reverse=True)
    for old in latest_first[_KEPT_OF_EACH_KIND:]:
        old.unlink(missing_ok=True)
