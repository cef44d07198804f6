"""Runs tests in JavaScript on vectors that the core or a server makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

from tests.support.project import ROOT

_FOLDER: Final = ROOT / "tests/js/with_vectors"
_TIMEOUT_SECONDS: Final = 120


def check_in_node(subject: str, name: str, vectors: object) -> None:
    """Run the test `name` of tests/js/with_vectors/SUBJECT.test.js on these vectors. Fails with the report of node."""
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.json"
        # Surrogates that stand alone are written with a backslash.
        path.write_text(json.dumps({name: vectors}), encoding="ascii")
        done = subprocess.run(
            ["node", "--no-warnings", "--test", _FOLDER / f"{subject}.test.js"],
            env=os.environ | {"VECTORS": str(path)},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
