"""OpenSSL opens every object of a parcel, we open those of OpenSSL, and its password form is not authenticated."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from smime_core import Encrypting, Keys
from smime_core.algorithms import AES_256_GCM
from smime_core.blocking import encrypt_bytes, run, sign_bytes
from smime_core.cms.content_info import FIELD, armor
from smime_core.errors import ContentTypeMismatch, DecryptionError, ParcelNotAuthenticated, SmimeError, WrongPassphrase
from smime_core.parcels import decrypt_authenticated, decrypt_chunk, decrypt_unauthenticated
from smime_core.parcels.manifest import write_manifest
from tests.support.parcels import (
    BOB,
    FILES,
    SECRET,
    chunks,
    decrypted,
    described,
    manifest,
    protected,
    signing,
)
from tests.support.people import PROVIDER, anchor, person
from webbridge.demo.accounts import certificate_pem


def openssl(folder: Path, *arguments: str) -> bytes:
    command = ["openssl", "cms", "-binary", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=60).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, cms in enumerate(chunks()):
        (tmp_path / str(number)).write_bytes(cms)
    (tmp_path / "bob.pem").write_text(certificate_pem(BOB.certificate))
    (tmp_path / "bob.der").write_bytes(BOB.private_key.pkcs8_der)
    (tmp_path / "ca.pem").write_text(certificate_pem(anchor()))
    (tmp_path / "manifest").write_bytes(protected(manifest(), sign=signing(), for_bob=True))
    return tmp_path


BY_SECRET = ("-pwri_password", SECRET)
BY_CERTIFICATE = ("-recip", "bob.pem", "-inkey", "bob.der", "-keyform", "DER")


@pytest.mark.parametrize("key", [BY_SECRET, BY_CERTIFICATE], ids=["secret", "certificate"])
def test_openssl_opens_every_chunk_and_the_outputs_joined_are_the_files(folder: Path, key: tuple[str, ...]) -> None:
    pieces = [openssl(folder, "-decrypt", "-inform", "DER", "-in", str(number), *key) for number in range(3)]
    assert pieces[0] == FILES["letter.txt"]
    assert pieces[1] + pieces[2] == FILES["film.bin"]


@pytest.mark.parametrize("key", [BY_SECRET, BY_CERTIFICATE], ids=["secret", "certificate"])
def test_openssl_opens_and_verifies_the_manifest(folder: Path, key: tuple[str, ...]) -> None:
    (folder / "inside").write_bytes(openssl(folder, "-decrypt", "-inform", "DER", "-in", "manifest", *key))
    verify = ("-verify", "-inform", "DER", "-in", "inside", "-CAfile", "ca.pem", "-purpose", "any", "-no_check_time")
    assert json.loads(openssl(folder, *verify)) == json.loads(write_manifest(manifest()))


@pytest.mark.parametrize("form", ["DER", "PEM"])
@pytest.mark.parametrize("stream", [(), ("-stream",)], ids=["whole", "streamed"])
def test_openssls_gcm_by_certificate_is_read(folder: Path, form: str, stream: tuple[str, ...]) -> None:
    (folder / "plain").write_bytes(FILES["film.bin"][:50_000])
    cms = openssl(folder, "-encrypt", "-aes-256-gcm", "-in", "plain", "-outform", form, *stream, "bob.pem")
    keys = Keys(identities=[BOB])
    assert run(decrypt_authenticated(cms, keys, PROVIDER)) == FILES["film.bin"][:50_000]
    with pytest.raises(ContentTypeMismatch, match="with authentication"):
        run(decrypt_unauthenticated(cms, keys, PROVIDER))


def test_a_chunk_that_openssl_made_is_a_chunk(folder: Path) -> None:
    (folder / "plain").write_bytes(b"Hello")
    cms = openssl(folder, "-encrypt", "-aes-256-gcm", "-in", "plain", "-outform", "DER", "bob.pem")
    assert run(decrypt_chunk(cms, described(cms, 5), PROVIDER, identities=[BOB])) == b"Hello"


def test_openssls_password_form_is_read_as_not_authenticated_only(folder: Path) -> None:
    (folder / "plain").write_bytes(b"Hello")
    cms = openssl(folder, "-encrypt", "-aes256", "-in", "plain", "-outform", "DER", "-pwri_password", SECRET)
    keys = Keys(passwords=[SECRET.encode()])
    assert run(decrypt_unauthenticated(cms, keys, PROVIDER)) == b"Hello"
    assert run(decrypt_unauthenticated(armor(cms).encode(), keys, PROVIDER)) == b"Hello"
    with pytest.raises(ParcelNotAuthenticated, match="anybody could have altered it"):
        run(decrypt_authenticated(cms, keys, PROVIDER))
    with pytest.raises(ParcelNotAuthenticated):
        decrypted(cms, described(cms, 5))
    with pytest.raises(WrongPassphrase):
        run(decrypt_unauthenticated(cms, Keys(passwords=[b"another"]), PROVIDER))


def test_files_of_another_type_are_refused() -> None:
    keys = Keys(identities=[BOB])
    field = Encrypting(recipients=[BOB.certificate], cipher=AES_256_GCM)
    for cms, why in (
        (sign_bytes(b"Hello", signing(), PROVIDER), "expected encrypted content"),
        (encrypt_bytes(b"Hello", field, PROVIDER, content_type=FIELD), "expected id-data"),
    ):
        with pytest.raises(ContentTypeMismatch, match=why):
            run(decrypt_authenticated(cms, keys, PROVIDER))


def test_other_files_are_refused() -> None:
    for cms in (b"", b"text", person("alice").certificate.der, protected(manifest())[:-20]):
        for decrypt in (decrypt_authenticated, decrypt_unauthenticated):
            with pytest.raises(SmimeError):
                run(decrypt(cms, Keys(passwords=[SECRET.encode()]), PROVIDER))
    with pytest.raises(DecryptionError):
        run(decrypt_authenticated(protected(manifest()), Keys(passwords=[b"another"]), PROVIDER))
