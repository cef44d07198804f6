"""The table of the extension's messages and the background's handlers name the same messages."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = """
import { MESSAGES } from "./browser_ext/shared/messages.js";
import { HANDLERS } from "./browser_ext/background/handlers.js";
import { QUESTIONS } from "./browser_ext/background/questions.js";
console.log(JSON.stringify([MESSAGES, HANDLERS, QUESTIONS].map((table) => Object.keys(table).sort())));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")
def test_every_message_has_a_handler_and_every_handler_a_message() -> None:
    command = ["node", "--no-warnings", "--input-type=module", "-e", LISTED]
    written = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    messages, handlers, questions = json.loads(written)
    assert messages == handlers
    assert set(questions) <= set(messages)
