"""A file that changes while the vault reads it: Python gets no byte that differs from the first reading."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

SCRIPT = Path(__file__).with_name("changing_blob.mjs")


def test_a_block_that_has_changed_since_its_first_reading_is_refused() -> None:
    done = subprocess.run(["node", str(SCRIPT)], capture_output=True, text=True, timeout=60, check=True)
    first, changed = json.loads(done.stdout)
    assert first == ["1048576 first", "1048566 first", "1048569 first", "5 first", "end"]
    assert changed == ["input-failed"] * 4
