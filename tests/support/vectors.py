"""The folder of published test vectors, which is outside the project. SEALWAX_VECTORS names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.project import ROOT

# Read once, because the variable is gone while tests run: see tests/conftest.py.
_ROOT = Path(os.environ.get("SEALWAX_VECTORS") or ROOT.parent / "shared" / "vectors")


def vectors(set_name: str) -> Path:
    """The folder of one set, as in `vectors("wycheproof")`.

    If the folder is absent, skips the test, or the whole module if called while the module is imported.
    """
    folder = _ROOT / set_name
    if not folder.is_dir():
        pytest.skip(
            f"the vectors {set_name!r} are absent: SEALWAX_VECTORS names no such folder", allow_module_level=True
        )
    return folder
