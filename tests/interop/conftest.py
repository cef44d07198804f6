"""Fixtures of the interoperability tests: other S/MIME programs (peers). Each starts once, at its first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.peers.by_name import PEERS
from tests.support.peers.peer import Peer
from tests.support.peers.people import write_people


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="session")
def start_peer(people_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Peer]]:
    """A function that returns the peer of a name. It skips the test if the peer is not installed."""
    started: dict[str, Peer] = {}

    def start(name: str) -> Peer:
        absence = PEERS[name].absence()
        if absence:
            pytest.skip(absence)
        if name not in started:
            started[name] = PEERS[name](people_folder, tmp_path_factory.mktemp("peers") / name)
        return started[name]

    yield start
    for peer in started.values():
        peer.close()
