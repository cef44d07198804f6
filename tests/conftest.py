"""The selection of tests, and the fixtures for all folders."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.turns import PARTS, TURN, choose_part, is_of_part, takes_turns

# No deadline, because shared machines stall now and then. Derandomized, so that each run tries the same examples.
settings.register_profile("sealwax", deadline=None, derandomize=True)
settings.load_profile("sealwax")

# These fixtures are registered here, so that each browser starts and the sources are built only once for all folders.
pytest_plugins = ["tests.support.browser.fixtures", "tests.support.builds"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Keep bytes out of tests' names: the bytes of a generated key differ in each process that collects tests."""
    return argname if isinstance(val, bytes) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-browser", action="store_true", help="tests marked in_turn run in both browsers")
    parser.addoption("--left-out", action="store_true", help="the tests that a run without options leaves out")
    parts = [str(part) for part in range(1, PARTS + 1)]
    parser.addoption("--part", choices=[*parts, TURN], help=f"a part of them; `{TURN}`: the one of this commit")


def pytest_report_header(config: pytest.Config) -> str:
    part = choose_part(config.getoption("--part"))
    return f"part {part} of {PARTS} of the tests that take turns" if part else "all parts of the tests"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that take too long for `make test`, but use every fixture in at least one test.

    Modules marked `in_turn` run in one browser only, alternately in Chromium and Firefox, and each of their tests with
    one database. Tests marked `thorough` run with `--left-out` only, and so do the parameter sets of a test after the
    first ones that its mark `samples` counts. There are two exceptions: tests marked `heart`, and the first test of
    each fixture that several modules share and no other selected test uses, so that `make test` notices a broken
    fixture. Tests marked `third_engine` and parameter sets that are no samples wait also if they are marked `heart`.

    With `--part` only one part of these tests runs, and, unless it is a run of what is left out, those that take no
    turns.
    """
    if missing := fixtures_that_do_not_exist(items):
        raise pytest.UsageError("fixtures that do not exist: " + ", ".join(missing))
    if outliving := fixtures_that_outlive_what_they_use(items):
        raise pytest.UsageError("fixtures that live longer than what they use: " + ", ".join(outliving))
    part = choose_part(config.getoption("--part"))
    if config.getoption("--every-browser"):
        keep(config, items, {item for item in items if part is None or is_of_part(item, part)})
        return
    possible = with_one_database(in_one_browser(items))
    further = after_the_samples([item for item in possible if not is_marked_to_wait(item)])
    waiting = [item for item in possible if is_marked_to_wait(item) or item in further]
    chosen = [item for item in possible if item not in waiting]
    used = set[object]().union(*map(fixture_functions, chosen))
    for item in waiting:
        if shared_fixtures(item) - used:
            chosen.append(item)
            used |= shared_fixtures(item)
    is_rest = config.getoption("--left-out")
    wanted = set(items) - set(chosen) if is_rest else set(chosen)
    if part is not None:
        wanted = {item for item in wanted if is_of_part(item, part) or not (is_rest or takes_turns(item))}
    keep(config, items, wanted)
    # `make test` shares the files among several processes. The files that take longest come first.
    longest = {item.path for item in wanted if item.get_closest_marker("longest")}
    items.sort(key=lambda item: item.path not in longest)


def keep(config: pytest.Config, items: list[pytest.Item], wanted: set[pytest.Item]) -> None:
    """Deselect all other items."""
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = [item for item in items if item in wanted]


def in_one_browser(items: list[pytest.Item]) -> list[pytest.Item]:
    """The items without the second browser of modules marked `in_turn`: these use Chromium and Firefox alternately.

    So the fixtures of such a module, which take longer than its tests, start in one browser only.
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


def with_one_database(items: list[pytest.Item]) -> list[pytest.Item]:
    """The items without the second database of the tests in modules marked `in_turn`: these take turns."""
    tests: dict[str, int] = {}
    chosen = []
    for item in items:
        found = re.search("sqlite|postgresql", item.name)
        if item.get_closest_marker("in_turn") is not None and found is not None:
            turn = tests.setdefault(item.nodeid.replace(found[0], "", 1), len(tests))
            if found[0] != ("sqlite", "postgresql")[turn % 2]:
                continue
        chosen.append(item)
    return chosen


