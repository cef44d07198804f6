"""Fixtures of the tests of kept files: a bridge at which people sign in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.servers.kept_files import Keeper, keeper_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import Rig, store_config
from webbridge import BridgeConfig


@pytest.fixture
def parcels_bridge(config: BridgeConfig, database_url: str, store: Path, clock: FakeClock) -> BridgeConfig:
    """A bridge whose mail server answers, so that people sign in."""
    return replace(config, database=database_url, clock=clock, parcels=store_config(store))


@pytest.fixture
def alice(rig: Rig) -> Keeper:
    return keeper_of(rig, ALICE)
