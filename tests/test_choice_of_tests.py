"""The choice of tests: a name or a folder runs whole, and a seed chooses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.choice import NIGHTLY, PARTS, SHARE, THOROUGH, seed_of_commit
from tests.support.project import ROOT

MARKERS = "[pytest]\nmarkers =\n  browser: one\n  main_way: two\n  server: three\n  thorough: four\n"
HOOKS = """
import pytest
from tests.conftest import pytest_addoption, pytest_collection_modifyitems, pytest_report_header

@pytest.fixture
def rare(): pass
"""
TESTS = """
import pytest

BROWSERS = pytest.mark.parametrize("browser", ["chromium", "firefox", "webkit"])

@BROWSERS
@pytest.mark.browser
def test_one(browser): pass

@BROWSERS
def test_value(browser): pass

@BROWSERS
@pytest.mark.main_way
def test_main(browser): pass

def test_plain(): pass

@pytest.mark.server
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_store(database): pass

@pytest.mark.thorough
def test_that_waits(rare): pass

@BROWSERS
@pytest.mark.browser
@pytest.mark.thorough(after=2)
@pytest.mark.parametrize("number", range(3))
def test_sets(browser, number): pass
"""
WAITING = """
import pytest

pytestmark = pytest.mark.thorough

@pytest.mark.thorough(False)
def test_heeded(): pass

def test_that_waits(): pass
"""
MANY_SEEDS = """
from tests.support.choice import choose

def pytest_collection_modifyitems(config, items):
    chosen = [choose(items, str(seed)) for seed in range(400)]
    items[:] = [item for item in items if any(item in one for one in chosen)]
"""
# Of four ways with three browsers, two databases, and two tests.
COUNT = 3 + 3 + 3 + 1 + 2 + 1 + 9
FILES = 12


def write_project(folder: Path, text: str = TESTS) -> None:
    """Make a folder of tests that take turns, and one of those that do not."""
    (folder / "pytest.ini").write_text(MARKERS)
    (folder / "conftest.py").write_text(HOOKS)
    for room, names in (("pages", range(FILES)), ("core", range(1))):
        (folder / "tests" / room).mkdir(parents=True)
        for name in names:
            (folder / "tests" / room / f"test_{room}_{name}.py").write_text(text)


def collect(folder: Path, *options: str, ends_with: int = 0) -> tuple[list[str], str]:
    """The names of the tests that would run, and everything that pytest printed."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    # The tester's own options would change the output.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ends_with, done.stdout
    printed = done.stdout + done.stderr
    return [line for line in printed.splitlines() if "::" in line and " " not in line], printed


def test_what_is_named_runs_whole_in_each_browser_and_with_each_database(tmp_path: Path) -> None:
    write_project(tmp_path)
    for named, count in (
        ("tests/pages/test_pages_3.py", COUNT),
        ("tests/pages", COUNT * FILES),
        ("tests/pages/test_pages_3.py::test_sets", 9),
        (".", COUNT * (FILES + 1)),
    ):
        chosen, printed = collect(tmp_path, named)
        assert len(chosen) == count
        assert "deselected" not in printed


def test_a_seed_takes_a_sixth_of_the_files_in_one_browser_each(tmp_path: Path) -> None:
    write_project(tmp_path)
    for seed in ("1", "2", "of a commit"):
        chosen, _ = collect(tmp_path, "--seed", seed)
        files = {name.partition("::")[0] for name in chosen if "test_one[" in name}
        assert len(files) == 1 + FILES // SHARE
        for file in files:
            own = [name.partition("::test_")[2] for name in chosen if name.startswith(file)]
            (browser,) = {re.search(r"chromium|firefox", name)[0] for name in own if name.startswith(("one", "sets"))}  # type: ignore[index]
            (database,) = (name for name in own if name.startswith("store"))
            main = {"main[chromium]", "main[firefox]"}
            # In a test in memory the name of a browser is only a value.
            values = {"value[chromium]", "value[firefox]"} if "/core/" in file else {f"value[{browser}]"}
            driven = {f"one[{browser}]", f"sets[0-{browser}]", f"sets[1-{browser}]"}
            assert set(own) == {"plain", database} | driven | main | values
        # A main way runs always, and in each browser.
        assert sum("test_main[" in name for name in chosen) == 2 * (FILES + 1)


def test_a_seed_chooses_the_same_again_and_the_run_prints_it(tmp_path: Path) -> None:
    write_project(tmp_path)
    first, _ = collect(tmp_path, "--seed", "7")
    again, _ = collect(tmp_path, "--seed", "7")
    assert again == first
    _, printed = collect(tmp_path, "--seed", "7", "-v")
    assert "seed 7: `make test SEED=7` takes the same tests again" in printed


def test_many_seeds_choose_everything_that_does_not_wait(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "conftest.py").write_text(HOOKS + MANY_SEEDS)
    seen, _ = collect(tmp_path)
    (tmp_path / "conftest.py").write_text(HOOKS)
    whole, _ = collect(tmp_path)
    assert set(seen) == {name for name in whole if not re.search(r"webkit|waits|sets\[2", name)}


def test_the_choice_does_not_depend_on_what_else_is_collected(tmp_path: Path) -> None:
    write_project(tmp_path)
    before, _ = collect(tmp_path, "--seed", "7")
    (tmp_path / "tests" / "core" / "test_further.py").write_text(TESTS)
    after, _ = collect(tmp_path, "--seed", "7")
    assert [name for name in after if "further" not in name] == before


def test_a_test_of_a_file_that_waits_need_not_wait(tmp_path: Path) -> None:
    write_project(tmp_path, WAITING)
    chosen, _ = collect(tmp_path, "--seed", "7")
    assert {name.partition("::")[2] for name in chosen} == {"test_heeded"}


def test_the_parts_together_are_all_tests_and_none_is_in_two(tmp_path: Path) -> None:
    write_project(tmp_path)
    webmails = tmp_path / "tests" / "extension" / "webmails"
    webmails.mkdir(parents=True)
    (webmails / "test_webmail.py").write_text(TESTS)
    parts = {part: collect(tmp_path, "--part", part)[0] for part in PARTS}
    assert {name.partition("::")[0] for name in parts[NIGHTLY]} == {"tests/extension/webmails/test_webmail.py"}
    # Of each file: the test that waits, and the third set of parameters in three browsers.
    assert len(parts[THOROUGH]) == (FILES + 1) * (1 + 3)
    assert all(re.search(r"waits|sets\[2", name) for name in parts[THOROUGH])
    assert sorted(name for part in parts.values() for name in part) == sorted(collect(tmp_path)[0])


def test_a_commit_has_one_seed() -> None:
    assert seed_of_commit() == seed_of_commit() != ""


def test_a_fixture_that_does_not_exist_ends_the_run_before_any_test(tmp_path: Path) -> None:
    write_project(tmp_path, TESTS.replace("test_that_waits(rare)", "test_that_waits(gone)"))
    _, printed = collect(tmp_path, ends_with=4)
    assert "fixtures that do not exist: tests/core/test_core_0.py::test_that_waits: gone" in printed


def test_a_fixture_that_outlives_what_it_uses_ends_the_run_before_any_test(tmp_path: Path) -> None:
    longer = "\n\n@pytest.fixture(scope='session')\ndef longer(tmp_path): ...\n\ndef test_longer(longer): ...\n"
    write_project(tmp_path, TESTS + longer)
    _, printed = collect(tmp_path, ends_with=4)
    assert "fixtures that live longer than what they use: longer uses tmp_path (tests/core/test_core_0.py)" in printed
