"""A cache of files that a program makes from inputs. A file is made again only if one of its inputs has changed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from wasm_build.bundle.tree import Content, read_content

# Enough for about 20 snapshots: each has 18 MB, and each change of the core makes a new one.
_KEPT_BYTES: Final = 400_000_000


def find_or_make(cache: Path, kind: str, inputs: Iterable[Content], make: Callable[[Path], None]) -> Path:
    """The file with the suffix `kind` made from `inputs`. If the cache lacks it, `make` writes it to a given path."""

    def make_one(missing: Mapping[Path, str]) -> None:
        for path in missing:
            make(path)

    return find_or_make_all(cache, kind, {"": inputs}, make_one)[""]


def find_or_make_all(
    cache: Path, kind: str, inputs: Mapping[str, Iterable[Content]], make: Callable[[Mapping[Path, str]], None]
) -> dict[str, Path]:
    """Several files as from `find_or_make`, by name. One call of `make` makes all missing files."""
    made = {name: cache / f"{_fingerprint(items)}.{kind}" for name, items in inputs.items()}
    # Files are written under another name first, because two builds may run at once, and each may be interrupted.
    unfinished = {path: path.with_suffix(f".{os.getpid()}.unfinished") for path in made.values() if not path.exists()}
    if unfinished:
        cache.mkdir(parents=True, exist_ok=True)
        make({unfinished[path]: name for name, path in made.items() if path in unfinished})
        for path, whole in unfinished.items():
            whole.replace(path)
    for path in made.values():
        # Sets the access time to now, because `_forget_old` deletes the files that have not been used for longest. The
        # modification time stays, because hard links in `dist/` share it.
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    if unfinished:
        _forget_old(cache)
    return made


def _fingerprint(items: Iterable[Content]) -> str:
    hashes = b"".join(hashlib.sha256(read_content(item)).digest() for item in items)
    return hashlib.sha256(hashes).hexdigest()


def _forget_old(cache: Path) -> None:
    kept_bytes = 0
    for path in sorted(cache.iterdir(), key=lambda path: path.stat().st_atime_ns, reverse=True):
        kept_bytes += path.stat().st_size
        if kept_bytes > _KEPT_BYTES:
            path.unlink(missing_ok=True)
