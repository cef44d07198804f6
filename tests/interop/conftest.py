"""Peers for the tests of this folder: each is started at its first use and serves the whole session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.bouncy_castle import BouncyCastle
from tests.interop.gpgsm import Gpgsm
from tests.interop.nss import Nss
from tests.interop.openssl import OpenSsl
from tests.interop.peer import Peer
from tests.interop.people import write_people
from tests.interop.pkijs import PkiJs

PEERS: dict[str, type[OpenSsl] | type[Gpgsm] | type[Nss] | type[BouncyCastle] | type[PkiJs]] = {
    "openssl": OpenSsl,
    "gpgsm": Gpgsm,
    "nss": Nss,
    "bouncy-castle": BouncyCastle,
    "pkijs": PkiJs,
}


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="session")
def start_peer(people_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Peer]]:
    """The peer of a name; skips the test with the reason where it is not installed."""
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
