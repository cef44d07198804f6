"""Sealing under a password: for ours, for OpenSSL, and never for another password (RFC 3211, shared MUST 30)."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path
from typing import Final

import pytest

from smime_core import blocking, der
from smime_core.algorithms import AES_128_GCM, AES_256_CBC, AES_256_GCM, ContentCipher, HashName, Pbkdf2
from smime_core.blocking import run
from smime_core.errors import LimitExceeded, MalformedMessage, NoMatchingRecipient, WrongPassphrase
from smime_core.kdf import build_pbkdf2
from smime_core.limits import MAX_PBKDF2_ITERATIONS
from smime_core.password_recipient import build_password_recipient, parse_password_recipient, unwrap_with_password
from tests.unit.people import PROVIDER, person

CONTENT: Final = b"for whoever knows the word\r\n"
PASSWORD: Final = "Straße 7 — Köln".encode()


def seal(*passwords: bytes, cipher: ContentCipher = AES_256_CBC, to_alice: bool = False) -> bytes:
    recipients = [person("alice").certificate] if to_alice else []
    return blocking.seal_bytes(CONTENT, recipients=recipients, passwords=passwords, provider=PROVIDER, cipher=cipher)


def unseal(cms: bytes, *passwords: bytes) -> bytes:
    return blocking.open_bytes(cms, identities=(), passwords=passwords, provider=PROVIDER).content


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM, AES_128_GCM], ids=lambda cipher: cipher.name)
def test_the_password_opens_it(cipher: ContentCipher) -> None:
    assert unseal(seal(PASSWORD, cipher=cipher), b"another", PASSWORD) == CONTENT


def test_another_password_does_not() -> None:
    with pytest.raises(WrongPassphrase):
        unseal(seal(PASSWORD), b"another")


def test_it_stands_beside_a_certificate() -> None:
    cms = seal(PASSWORD, to_alice=True)
    assert unseal(cms, PASSWORD) == CONTENT
    assert blocking.open_bytes(cms, identities=[person("alice")], provider=PROVIDER).content == CONTENT


def test_without_a_password_it_is_for_somebody_else() -> None:
    with pytest.raises(NoMatchingRecipient) as raised:
        unseal(seal(PASSWORD))
    assert raised.value.recipient_ids == ("a password",)


def test_an_altered_key_is_refused() -> None:
    info = parse_password_recipient(der.read_one(run(build_password_recipient(PASSWORD, bytes(32), provider=PROVIDER))))
    broken = dataclasses.replace(info, encrypted_key=info.encrypted_key[:-1] + bytes([info.encrypted_key[-1] ^ 1]))
    with pytest.raises(WrongPassphrase):
        run(unwrap_with_password(broken, PASSWORD, cek_length=32, provider=PROVIDER))


def test_a_key_of_another_length_is_refused() -> None:
    info = parse_password_recipient(der.read_one(run(build_password_recipient(PASSWORD, bytes(16), provider=PROVIDER))))
    with pytest.raises(WrongPassphrase):
        run(unwrap_with_password(info, PASSWORD, cek_length=32, provider=PROVIDER))


def test_must_30_iterations_are_bounded() -> None:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=bytes(16), iterations=MAX_PBKDF2_ITERATIONS + 1)
    info = parse_password_recipient(der.read_one(run(build_password_recipient(PASSWORD, bytes(32), provider=PROVIDER))))
    hostile = dataclasses.replace(info, derivation_der=build_pbkdf2(kdf, key_length=32))
    with pytest.raises(LimitExceeded):
        run(unwrap_with_password(hostile, PASSWORD, cek_length=32, provider=PROVIDER))


def test_must_30_the_derivation_must_be_there() -> None:
    fields = der.read_children(der.read_one(run(build_password_recipient(PASSWORD, bytes(32), provider=PROVIDER))))
    bare = der.element(0xA3, *(field.encoded for field in fields if field.tag != 0xA0))
    with pytest.raises(MalformedMessage):
        parse_password_recipient(der.read_one(bare))


def test_openssl_opens_ours_and_we_open_openssls(tmp_path: Path) -> None:
    (tmp_path / "ours").write_bytes(seal(b"secret"))
    (tmp_path / "plain").write_bytes(CONTENT)
    opened = subprocess.run(
        ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", "ours", "-pwri_password", "secret", "-binary"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    assert opened.stdout == CONTENT
    theirs = subprocess.run(
        ["openssl", "cms", "-encrypt", "-aes-256-cbc", "-in", "plain", "-pwri_password", "secret", "-binary",
         "-outform", "DER"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    assert unseal(theirs.stdout, b"secret") == CONTENT
