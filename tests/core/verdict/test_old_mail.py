"""Old mail as openssl still writes it, with Triple DES and SHA-1: it is decrypted, and the report names weaknesses."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from asn1crypto import pem

from smime_core import blocking, stream
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import AlgorithmForbidden
from smime_core.policy import Policy
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

ENTITY: Final = b"Content-Type: text/plain\r\n\r\nAs we wrote in 2004.\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates of Alice and Bob, and the key of Alice."""
    place = tmp_path_factory.mktemp("old")
    for name in ("alice", "bob"):
        (place / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", person(name).certificate.der))
    (place / "alice.key").write_bytes(pem.armor("PRIVATE KEY", person("alice").private_key.pkcs8_der))
    return place


def openssl(folder: Path, *arguments: str, data: bytes) -> bytes:
    done = subprocess.run(["openssl", "cms", *arguments], cwd=folder, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def old_mail(folder: Path, *, cipher: str = "-des3", digest: str = "sha256", is_signed: bool = True) -> bytes:
    """An encrypted mail from Alice to Bob."""
    entity = ENTITY
    if is_signed:
        entity = openssl(folder, "-sign", "-signer", "alice.pem", "-inkey", "alice.key", "-md", digest, data=entity)
    addresses = ("-from", "alice@example.test", "-to", "bob@example.test", "-subject", "Old")
    return openssl(folder, "-encrypt", cipher, *addresses, "bob.pem", data=entity)


def examine(message: bytes, *, policy: Policy = Policy.ARCHIVE) -> MessageReport:
    return blocking.examine_message(
        message,
        Judging(trust_store=trust(), at=NOW),
        provider=PROVIDER,
        policy=policy,
        keys=Keys(identities=[person("bob")]),
    )


def codes(report: MessageReport) -> Sequence[str]:
    return [reason.code for reason in report.reasons]


def test_a_weak_cipher_is_told_and_leaves_the_signers_verdict_as_it_is(folder: Path) -> None:
    report = examine(old_mail(folder))
    assert report.state is State.VERIFIED
    assert codes(report) == ["revocation-not-checked", "weak-encryption"]
    assert "Triple-DES" in report.reasons[1].sentence


def test_a_weak_cipher_lifts_nothing(folder: Path) -> None:
    report = examine(old_mail(folder, is_signed=False))
    assert (report.state, codes(report)) == (State.ENCRYPTED_ONLY, ["weak-encryption"])


def test_a_current_cipher_is_no_remark(folder: Path) -> None:
    assert "weak-encryption" not in codes(examine(old_mail(folder, cipher="-aes-128-cbc")))


def test_a_weak_signature_inside_a_weak_cipher_is_told_first(folder: Path) -> None:
    report = examine(old_mail(folder, digest="sha1"))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["weak-signature", "weak-encryption"])


def test_outside_the_archive_it_stays_closed(folder: Path) -> None:
    with pytest.raises(AlgorithmForbidden):
        examine(old_mail(folder), policy=Policy.RECEIVE)


def test_a_stream_tells_it_too(folder: Path) -> None:
    streamed = stream.examine_file(
        io.BytesIO(old_mail(folder)),
        Judging(trust_store=trust(), at=NOW),
        provider=NativeStreamingProvider(),
        policy=Policy.ARCHIVE,
        keys=Keys(identities=[person("bob")]),
    )
    assert "weak-encryption" in codes(streamed.report)
