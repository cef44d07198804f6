"""The table of the extension's messages and the background's handlers name the same messages."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LISTED = """
import { MESSAGES } from "./browser_ext/shared/messages.js";
import { HANDLERS } from "./browser_ext/background/handlers.js";
import { QUESTIONS } from "./browser_ext/background/questions.js";
console.log(JSON.stringify([MESSAGES, HANDLERS, QUESTIONS].map((table) => Object.keys(table).sort())));
"""

# An error of another JavaScript context is no instance of this context's classes. Firefox passes such errors to frames.
DESCRIBED = """
import vm from "node:vm";
import { codeOf, describeError } from "./browser_ext/shared/messages.js";
const programs = ["({ code: 'mail-gone', message: 'gone' })", "null", "undefined", "'text'"];
const errors = programs.map((program) => vm.runInNewContext(program));
console.log(JSON.stringify([errors.map(codeOf), errors.map(describeError)]));
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")


def run_node(script: str) -> Any:
    """The output of a script that uses modules of the extension."""
    command = ["node", "--no-warnings", "--input-type=module", "-e", script]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def test_every_message_has_a_handler_and_every_handler_a_message() -> None:
    messages, handlers, questions = run_node(LISTED)
    assert messages == handlers
    assert set(questions) <= set(messages)


def test_an_error_of_another_context_keeps_its_code() -> None:
    codes, described = run_node(DESCRIBED)
    assert codes == ["mail-gone", "unknown", "unknown", "unknown"]
    assert described[0] == {"code": "mail-gone", "message": "gone"}
