"""Fixtures of the tests of parcels: a service in memory, and a folder with Alice's token and two identities."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.asn1.pem import build_pem
from smime_core.blocking import export_identity, run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.command.lab import QuickLab
from tests.support.delivery.lab import DeliveryLab
from tests.support.delivery.played_service import PlayedService, play_service

PROVIDER = NativeProvider()
PASSPHRASE = b"four words for tests"
ROUNDS = 1_000


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests must not use the tester's keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that tries again at once. Commands that run as processes wait as long as for people."""
    monkeypatch.setattr("sealwax.delivery.patience._FIRST_PAUSE_SECONDS", 0.0)


@pytest.fixture
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> int:
    """The rounds of PBKDF2 on both sides. The real number takes most of the time of a test."""
    for name in ("smime_core.cms.recipients.pwri.PASSWORD_ITERATIONS", "sealwax.delivery.opening.ITERATIONS"):
        monkeypatch.setattr(name, ROUNDS)
    return ROUNDS


@pytest.fixture
def service() -> Iterator[PlayedService]:
    with play_service() as service:
        yield service


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of `sealwax identity demo`, made in this process. Alice signs by ECDSA."""
    folder, at = tmp_path_factory.mktemp("people"), datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Demonstration CA", PROVIDER, at=at, key=NewKey.P256))
    (folder / "ca.pem").write_bytes(build_pem("CERTIFICATE", authority.identity.certificate.der))
    (folder / "passphrase.txt").write_bytes(PASSPHRASE + b"\n")
    for name in ("alice", "bob"):
        identity = run(issue_identity(authority, f"{name}@example.test", PROVIDER, at=at, key=NewKey.P256))
        (folder / f"{name}.pem").write_bytes(build_pem("CERTIFICATE", identity.certificate.der))
        (folder / f"{name}.p12").write_bytes(export_identity(identity, PASSPHRASE, PROVIDER, iterations=ROUNDS))
    return folder


@pytest.fixture
def post(identities: Path, service: PlayedService, few_rounds: int, tmp_path: Path) -> DeliveryLab:
    """A folder of its own, with Alice's token at the service."""
    service.iterations = few_rounds
    shutil.copytree(identities, tmp_path / "ids")
    post = DeliveryLab(QuickLab(tmp_path), service)
    assert post.keep_token().code == 0
    return post
