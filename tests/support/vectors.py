"""Where the published test vectors stand: outside the project, in the folder that SEALWAX_VECTORS names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_PROJECT = Path(__file__).resolve().parent.parent


def vectors(set_name: str) -> Path:
    """The folder of one set, as in `vectors("wycheproof")`.

    Where it is absent, skips the test, or the whole module when called at its import.
    """
    root = Path(os.environ.get("SEALWAX_VECTORS") or _PROJECT.parent / "shared" / "vectors")
    folder = root / set_name
    if not folder.is_dir():
        pytest.skip(
            f"the vectors {set_name!r} are absent: SEALWAX_VECTORS names no such folder", allow_module_level=True
        )
    return folder
