"""Output folders in which only files with changed content are written."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# Hard links of large files save a hundred megabytes. Small files are copied, so that editing a source never changes a
# finished build.
_LINK_FROM_BYTES: Final = 1_000_000

Content = Path | bytes


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
