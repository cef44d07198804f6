"""The blocks of README.md run as they are, in a clean folder, and print what is below them."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.code_blocks import code_blocks
from tests.support.project import ROOT

BLOCKS = code_blocks((ROOT / "README.md").read_text())
MADE = re.compile(r"make [a-z-]+\n")
# Each block that runs, with the block of text behind it.
RUNNING = [
    (block.language, block.text, printed.text)
    for block, printed in itertools.pairwise(BLOCKS)
    if block.language != "text" and not MADE.fullmatch(block.text)
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with nothing but an installed command."""
    script = tmp_path / ".venv" / "bin" / "sealwax"
    script.parent.mkdir(parents=True)
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sealwax.cli "$@"\n')
    script.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def test_readme_has_blocks_of_both_languages() -> None:
    assert [language for language, _, _ in RUNNING] == ["sh", "python"]
    assert len(BLOCKS) == len(RUNNING) * 2 + sum(bool(MADE.fullmatch(block.text)) for block in BLOCKS)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are for bash")
@pytest.mark.parametrize(("language", "source", "printed"), RUNNING, ids=[language for language, _, _ in RUNNING])
def test_a_block_prints_what_stands_below_it(checkout: Path, language: str, source: str, printed: str) -> None:
    command = [sys.executable, "-c"] if language == "python" else ["bash", "--norc", "-euo", "pipefail", "-c"]
    own = {"TMPDIR": str(checkout / "tmp"), "HOME": str(checkout), "XDG_DATA_HOME": str(checkout / "data")}
    done = subprocess.run(
        [*command, source],
        cwd=checkout,
        env={**os.environ, **own, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.returncode) == (printed, 0)


def test_every_target_of_readme_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