def is_marked_to_wait(item: pytest.Item) -> bool:
    """Whether a test waits for `make test-all`, unless it alone uses a fixture."""
    if item.get_closest_marker("third_engine") is not None:
        return True
    return item.get_closest_marker("thorough") is not None and item.get_closest_marker("heart") is None


def after_the_samples(items: list[pytest.Item]) -> set[pytest.Item]:
    """The parameter sets of tests marked `samples(count)` after the first `count` ones, in each browser."""
    seen: dict[tuple[str, str], int] = {}
    further = set()
    for item in items:
        mark = item.get_closest_marker("samples")
        if mark is not None:
            found = re.search("chromium|firefox|webkit", item.name)
            test = (item.nodeid.partition("[")[0], found[0] if found else "")
            seen[test] = seen.get(test, 0) + 1
            if seen[test] > mark.args[0]:
                further.add(item)
    return further


def shared_fixtures(item: pytest.Item) -> set[object]:
    """The functions of a test's fixtures that other modules can use. A module's own fixtures wait with its tests."""
    assert isinstance(item, pytest.Function)
    own = item.module.__name__
    return {function for function in fixture_functions(item) if getattr(function, "__module__", "") != own}


def fixture_functions(item: pytest.Item) -> set[object]:
    """The functions of a test's fixtures. Functions and not names, because modules import fixtures from each other."""
    if not isinstance(item, pytest.Function):
        return set()
    known = item._fixtureinfo.name2fixturedefs
    return {known[name][-1].func for name in item.fixturenames if name in known and name not in parameters_of(item)}


def fixtures_that_do_not_exist(items: list[pytest.Item]) -> list[str]:
    """The fixtures that tests ask for, but that are not defined. pytest itself notices them only when the test runs."""
    return [
        f"{item.nodeid}: {name}"
        for item in items
        if isinstance(item, pytest.Function)
        for name in item.fixturenames
        if name not in item._fixtureinfo.name2fixturedefs and name != "request" and name not in parameters_of(item)
    ]


def fixtures_that_outlive_what_they_use(items: list[pytest.Item]) -> list[str]:
    """The fixtures that use a fixture of a narrower scope. pytest itself notices them only when the test runs."""
    found: dict[str, None] = {}
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        known = item._fixtureinfo.name2fixturedefs
        for name in known.keys() - parameters_of(item):
            for used in known[name][-1].argnames:
                # A fixture that asks for its own name gets the fixture that it overrides.
                definitions = known.get(used, ())[: -1 if used == name else None]
                if definitions and definitions[-1]._scope < known[name][-1]._scope:
                    found[f"{name} uses {used} ({item.nodeid.partition('::')[0]})"] = None
    return list(found)


def parameters_of(item: pytest.Function) -> set[str]:
    """The names of a test's arguments that get their value from `parametrize` and not from a fixture."""
    return {
        name
        for mark in item.iter_markers("parametrize")
        if not mark.kwargs.get("indirect")
        for name in (mark.args[0].replace(" ", "").split(",") if isinstance(mark.args[0], str) else mark.args[0])
    }


@pytest.fixture(autouse=True, scope="session")
def folders_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary folders for settings, contacts and caches, so that tests neither read nor alter the tester's own."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        # A server refuses to start with a variable that is none of its settings. Its reader has read it by now.
        patch.delenv("SEALWAX_VECTORS", raising=False)
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(folder / name))
        yield


@pytest.fixture(autouse=True)
def no_network_without_a_marker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that opens a connection, unless it is marked `browser` or `server`."""
    if any(request.node.get_closest_marker(name) for name in ("browser", "server")):
        return

    def refuse(*_: object) -> None:
        raise AssertionError("a test without the marker `browser` or `server` opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
