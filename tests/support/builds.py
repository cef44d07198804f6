"""A fresh build of the sources, one for the tests of all folders, because a build takes three seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import ROOT
from wasm_build.bundle.build import build


@pytest.fixture(scope="session")
def built_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh build. No test alters it."""
    out = tmp_path_factory.mktemp("built") / "dist"
    build(ROOT, out)
    return out
