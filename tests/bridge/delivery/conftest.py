"""Fixtures of the tests of parcels: a bridge that stores them in a folder, with each database in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.notices.submission import Submission
from tests.support.clock import FakeClock
from tests.support.servers.parcels import Recipient, Rig, Sender, bridge_config, store_config
from tests.support.servers.post import Post, serving
from webbridge import BridgeConfig, create_app
from webbridge.services import services_of


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def submission(post: Post) -> Iterator[Submission]:
    """The mail server at which all mails come to `post`."""
    with serving(post) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def parcels_bridge(database_url: str, store: Path, clock: FakeClock) -> BridgeConfig:
    return bridge_config(database_url, clock, store_config(store))


@pytest.fixture
def rig(parcels_bridge: BridgeConfig, clock: FakeClock) -> Iterator[Rig]:
    app = create_app(parcels_bridge)
    yield Rig(app, clock)
    services_of(app).close()


@pytest.fixture
def sender(rig: Rig) -> Sender:
    return rig.sender()


@pytest.fixture
def recipient(rig: Rig) -> Recipient:
    return rig.recipient()
