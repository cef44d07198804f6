"""`openssl cms` reads what we make, and we read what it makes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest
from asn1crypto import pem

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher, SignatureScheme
from smime_core.identity import Identity
from smime_core.message import SignatureForm
from smime_core.mime import parse_entity
from smime_core.provider import NewKey
from smime_core.reading import read_entity
from smime_core.report import State
from tests.unit.people import MESSAGE, NOW, PROVIDER, TEXT, anchor, person, trust

KEYS: Final = {"rsa": NewKey.RSA_2048, "p256": NewKey.P256, "p384": NewKey.P384}
ENTITY: Final = b"Content-Type: text/plain\r\n\r\nhello from openssl\r\n"


def people() -> dict[str, Identity]:
    return {name: person("alice", key) for name, key in KEYS.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, and NAME.pem and NAME.key for each kind of key."""
    place = tmp_path_factory.mktemp("openssl")
    (place / "ca.pem").write_bytes(pem.armor("CERTIFICATE", anchor().der))
    for name, identity in people().items():
        (place / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", identity.certificate.der))
        (place / f"{name}.key").write_bytes(pem.armor("PRIVATE KEY", identity.private_key.pkcs8_der))
    (place / "entity.txt").write_bytes(ENTITY)
    return place


def cms(folder: Path, *arguments: str, data: bytes | None = None) -> bytes:
    """What `openssl cms` writes; its complaint fails the test."""
    done = subprocess.run(["openssl", "cms", *arguments], cwd=folder, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("form", list(SignatureForm))
@pytest.mark.parametrize(
    ("name", "scheme"), [("rsa", None), ("rsa", SignatureScheme.RSA_PSS), ("p256", None), ("p384", None)]
)
def test_openssl_verifies_our_signatures(
    folder: Path, name: str, scheme: SignatureScheme | None, form: SignatureForm
) -> None:
    signed = blocking.sign_message(
        MESSAGE, identity=people()[name], provider=PROVIDER, signing_time=NOW, form=form, scheme=scheme
    )
    verified = cms(folder, "-verify", "-CAfile", "ca.pem", "-attime", str(int(NOW.timestamp())), data=signed)
    assert read_entity(verified).text.strip() == TEXT


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("name", list(KEYS))
def test_openssl_opens_what_we_seal_for_several(folder: Path, name: str, cipher: ContentCipher) -> None:
    recipients = [identity.certificate for identity in people().values()]
    sealed = blocking.encrypt_message(MESSAGE, recipients=recipients, provider=PROVIDER, cipher=cipher)
    opened = cms(folder, "-decrypt", "-recip", f"{name}.pem", "-inkey", f"{name}.key", data=sealed)
    assert read_entity(opened).text.strip() == TEXT


@pytest.mark.parametrize(
    "options",
    [[], ["-nodetach"], ["-noattr"], ["-keyid"], ["-keyopt", "rsa_padding_mode:pss"], ["-md", "sha512"], ["-stream"]],
    ids=lambda options: " ".join(options) or "plain",
)
def test_we_verify_openssls_signatures(folder: Path, options: list[str]) -> None:
    signed = cms(
        folder,
        "-sign",
        "-in",
        "entity.txt",
        "-signer",
        "rsa.pem",
        "-inkey",
        "rsa.key",
        "-from",
        "alice@example.test",
        *options,
    )
    report = blocking.examine_message(signed, provider=PROVIDER, trust_store=trust(), at=NOW)
    assert report.state is State.VERIFIED
    assert "hello from openssl" in read_entity(report.content).text


@pytest.mark.parametrize("name", ["p256", "p384"])
def test_we_verify_openssls_ecdsa(folder: Path, name: str) -> None:
    signed = cms(
        folder, "-sign", "-in", "entity.txt", "-signer", f"{name}.pem", "-inkey", f"{name}.key",
        "-from", "alice@example.test", "-outform", "DER", "-nodetach",
    )  # fmt: skip
    report = blocking.examine_message(
        signed, provider=PROVIDER, trust_store=trust(), at=NOW, sender="alice@example.test"
    )
    assert report.state is State.VERIFIED


@pytest.mark.parametrize(
    "options",
    [
        ["-aes-256-cbc"],
        ["-aes-128-cbc"],
        ["-aes-256-gcm"],
        ["-aes-256-cbc", "-keyid"],
        ["-aes-256-cbc", "-outform", "DER"],
        ["-aes-256-cbc", "-outform", "PEM", "-stream"],
    ],
    ids=lambda options: " ".join(options),
)
@pytest.mark.parametrize("name", list(KEYS))
def test_we_open_what_openssl_seals(folder: Path, name: str, options: list[str]) -> None:
    sealed = cms(folder, "-encrypt", "-in", "entity.txt", *options, "rsa.pem", "p256.pem", "p384.pem")
    report = blocking.examine_message(
        sealed, provider=PROVIDER, trust_store=trust(), at=NOW, identities=[people()[name]]
    )
    assert report.state is State.ENCRYPTED_ONLY
    assert parse_entity(report.content).body.tobytes() == b"hello from openssl\r\n"


@pytest.mark.parametrize("options", [["rsa_padding_mode:oaep"], ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256"]])
def test_we_open_openssls_oaep(folder: Path, options: list[str]) -> None:
    keyopts = [argument for option in options for argument in ("-keyopt", option)]
    sealed = cms(folder, "-encrypt", "-in", "entity.txt", "-aes-256-cbc", "-recip", "rsa.pem", *keyopts)
    opened = blocking.decrypt_message(sealed, identities=[people()["rsa"]], provider=PROVIDER)
    assert b"hello from openssl" in opened
