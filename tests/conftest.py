"""What all tests share."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Shared machines stall now and then; a slow example is no failure, and each run tries the same ones.
settings.register_profile("sealwax", deadline=None, derandomize=True)
settings.load_profile("sealwax")

UNIT = Path(__file__).parent / "unit"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Octets have no place in a test's name: those of a fresh key are others in each process that collects."""
    return argname if isinstance(val, bytes) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-browser", action="store_true", help="tests marked in_turn run in both browsers")
    parser.addoption("--left-out", action="store_true", help="the tests that a run without options leaves out")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what `make test` has no time for, but use every fixture in at least one test.

    Modules marked `in_turn` run in one browser, each in the other than the one before. Tests marked
    `thorough` wait for `--left-out`, except for the `heart` of a module and the first test of each fixture that
    would otherwise not be used: a broken fixture fails at once, not in the next `make test-all`.
    """
    if missing := fixtures_that_do_not_exist(items):
        raise pytest.UsageError("fixtures that do not exist: " + ", ".join(missing))
    if outliving := fixtures_that_outlive_what_they_use(items):
        raise pytest.UsageError("fixtures that live longer than what they use: " + ", ".join(outliving))
    if config.getoption("--every-browser"):
        return
    possible = in_one_browser(items)
    waiting = [
        item for item in possible if item.get_closest_marker("thorough") and not item.get_closest_marker("heart")
    ]
    chosen = [item for item in possible if item not in waiting]
    used = set[object]().union(*map(fixture_functions, chosen))
    for item in waiting:
        if fixture_functions(item) - used:
            chosen.append(item)
            used |= fixture_functions(item)
    wanted = set(items) - set(chosen) if config.getoption("--left-out") else set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    # Two processes share the files: the one that takes longest begins first.
    longest = {item.path for item in wanted if item.get_closest_marker("longest")}
    items[:] = sorted((item for item in items if item in wanted), key=lambda item: item.path not in longest)


def in_one_browser(items: list[pytest.Item]) -> list[pytest.Item]:
    """The items, of modules marked `in_turn` in one browser alone: one module in the one, the next in the other.

    A module's fixtures, which take longer than its tests, then start in one browser only.
    """
    modules: list[str] = []
    chosen = []
    for item in items:
        found = re.search("chromium|firefox", item.name)
        if item.get_closest_marker("in_turn") is not None and found is not None:
            module = item.nodeid.partition("::")[0]
            if module not in modules:
                modules.append(module)
            if found[0] != ("chromium", "firefox")[modules.index(module) % 2]:
                continue
        chosen.append(item)
    return chosen


def fixture_functions(item: pytest.Item) -> set[object]:
    """The functions behind the fixtures of a test: modules import them from each other, so names do not tell."""
    if not isinstance(item, pytest.Function):
        return set()
    known = item._fixtureinfo.name2fixturedefs
    return {known[name][-1].func for name in item.fixturenames if name in known and name not in parameters_of(item)}


def fixtures_that_do_not_exist(items: list[pytest.Item]) -> list[str]:
    """What the tests ask for and nobody provides; pytest itself finds out only when it runs the test."""
    return [
        f"{item.nodeid}: {name}"
        for item in items
        if isinstance(item, pytest.Function)
        for name in item.fixturenames
        if name not in item._fixtureinfo.name2fixturedefs and name != "request" and name not in parameters_of(item)
    ]


def fixtures_that_outlive_what_they_use(items: list[pytest.Item]) -> list[str]:
    """Fixtures that ask for one of a narrower scope; pytest itself finds out only when it runs the test."""
    found: dict[str, None] = {}
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        known = item._fixtureinfo.name2fixturedefs
        for name in known.keys() - parameters_of(item):
            for used in known[name][-1].argnames:
                # A fixture that asks for its own name gets the one that it hides.
                definitions = known.get(used, ())[: -1 if used == name else None]
                if definitions and definitions[-1]._scope < known[name][-1]._scope:
                    found[f"{name} uses {used} ({item.nodeid.partition('::')[0]})"] = None
    return list(found)


def parameters_of(item: pytest.Function) -> set[str]:
    """The names of a test's arguments that `parametrize` gives values to, unless a fixture takes the value."""
    return {
        name
        for mark in item.iter_markers("parametrize")
        if not mark.kwargs.get("indirect")
        for name in (mark.args[0].replace(" ", "").split(",") if isinstance(mark.args[0], str) else mark.args[0])
    }


@pytest.fixture(autouse=True, scope="session")
def folders_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests has decisions, contacts and kept answers: none of them is read or altered."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(folder / name))
        yield


@pytest.fixture(autouse=True)
def no_network_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test that opens a connection fails."""
    if UNIT not in request.path.parents:
        return

    def refuse(*_: object) -> None:
        raise AssertionError("a unit test opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
