"""A page in a browser that stores nothing knows the answer at its sign-in, and can say what is not kept."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest


def test_the_answer_at_sign_in_counts_although_the_browser_stores_nothing() -> None:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    script = Path(__file__).with_name("refused_storage.mjs")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=60, check=True)
    # "my own computer", somebody else's, and no answer, as after a reload
    assert json.loads(done.stdout) == ["locked", "off", "off"]
