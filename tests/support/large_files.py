"""Files of gigabytes for tests and benchmarks, and their hashes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_BLOCK_BYTES = 1_000_000


def write_random(path: Path, size: int) -> str:
    """Write a file of so many bytes, and return its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as target:
        for start in range(0, size, _BLOCK_BYTES):
            block = os.urandom(min(_BLOCK_BYTES, size - start))
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
