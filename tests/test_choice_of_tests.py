"""The selection of tests for `make test`: no marker may hide a broken fixture."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.project import ROOT

MARKERS = (
    "[pytest]\nmarkers =\n  in_turn: one\n  thorough: two\n  heart: three\n  third_engine: four\n  samples: five\n"
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


def test_a_fixture_that_does_not_exist_ends_the_run_before_any_test(tmp_path: Path) -> None:
    _, printed = collect(tmp_path, TESTS.replace("test_that_waits(shared)", "test_that_waits(gone)"), ends_with=4)
    assert "fixtures that do not exist: test_it.py::test_that_waits: gone" in printed


def test_a_fixture_that_outlives_what_it_uses_ends_the_run_before_any_test(tmp_path: Path) -> None:
    longer = "\n\n@pytest.fixture(scope='session')\ndef longer(tmp_path): ...\n\ndef test_longer(longer): ...\n"
    _, printed = collect(tmp_path, TESTS + longer, ends_with=4)
    assert "fixtures that live longer than what they use: longer uses tmp_path (test_it.py)" in printed
