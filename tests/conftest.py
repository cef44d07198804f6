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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the tests of a module that is marked `in_turn`, one runs in the one browser and the next in the other.

    Those marked `thorough` wait for `--every-browser`, but for the `heart` of a module that is.
    """
    if config.getoption("--every-browser"):
        return
    names: dict[str, list[str]] = {}
    left_out: list[pytest.Item] = []
    for item in items:
        if item.get_closest_marker("thorough") and not item.get_closest_marker("heart"):
            left_out.append(item)
            continue
        found = re.search("chromium|firefox", item.name)
        if item.get_closest_marker("in_turn") is None or found is None:
            continue
        known = names.setdefault(item.nodeid.partition("::")[0], [])
        name = item.name.replace(found[0], "")
        if name not in known:
            known.append(name)
        if found[0] != ("chromium", "firefox")[known.index(name) % 2]:
            left_out.append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


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
