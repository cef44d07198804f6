"""Read files that an option or a setting names. Reading has a limit, because such a file may be an endless device."""

from __future__ import annotations

from pathlib import Path

from smime_core.limits import MAX_WHOLE_BYTES, check_limit


def read_small(path: Path, *, max_bytes: int = MAX_WHOLE_BYTES) -> bytes:
    """All bytes of a file. Raises OSError, or LimitExceeded for more than `max_bytes`."""
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    check_limit(f"bytes of {path.name}", len(data), max_bytes)
    return data
