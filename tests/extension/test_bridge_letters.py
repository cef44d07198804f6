"""Letters by the bridge, in two browsers: nothing is shown as sent that was not, and nothing is sent twice unasked."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.project import ROOT

STORIES = 1500
# Each outcome that the person may be told has to come, otherwise the stories show nothing about it.
TOLD = {
    "sent",
    "perhaps",
    "refused",
    "unanswered",
    "sending-earlier",
    "draft-elsewhere",
    "draft-not-removed",
    "bridge-signed-out",
}

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")


def test_no_story_of_letters_contradicts_what_the_person_was_told() -> None:
    """A letter is changed, sent, dropped and brought to another browser while the bridge loses requests and answers."""
    command = ["node", "--no-warnings", "tests/support/extension/letters_by_bridge.mjs", "0", str(STORIES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["contradiction"] is None
    assert found["told"].keys() >= TOLD
