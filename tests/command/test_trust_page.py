"""The examples of docs/trust.md run as they are, one after the other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smime_core.report.reasons import REASONS
from tests.support.code_blocks import examples
from tests.support.project import ROOT

pytestmark = pytest.mark.thorough

PAGE = ROOT / "docs" / "trust.md"
EXAMPLES = examples(PAGE.read_text(), "sh")


@pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are for bash")
def test_the_examples_run(tmp_path: Path) -> None:
    script = tmp_path / "bin" / "sealwax"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sealwax.cli "$@"\n')
    script.chmod(0o755)
    source = [str(PAGE.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        ["bash", "--norc", "-euo", "pipefail", "-c", "\n".join(EXAMPLES)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(source),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("untrusted-anchor") == 1
    assert done.stdout.count("verified: signed by alice@example.test") == 3
    assert "list of Example Ltd, number 1" in done.stdout


def test_the_words_of_the_page_are_those_of_the_verdict() -> None:
    table = PAGE.read_text().partition("## What a verdict says")[2]
    words = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    assert len(words) >= 9
    assert set(words) <= set(REASONS)
