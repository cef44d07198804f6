"""The manifests of kept files that count as the person's own: verified ones, for the address of the account."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

SCRIPT = Path(__file__).with_name("own_file_keys.mjs")


def test_only_the_address_of_the_account_has_made_its_files() -> None:
    """A key that several people share is of another address, and any of them signs with it."""
    found = json.loads(subprocess.run(["node", str(SCRIPT)], capture_output=True, check=True).stdout)
    assert found == {"own": "own", "ofWard": "files-not-own", "unverified": "files-not-own"}
