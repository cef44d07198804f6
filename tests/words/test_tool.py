"""The program for translators marks what was made from the English of now, and keeps every file in one order."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sealwax.words import ENGLISH, FOLDER, Words, WrongWords
from tests.support.project import ROOT
from tools.words import mark_as_made


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "words", ignore=shutil.ignore_patterns("*.py", "__pycache__"))


def rewrite(file: Path, **texts: str) -> None:
    """Change a catalogue as a translator's program may: in another order, with another indentation."""
    pairs = reversed({**json.loads(file.read_text()), **texts}.items())
    file.write_text(json.dumps(dict(pairs), indent=4))


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tools.words", "--folder", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_the_committed_catalogues_are_in_their_order(copy: Path) -> None:
    mark_as_made(copy, "all", [])
    for file in copy.iterdir():
        assert file.read_bytes() == (FOLDER / file.name).read_bytes()


def test_a_renewed_translation_is_no_longer_older(copy: Path) -> None:
    rewrite(copy / "en.json", **{"shared.cancel": "Stop", "shared.close": "Shut"})
    assert len(Words(copy).outdated()) == 2 * (len(Words(copy).languages) - 1)
    rewrite(copy / "de.json", **{"shared.cancel": "Anhalten"})
    mark_as_made(copy, "de", ["shared.cancel"])
    assert ("de", "shared.cancel") not in Words(copy).outdated()
    assert {("de", "shared.close"), ("fr", "shared.cancel")} <= set(Words(copy).outdated())
    assert list(Words(copy).texts("de")) == list(Words(copy).texts(ENGLISH))


def test_a_new_text_needs_a_note(copy: Path) -> None:
    for language in Words(copy).languages:
        rewrite(copy / f"{language}.json", **{"pages.tea_time": f"Tea {language}"})
    with pytest.raises(WrongWords, match=r"pages\.tea_time has no note"):
        mark_as_made(copy, "all", [])
    assert run(copy) == (1, "notes.json: pages.tea_time has no note\n")
    notes = json.loads((copy / "notes.json").read_text())
    (copy / "notes.json").write_text(json.dumps({**notes, "pages.tea_time": {"note": "When tea is served."}}))
    mark_as_made(copy, "all", [])
    assert Words(copy).outdated() == []


def test_the_program_names_what_is_wrong(copy: Path) -> None:
    assert run(copy) == (0, "")
    rewrite(copy / "en.json", **{"shared.cancel": "Stop"})
    code, output = run(copy)
    assert (code, "fr.json: shared.cancel is older than its English" in output) == (1, True)
    assert run(copy, "--made", "all") == (0, "")
    assert run(copy, "--made", "xx")[0] == 1
    assert run(copy, "--made", "de", "shared.no_such_key")[0] == 1
    (copy / "es.json").write_text("{}")
    code, output = run(copy)
    assert (code, output.startswith("es.json: ")) == (1, True)
