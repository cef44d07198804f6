"""The state of all files in a folder, to compare it with a later one."""

from __future__ import annotations

import stat
from pathlib import Path

Files = dict[str, tuple[int, int, int, bytes]]


def files_of(folder: Path) -> Files:
    """Each file below a folder: its mode, its owner, the time of its last change, and its bytes."""
    states = {}
    for path in sorted(folder.rglob("*")):
        known = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(known.st_mode) else b""
        states[str(path.relative_to(folder))] = known.st_mode, known.st_uid, known.st_mtime_ns, content
    return states
