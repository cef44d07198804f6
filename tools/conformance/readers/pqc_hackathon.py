"""Artifacts of the IETF hackathon's post-quantum group, by three producers, found by their file names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.conformance.case import Case, Skip, Task
from tools.conformance.checks.encrypted import Decrypt, Key
from tools.conformance.checks.keys import CertificateSignature, Decapsulate, KeyPair
from tools.conformance.checks.signed import VerifySignatures

SET: Final = "pqc-hackathon"
_SLH_DSA: Final = Skip(
    reason="SLH-DSA is not read: no mail program signs with it", link="https://www.rfc-editor.org/rfc/rfc9814"
)
_KTRI: Final = Skip(
    reason="an ML-KEM ciphertext inside KeyTransRecipientInfo, not the KEMRecipientInfo that its name says",
    link="https://www.rfc-editor.org/rfc/rfc9629#section-3",
)


def read_cases(folder: Path) -> Iterator[Case]:
    """Trust anchors must be self-signed, key pairs match, secrets and plaintexts be as expected, signatures verify."""
    for path in sorted(folder.glob("*/artifacts_*/*")):
        task = _task(path)
        if task is not None:
            skip = _SLH_DSA if path.name.startswith("slh-dsa") else None
            if path.parts[-3] == "cht" and "kemri_auth" in path.name:
                skip = _KTRI
            yield Case(set=SET, name=path.relative_to(folder).as_posix(), task=task, source="README", skip=skip)


def _task(path: Path) -> Task | None:
    stem, octets = path.stem, path.read_bytes()
    algorithm, _, role = stem.partition("_")
    if role == "ta":
        return CertificateSignature(certificate=octets)
    if role == "signed_attrs":
        return VerifySignatures(message=octets, signers=1)
    if role.startswith("kemri"):
        return _decrypt(path, algorithm, octets)
    if role.endswith("priv"):
        return _key_pair(path, algorithm, octets)
    if role == "ciphertext":
        secret = path.with_name(f"{algorithm}_ss.bin").read_bytes()
        private = path.with_name(f"{algorithm}_both_priv.der").read_bytes()
        return Decapsulate(pkcs8=private, ciphertext=octets, secret=secret)
    return None


def _decrypt(path: Path, algorithm: str, octets: bytes) -> Decrypt:
    key = Key(
        certificate=path.with_name(f"{algorithm}_ee.der").read_bytes(),
        pkcs8=path.with_name(f"{algorithm}_priv.der").read_bytes(),
    )
    return Decrypt(message=octets, keys=(key,), content=path.with_name("expected_plaintext.txt").read_bytes())


def _key_pair(path: Path, algorithm: str, octets: bytes) -> KeyPair | None:
    for role in ("ta", "ee"):
        certificate = path.with_name(f"{algorithm}_{role}.der")
        if certificate.is_file():
            return KeyPair(pkcs8=octets, certificate=certificate.read_bytes())
    return None
