"""The selection of tests for `make test`: no marker may hide a broken fixture."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.project import ROOT
from tests.support.turns import PARTS, TURN, choose_part

MARKERS = (
    "[pytest]\nmarkers =\n  in_turn: one\n  thorough: two\n  heart: three\n  third_engine: four\n  samples: five\n"
    "  every_time: six\n"
)
HOOKS = """
import pytest
from tests.conftest import pytest_addoption, pytest_collection_modifyitems

@pytest.fixture
def rare(): pass
"""
TESTS = """
import pytest

@pytest.fixture
def shared(): pass

@pytest.fixture
def own(): pass

@pytest.mark.parametrize("browser", ["chromium", "firefox"])
@pytest.mark.in_turn
def test_one(browser, shared): pass

@pytest.mark.parametrize("browser", ["chromium", "firefox"])
@pytest.mark.in_turn
def test_two(browser): pass

@pytest.mark.thorough
def test_that_waits(shared): pass

@pytest.mark.thorough
@pytest.mark.heart
def test_heart(shared): pass

@pytest.mark.heart
@pytest.mark.third_engine
def test_heart_elsewhere(shared): pass

@pytest.mark.thorough
def test_rare(rare): pass

@pytest.mark.thorough
def test_rare_again(rare): pass

@pytest.mark.thorough
def test_own(own): pass

@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.in_turn
def test_store(database): pass

@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.in_turn
def test_store_again(database): pass

@pytest.mark.samples(2)
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
@pytest.mark.parametrize("number", range(3))
def test_samples(browser, number): pass
"""

# Files of this are in a folder whose tests take turns.
MANY = """
import pytest

def test_one(): pass

@pytest.mark.thorough
def test_two(): pass

@pytest.mark.every_time
def test_three(): pass
"""

SAMPLES = ("0-chromium", "0-firefox", "1-chromium", "1-firefox")


def collect(folder: Path, text: str, *options: str, ends_with: int = 0) -> tuple[set[str], str]:
    """The names of the tests that would run, and everything that pytest printed."""
    (folder / "pytest.ini").write_text(MARKERS)
    (folder / "conftest.py").write_text(HOOKS)
    (folder / "test_it.py").write_text(text)
    (folder / "test_next.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    # The tester's own options would change the output.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ends_with, done.stdout
    printed = done.stdout + done.stderr
    return {line for line in printed.splitlines() if "::" in line and " " not in line}, printed


def test_browsers_and_databases_take_turns_and_thorough_tests_wait(
    tmp_path: Path,
) -> None:
    chosen, _ = collect(tmp_path, TESTS)
    assert chosen == {
        "test_it.py::test_one[chromium]",
        "test_it.py::test_two[chromium]",
        "test_it.py::test_heart",
        "test_it.py::test_rare",
        "test_it.py::test_store[sqlite]",
        "test_it.py::test_store_again[postgresql]",
        *(f"test_it.py::test_samples[{one}]" for one in SAMPLES),
        "test_next.py::test_one[firefox]",
        "test_next.py::test_two[firefox]",
        "test_next.py::test_heart",
        "test_next.py::test_store[sqlite]",
        "test_next.py::test_store_again[postgresql]",
        *(f"test_next.py::test_samples[{one}]" for one in SAMPLES),
    }


def test_every_test_runs_with_every_browser(tmp_path: Path) -> None:
    chosen, _ = collect(tmp_path, TESTS, "--every-browser")
    assert len(chosen) == 40


def test_left_out_tests_are_all_the_rest(tmp_path: Path) -> None:
    chosen, _ = collect(tmp_path, TESTS)
    left_out, _ = collect(tmp_path, TESTS, "--left-out")
    every, _ = collect(tmp_path, TESTS, "--every-browser")
    assert not chosen & left_out
    assert chosen | left_out == every


def test_the_parts_have_every_test_and_each_has_what_takes_no_turns(tmp_path: Path) -> None:
    pages, core = tmp_path / "tests" / "pages", tmp_path / "tests" / "core"
    for folder, names in ((pages, range(20)), (core, "x")):
        folder.mkdir(parents=True)
        for name in names:
            (folder / f"test_{folder.name}_{name}.py").write_text(MANY)
    for options, taking_turns, always in (([], {"one"}, {"one", "three"}), (["--left-out"], {"two"}, set[str]())):
        whole, _ = collect(tmp_path, "", *options)
        parts = [collect(tmp_path, "", *options, "--part", str(part))[0] for part in range(1, PARTS + 1)]
        assert all(parts)
        assert set[str]().union(*parts) == whole
        common = set[str](parts[0]).intersection(*parts)
        assert {one.rpartition("::test_")[2] for one in common if "core" in one} == always
        assert all("::test_three" in one for one in common if "pages" in one)
        turns = [one for one in whole if "pages" in one and one.rpartition("::test_")[2] in taking_turns]
        assert [sum(one in part for part in parts) for one in turns] == [1] * 20


def test_a_commit_has_one_part() -> None:
    part = choose_part(TURN)
    assert part in range(1, PARTS + 1)
    assert choose_part(TURN) == part
    assert choose_part("") is None
    assert choose_part("3") == 3


def test_a_fixture_that_does_not_exist_ends_the_run_before_any_test(tmp_path: Path) -> None:
    _, printed = collect(tmp_path, TESTS.replace("test_that_waits(shared)", "test_that_waits(gone)"), ends_with=4)
    assert "fixtures that do not exist: test_it.py::test_that_waits: gone" in printed


def test_a_fixture_that_outlives_what_it_uses_ends_the_run_before_any_test(tmp_path: Path) -> None:
    longer = "\n\n@pytest.fixture(scope='session')\ndef longer(tmp_path): ...\n\ndef test_longer(longer): ...\n"
    _, printed = collect(tmp_path, TESTS + longer, ends_with=4)
    assert "fixtures that live longer than what they use: longer uses tmp_path (test_it.py)" in printed
