"""Long texts are taken apart in linear time, and letters lose the marks that are too many."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("bounded_text.mjs")


@pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")
def test_the_pieces_of_a_text_are_bounded_and_lose_nothing() -> None:
    done = subprocess.run(["node", "--test", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
