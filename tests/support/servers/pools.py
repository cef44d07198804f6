"""Pools of connections as one process of a bridge has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealwax.service import Announcements, now
from webbridge.database import SCHEMA
from webbridge.gateway import ConnectionPool
from webbridge.places.shared import SharedPlaces

NewPool = Callable[..., ConnectionPool]


@pytest.fixture
def new_pool() -> Iterator[NewPool]:
    """A function that makes pools, with the database at `url` or each alone. They are closed after the test."""
    ends: list[Callable[[], None]] = []

    def make(url: str = ":memory:", **settings: Any) -> ConnectionPool:
        database = SCHEMA.open(url)
        places = SharedPlaces(database, Announcements(database), clock=now)
        pool = ConnectionPool(places, **settings)
        ends.extend([database.close, places.close, pool.close])
        return pool

    yield make
    for end in reversed(ends):
        end()
