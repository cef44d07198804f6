"""What all tests share."""

from __future__ import annotations

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
