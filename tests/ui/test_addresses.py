"""Two addresses are the same for the pages and the extension exactly if they are the same for the core."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from smime_core.text.mail_address import addresses_match
from tests.support.project import ROOT

_SCRIPT: Final = Path(__file__).with_name("addresses_match.mjs")
_FORMATS: Final = ROOT / "wasm_build/ui/formats.js"
_PAIRS: Final = (
    ("alice@example.test", "ALICE@Example.test"),
    ("alice@example.test", "bob@example.test"),
    ("kevin@example.test", "\u212aevin@example.test"),
    ("\u00e4@example.test", "\u00c4@example.test"),
    ("i@example.test", "\u0130@example.test"),
    ("strasse@example.test", "stra\u00dfe@example.test"),
)


def test_addresses_are_the_same_as_in_the_core() -> None:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    done = subprocess.run(["node", _SCRIPT, _FORMATS, json.dumps(_PAIRS)], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [addresses_match(one, other) for one, other in _PAIRS]
