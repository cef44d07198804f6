"""Fixtures of all tests that run `sealwax deliver`: identities that are made quickly, and no keyring."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from smime_core.asn1.pem import build_pem
from smime_core.blocking import export_identity, run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider

PROVIDER = NativeProvider()
PASSPHRASE = b"four words for tests"
ROUNDS = 1_000


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests must not use the tester's keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> int:
    """The rounds of PBKDF2 on both sides. The real number takes most of the time of a test."""
    for name in ("smime_core.cms.recipients.pwri.PASSWORD_ITERATIONS", "sealwax.delivery.opening.ITERATIONS"):
        monkeypatch.setattr(name, ROUNDS)
    return ROUNDS


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
