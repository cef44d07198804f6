"""Output folders in which only files with changed content are written, and a cache of files made from inputs.

A program makes a file of the cache again only if one of its inputs has changed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

# Hard links of large files save a hundred megabytes. Small files are copied, so that editing a source never changes a
# finished build.
_LINK_FROM_BYTES: Final = 1_000_000

Content = Path | bytes
# Enough for about 20 snapshots: each has 18 MB, and each change of the core makes a new one.
_KEPT_BYTES: Final = 400_000_000


def write_tree(folder: Path, files: Mapping[str, Content]) -> None:
    """Make `folder` contain exactly `files`, files or bytes by relative name. Large files become hard links."""
    for stale in _list_files(folder) - files.keys():
        (folder / stale).unlink()
    for name, content in files.items():
        _write_file(folder / name, content)
    _remove_empty_folders(folder)


def list_folder(folder: Path, *, prefix: str = "") -> dict[str, Content]:
    """The files below `folder`, in the form for `write_tree`."""
    return {
        prefix + name: folder / name
        for name in sorted(_list_files(folder))
        if "__pycache__" not in name and not name.endswith((".d.ts", ".d.mts"))
    }


def read_content(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def sha384(data: bytes) -> str:
    """The SHA-384 of `data`, in the form of Subresource Integrity."""
    return f"sha384-{base64.b64encode(hashlib.sha384(data).digest()).decode()}"


def _write_file(target: Path, content: Content) -> None:
    if target.exists():
        if _holds(target, content):
            return
        # Unlink first: writing through a hard link would change the linked file too.
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        target.write_bytes(content)
    elif content.stat().st_size < _LINK_FROM_BYTES:
        shutil.copyfile(content, target)
    else:
        _link_file(content, target)


def _holds(target: Path, content: Content) -> bool:
    if isinstance(content, bytes):
        return target.read_bytes() == content
    return target.samefile(content) or (
        target.stat().st_size == content.stat().st_size and target.read_bytes() == content.read_bytes()
    )


def _link_file(content: Path, target: Path) -> None:
    try:
        os.link(content, target)
    except OSError:
        # The target is on another file system, or the file system has no hard links.
        shutil.copyfile(content, target)


def _list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _remove_empty_folders(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


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
