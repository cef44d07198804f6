"""Measures operations per second on 10 KB: ours, and Bouncy Castle's after a warm-up for Java's compiler."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smime_core import blocking
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.peers.bouncy_castle import CLASS_PATH, BouncyCastle
from tests.support.people import NOW

CONTENT_BYTES: Final = 10_000
_SOURCE: Final = Path(__file__).parent / "peers" / "BouncyCastleBench.java"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Operations per second. `bouncy_castle` is None if Bouncy Castle is not installed."""

    job: str
    ours: float
    bouncy_castle: float | None


def measure(*, seconds: float) -> list[Rate]:
    """Run each job for this number of seconds. Verification includes the certification path on both sides."""
    provider = NativeProvider()
    authority = run(create_authority("Bench CA", provider=provider, at=NOW))
    alice = run(issue_identity(authority, "alice@example.test", provider=provider, at=NOW, key=NewKey.RSA_2048))
    theirs = _bouncy_castle(alice, authority.identity, seconds)
    store = TrustStore.of(authority.identity.certificate, revocation=RevocationPolicy.NOT_CHECKED)
    return [
        Rate(job=name, ours=_rate(job, seconds), bouncy_castle=theirs.get(name))
        for name, job in _jobs(alice, store, provider).items()
    ]


def _jobs(alice: Identity, store: TrustStore, provider: NativeProvider) -> dict[str, Callable[[], object]]:
    content = os.urandom(CONTENT_BYTES)
    signed = blocking.sign_bytes(content, Signing(identities=[alice], signing_time=NOW), provider=provider)
    encrypted = blocking.encrypt_bytes(content, Encrypting(recipients=[alice.certificate]), provider=provider)

    def verify() -> None:
        report = blocking.verify_bytes(signed, Judging(trust_store=store, at=NOW), provider=provider)
        assert report.state is State.VERIFIED

    def decrypt() -> None:
        assert blocking.decrypt_bytes(encrypted, Keys(identities=[alice]), provider=provider).content == content

    return {
        "sign": lambda: blocking.sign_bytes(content, Signing(identities=[alice], signing_time=NOW), provider=provider),
        "verify": verify,
        "encrypt": lambda: blocking.encrypt_bytes(
            content, Encrypting(recipients=[alice.certificate]), provider=provider
        ),
        "decrypt": decrypt,
    }


def _rate(job: Callable[[], object], seconds: float) -> float:
    job()
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        job()
        count += 1
    return count / elapsed


def _bouncy_castle(alice: Identity, anchor: Identity, seconds: float) -> dict[str, float]:
    if BouncyCastle.absence() is not None:
        return {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "key.der").write_bytes(alice.private_key.pkcs8_der)
        (folder / "certificate.der").write_bytes(alice.certificate.der)
        (folder / "anchor.der").write_bytes(anchor.certificate.der)
        subprocess.run(
            ["javac", "-nowarn", "-cp", CLASS_PATH, "-d", name, str(_SOURCE)], check=True, capture_output=True
        )
        java = ["java", "-cp", f"{CLASS_PATH}:{name}", _SOURCE.stem]
        done = subprocess.run(
            [*java, "key.der", "certificate.der", "anchor.der", str(int(NOW.timestamp() * 1000)), str(seconds)],
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
        )
    return {job: float(rate) for job, rate in (line.split() for line in done.stdout.splitlines())}
