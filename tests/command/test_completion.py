"""Completion of the command's verbs, options and choices in a real shell."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command.lab import Lab

pytestmark = pytest.mark.thorough


@pytest.fixture
def path_with_sealwax(tmp_path: Path) -> str:
    """A PATH on which `sealwax` is the command of this source."""
    script = tmp_path / "sealwax"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sealwax.cli "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def complete(lab: Lab, path: str, *words: str) -> list[str]:
    """The proposals of bash for the last word."""
    commands = (
        'eval "$(sealwax completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_sealwax_completion sealwax; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", commands, "bash", *words],
        cwd=lab.folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_verbs_options_and_choices(lab: Lab, path_with_sealwax: str) -> None:
    assert complete(lab, path_with_sealwax, "sealwax", "dec") == ["decrypt"]
    assert complete(lab, path_with_sealwax, "sealwax", "sign", "--opa") == ["--opaque"]
    assert complete(lab, path_with_sealwax, "sealwax", "identity", "ex") == ["export"]
    assert "aes-256-gcm" in complete(lab, path_with_sealwax, "sealwax", "encrypt", "--cipher", "")


@pytest.mark.thorough(False)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_the_script_of_each_shell(lab: Lab, shell: str) -> None:
    result = lab.sealwax("completion", shell)
    assert (result.code, result.stderr) == (0, "")
    assert b"_SEALWAX_COMPLETE" in result.stdout
