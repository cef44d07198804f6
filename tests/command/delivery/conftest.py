"""Fixtures of the tests of parcels: a service in memory, and a folder with Alice's token and two identities."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command.lab import QuickLab
from tests.support.delivery.identities import (
    few_rounds as few_rounds,
    identities as identities,
    no_keyring as no_keyring,
)
from tests.support.delivery.lab import DeliveryLab, at_played_service
from tests.support.delivery.played_service import PlayedService, play_service


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that tries again at once. Commands that run as processes wait as long as for people."""
    monkeypatch.setattr("sealwax.delivery.patience._FIRST_PAUSE_SECONDS", 0.0)


@pytest.fixture
def service() -> Iterator[PlayedService]:
    with play_service() as service:
        yield service


@pytest.fixture
def post(identities: Path, service: PlayedService, few_rounds: int, tmp_path: Path) -> DeliveryLab:
    """A folder of its own, with Alice's token at the service."""
    service.iterations = few_rounds
    shutil.copytree(identities, tmp_path / "ids")
    post = at_played_service(QuickLab(tmp_path), service)
    assert post.keep_token().code == 0
    return post
