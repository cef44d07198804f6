"""A key server that hangs holds no call for ever, whether before its answer or within it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

UNREACHABLE = {"code": "unreachable"}


def test_a_key_server_that_never_ends_its_answer_counts_as_unreachable() -> None:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    script = Path(__file__).with_name("key_server_waits.mjs")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=60, check=True)
    become = json.loads(done.stdout)
    assert [become[one] for one in ("hangs", "drips", "refuses")] == [UNREACHABLE] * 3
    assert become["answers"] == {"value": {"factors": []}}
    assert become["nothing"] == {"value": None}
    # A large body has more time, for a slow line.
    assert become["limits"] == [30_000] * 5 + [130_000]
