"""Fixtures of the tests of parcels: a service in memory, and a folder with Alice's token and two identities."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command.lab import Lab, QuickLab
from tests.support.delivery.lab import DeliveryLab
from tests.support.delivery.played_service import PlayedService, play_service


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests must not use the tester's keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that tries again at once. Commands that run as processes wait as long as for people."""
    monkeypatch.setattr("sealwax.delivery.patience._FIRST_PAUSE_SECONDS", 0.0)


@pytest.fixture
def service() -> Iterator[PlayedService]:
    with play_service() as service:
        yield service


@pytest.fixture
def post(lab: Lab, service: PlayedService, tmp_path: Path) -> DeliveryLab:
    """A folder of its own, with Alice's token at the service."""
    shutil.copytree(lab.folder / "ids", tmp_path / "ids")
    post = DeliveryLab(QuickLab(tmp_path), service)
    assert post.keep_token().code == 0
    return post
