"""The verdicts of npm's recheck on the expressions of JavaScript files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

_PROGRAM: Final = Path(__file__).with_name("javascript.mjs")


class JavaScriptJudge:
    """A process of Node that runs `javascript.mjs`, while Python judges the patterns in Python files."""

    def __init__(self, root: Path, files: list[str]) -> None:
        self._process = subprocess.Popen(
            ["node", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(files))
        self._process.stdin.close()

    def verdicts(self) -> list[dict[str, Any]]:
        """One verdict for each expression, in the order of the files. Raises CalledProcessError if Node failed."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            verdicts = [json.loads(line) for line in lines]
        if status := self._process.wait():
            raise subprocess.CalledProcessError(status, "node")
        return verdicts
