"""The index of kept files in several tabs of a browser, at a bridge that delays answers and gives older versions."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

SCRIPT = Path(__file__).with_name("file_index.mjs")
SEEDS = list(range(1, 16))


@cache
def outcomes() -> dict[str, Any]:
    command = ["node", str(SCRIPT), json.dumps({"seeds": SEEDS})]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def test_a_tab_that_reads_slowly_does_not_forget_what_another_one_has_stored() -> None:
    found = outcomes()["readWhileStored"]
    assert found == {"slowly": 2, "later": "files-older"}


def test_no_order_of_readings_and_changes_lets_an_older_index_count() -> None:
    found = outcomes()
    assert (found["wrong"], found["last"]) == (0, 0)
    assert found["refused"] > len(SEEDS), "the bridge lies often"
