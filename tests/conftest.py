"""The selection of tests, and the fixtures for all folders."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.answer_codes import take_unforeseen, watch_answers
from tests.support.choice import PARTS, choose, takes_turns, tests_of_part
from tests.support.project import source_newer_than_dist

# No deadline, because shared machines stall now and then. Derandomized, so that each run tries the same examples.
settings.register_profile("sealwax", deadline=None, derandomize=True)
settings.load_profile("sealwax")

# These fixtures are registered here, so that each browser starts and the sources are built only once for all folders.
pytest_plugins = ["tests.support.browser.fixtures", "tests.support.builds"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Keep bytes out of tests' names: the bytes of a generated key differ in each process that collects tests."""
    return argname if isinstance(val, bytes) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", help="take the tests that this seed chooses, in place of all")
    parser.addoption("--part", choices=PARTS, help="take a part of all tests")


def pytest_report_header(config: pytest.Config) -> str:
    if seed := config.getoption("--seed"):
        return f"seed {seed}: `make test SEED={seed}` takes the same tests again"
    return f"part {part} of {', '.join(PARTS)}" if (part := config.getoption("--part")) else "all tests that are named"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if newest := source_newer_than_dist():
        terminalreporter.write_line(f"dist/ is older than {newest}: tests of pages ran without it. Run `make setup`.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the tests that the options choose. Without options all run, in each browser and with each database."""
    if missing := fixtures_that_do_not_exist(items):
        raise pytest.UsageError("fixtures that do not exist: " + ", ".join(missing))
    if outliving := fixtures_that_outlive_what_they_use(items):
        raise pytest.UsageError("fixtures that live longer than what they use: " + ", ".join(outliving))
    if part := config.getoption("--part"):
        keep(config, items, tests_of_part(items, part))
    if seed := config.getoption("--seed"):
        keep(config, items, choose(items, seed))
    # Several processes share the files. Those with the most tests in browsers and with servers come first.
    sizes = Counter(item.path for item in items if takes_turns(item))
    items.sort(key=lambda item: (-sizes[item.path], item.path) if sizes[item.path] else (1, item.path))


def keep(config: pytest.Config, items: list[pytest.Item], wanted: set[pytest.Item]) -> None:
    """Deselect all other items."""
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = [item for item in items if item in wanted]


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
    fixtures: dict[str, None] = {}
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        known = item._fixtureinfo.name2fixturedefs
        for name in known.keys() - parameters_of(item):
            for used in known[name][-1].argnames:
                # A fixture that asks for its own name gets the fixture that it overrides.
                definitions = known.get(used, ())[: -1 if used == name else None]
                if definitions and definitions[-1]._scope < known[name][-1]._scope:
                    fixtures[f"{name} uses {used} ({item.nodeid.partition('::')[0]})"] = None
    return list(fixtures)


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


@pytest.fixture(autouse=True)
def no_error_that_the_tables_lack() -> Iterator[None]:
    """Fail a test in which a service answers an error that the table of its routes does not have."""
    watch_answers()
    yield
    assert not take_unforeseen()
