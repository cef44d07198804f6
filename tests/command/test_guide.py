"""The examples of docs/command.md run as they are, one after the other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sealwax.cli.group import sealwax
from tests.support.code_blocks import examples
from tests.support.project import ROOT

pytestmark = pytest.mark.thorough

PAGE = ROOT / "docs" / "command.md"
EXAMPLES = examples(PAGE.read_text(), "sh")


@pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are for bash")
def test_the_examples_run(tmp_path: Path) -> None:
    script = tmp_path / "bin" / "sealwax"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sealwax.cli "$@"\n')
    script.chmod(0o755)
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    source = [str(PAGE.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        ["bash", "--norc", "-euo", "pipefail", "-c", "\n".join(EXAMPLES)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": path,
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "PYTHONPATH": os.pathsep.join(source),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "received: verified" in done.stdout
    assert "At eight." in (tmp_path / "read_later.eml").read_text()
    assert (tmp_path / "letter_again.eml").read_bytes() == (tmp_path / "letter.eml").read_bytes()


@pytest.mark.thorough(False)
def test_every_verb_stands_on_the_page() -> None:
    text = PAGE.read_text()
    for verb in sealwax.list_commands(None):  # type: ignore[arg-type]
        assert f"`{verb}" in text, verb
