"""Fixtures of a group at a key server: Alice owns Ward 3, and Bob has taken its key."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.keys.groups import Sharer, sharer, ward
from tests.support.keys.people import make_client


@pytest.fixture
def client(clock: FakeClock) -> FlaskClient:
    return make_client(clock)


@pytest.fixture
def alice(client: FlaskClient, clock: FakeClock) -> Sharer:
    """Alice, who owns Ward 3 with Bob."""
    alice = sharer(client, clock, "alice")
    alice.store(ward("alice", "bob"), 1)
    return alice


@pytest.fixture
def bob(alice: Sharer) -> Sharer:
    bob = sharer(alice.client, alice.clock, "bob")
    bob.take()
    return bob
