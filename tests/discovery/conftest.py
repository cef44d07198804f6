"""Fixtures of the discovery service: a clock, and the configuration of a domain with three servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealwax.discovery.config import DiscoveryConfig
from smime_core.own_content import ServerKind
from tests.support.clock import FakeClock
from tests.support.people import NOW
from tests.support.server_lists import BRIDGE_KEY, DOMAIN, KEYS_KEY, OPERATOR, SECOND_BRIDGE, server

ORIGIN = "http://127.0.0.1:8500"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at=NOW)


@pytest.fixture
def config(tmp_path: Path, clock: FakeClock) -> DiscoveryConfig:
    return DiscoveryConfig(
        domain=DOMAIN,
        origin=ORIGIN,
        state_file=tmp_path / "discovery.json",
        key=OPERATOR,
        servers=(
            server(ServerKind.BRIDGE, "https://api.example.test", BRIDGE_KEY),
            SECOND_BRIDGE,
            server(ServerKind.KEY_SERVER, "https://keys.example.test", KEYS_KEY),
        ),
        move_domains=(DOMAIN,),
        clock=clock,
    )
