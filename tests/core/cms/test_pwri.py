"""Encrypting under a password: the core and OpenSSL decrypt it, and no other password does (RFC 3211, MUSTS 30)."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from smime_core import blocking
from smime_core.algorithms import AES_128_GCM, AES_256_CBC, AES_256_GCM, ContentCipher, HashName, Pbkdf2
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.pwri import (
    PasswordKey,
    build_pwri,
    derive_password_key,
    parse_password_recipient,
    unwrap_pwri,
)
from smime_core.cms.recipients.recipient_info import recipient_algorithm
from smime_core.errors import (
    AlgorithmForbidden,
    DecryptionError,
    LimitExceeded,
    MalformedMessage,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
    WrongPassphrase,
)
from smime_core.keys.kdf import build_pbkdf2
from smime_core.limits import MAX_PBKDF2_ITERATIONS
from tests.support.envelopes import CEK
from tests.support.people import PROVIDER, person

CONTENT: Final = b"for whoever knows the word\r\n"
PASSWORD: Final = "Straße 7 — Köln".encode()


def encrypt(*passwords: bytes, cipher: ContentCipher = AES_256_CBC, to_alice: bool = False) -> bytes:
    recipients = [person("alice").certificate] if to_alice else []
    return blocking.encrypt_bytes(
        CONTENT, Encrypting(recipients=recipients, passwords=passwords, cipher=cipher), provider=PROVIDER
    )


def decrypt(cms: bytes, *passwords: bytes) -> bytes:
    return blocking.decrypt_bytes(cms, Keys(identities=(), passwords=passwords), provider=PROVIDER).content


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM, AES_128_GCM], ids=lambda cipher: cipher.name)
def test_the_password_opens_it(cipher: ContentCipher) -> None:
    assert decrypt(encrypt(PASSWORD, cipher=cipher), b"another", PASSWORD) == CONTENT


def test_another_password_does_not() -> None:
    with pytest.raises(WrongPassphrase):
        decrypt(encrypt(PASSWORD), b"another")


def test_only_the_check_value_of_a_password_is_told() -> None:
    """Damaged content, and a private key that failed as well, give the same error as every failed decryption."""
    encrypted = encrypt(PASSWORD, cipher=AES_256_GCM)
    damaged = encrypted[:-1] + bytes([encrypted[-1] ^ 1])
    mixed = encrypt(PASSWORD, cipher=AES_256_GCM, to_alice=True)
    mixed = mixed[:-1] + bytes([mixed[-1] ^ 1])
    texts = set()
    for cms, passwords, identities in (
        (damaged, [PASSWORD], []),
        (damaged, [b"another", PASSWORD], []),
        (mixed, [b"another"], [person("alice")]),
    ):
        with pytest.raises(DecryptionError) as failed:
            blocking.decrypt_bytes(cms, Keys(identities=identities, passwords=passwords), provider=PROVIDER)
        texts.add((type(failed.value), str(failed.value)))
    assert texts == {(DecryptionError, str(DecryptionError()))}
    with pytest.raises(WrongPassphrase):
        decrypt(damaged, b"another")


@pytest.mark.parametrize("passwords", [(b"",), (PASSWORD, b"")], ids=["alone", "beside another"])
def test_nothing_is_encrypted_for_an_empty_password(passwords: tuple[bytes, ...]) -> None:
    with pytest.raises(MalformedMessage, match="empty"):
        encrypt(*passwords)
    with pytest.raises(MalformedMessage, match="empty"):
        blocking.add_recipients(
            encrypt(to_alice=True),
            Keys(identities=[person("alice")]),
            Encrypting(recipients=[], passwords=passwords),
            provider=PROVIDER,
        )


def test_a_key_that_was_derived_before_encrypts_and_decrypts() -> None:
    key = run(derive_password_key(PASSWORD, bytes(16), PROVIDER))
    cms = blocking.encrypt_bytes(CONTENT, Encrypting(password_keys=[key]), provider=PROVIDER)
    assert decrypt(cms, PASSWORD) == CONTENT
    assert blocking.decrypt_bytes(cms, Keys(password_keys=[key]), provider=PROVIDER).content == CONTENT
    assert key.kek.hex() not in repr(key)


def test_a_derived_key_is_tried_only_on_its_own_key_derivation() -> None:
    key, other = (run(derive_password_key(PASSWORD, bytes([salt] * 16), PROVIDER)) for salt in (0, 1))
    cms = blocking.encrypt_bytes(CONTENT, Encrypting(password_keys=[key]), provider=PROVIDER)
    with pytest.raises(NoMatchingRecipient):
        blocking.decrypt_bytes(cms, Keys(password_keys=[other]), provider=PROVIDER)
    assert blocking.decrypt_bytes(cms, Keys(password_keys=[other, key]), provider=PROVIDER).content == CONTENT
    with pytest.raises(WrongPassphrase):
        blocking.decrypt_bytes(cms, Keys(password_keys=[PasswordKey(kdf=key.kdf, kek=other.kek)]), provider=PROVIDER)


def test_a_derived_key_of_another_length_is_neither_written_nor_tried() -> None:
    key = run(derive_password_key(PASSWORD, bytes(16), PROVIDER))
    short = PasswordKey(kdf=key.kdf, kek=key.kek[:16])
    with pytest.raises(MalformedMessage, match="a key of 16 bytes, expected 32"):
        blocking.encrypt_bytes(CONTENT, Encrypting(password_keys=[short]), provider=PROVIDER)
    cms = blocking.encrypt_bytes(CONTENT, Encrypting(password_keys=[key]), provider=PROVIDER)
    with pytest.raises(WrongPassphrase):
        blocking.decrypt_bytes(cms, Keys(password_keys=[short]), provider=PROVIDER)


def test_it_stands_beside_a_certificate() -> None:
    cms = encrypt(PASSWORD, to_alice=True)
    assert decrypt(cms, PASSWORD) == CONTENT
    assert blocking.decrypt_bytes(cms, Keys(identities=[person("alice")]), provider=PROVIDER).content == CONTENT


def test_without_a_password_it_is_for_somebody_else() -> None:
    with pytest.raises(NoMatchingRecipient) as raised:
        decrypt(encrypt(PASSWORD))
    assert raised.value.recipient_ids == ("a password",)


def test_an_altered_key_is_refused() -> None:
    info = parse_password_recipient(der.read_one(run(build_pwri(PASSWORD, bytes(32), provider=PROVIDER))))
    broken = dataclasses.replace(info, encrypted_key=info.encrypted_key[:-1] + bytes([info.encrypted_key[-1] ^ 1]))
    with pytest.raises(WrongPassphrase):
        run(unwrap_pwri(broken, PASSWORD, cek_length=32, provider=PROVIDER))


def test_a_key_of_another_length_is_refused() -> None:
    info = parse_password_recipient(der.read_one(run(build_pwri(PASSWORD, bytes(16), provider=PROVIDER))))
    with pytest.raises(WrongPassphrase):
        run(unwrap_pwri(info, PASSWORD, cek_length=32, provider=PROVIDER))


def test_must_30_iterations_are_bounded() -> None:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=bytes(16), iterations=MAX_PBKDF2_ITERATIONS + 1)
    info = parse_password_recipient(der.read_one(run(build_pwri(PASSWORD, bytes(32), provider=PROVIDER))))
    hostile = dataclasses.replace(info, derivation_der=build_pbkdf2(kdf, key_length=32))
    with pytest.raises(LimitExceeded):
        run(unwrap_pwri(hostile, PASSWORD, cek_length=32, provider=PROVIDER))


def test_must_30_the_derivation_must_be_there() -> None:
    fields = der.read_children(der.read_one(run(build_pwri(PASSWORD, bytes(32), provider=PROVIDER))))
    bare = der.element(0xA3, *(field.encoded for field in fields if field.tag != 0xA0))
    with pytest.raises(MalformedMessage):
        parse_password_recipient(der.read_one(bare))


def textbook(
    *,
    cek: bytes = CEK,
    hash_name: HashName = HashName.SHA256,
    key_length: int = 32,
    length_octet: int | None = None,
    check: bytes | None = None,
    padding: int = 12,
    wrap_der: bytes | None = None,
    layers: int = 2,
) -> bytes:
    """A `pwri` built by hand by RFC 3211 section 2.3.1, of which each argument can make one part wrong."""
    kdf = Pbkdf2(hash_name=hash_name, salt=b"salt of a test", iterations=1000)
    kek = hashlib.pbkdf2_hmac(hash_name, PASSWORD, kdf.salt, kdf.iterations, 32)
    inner = bytes([len(cek) if length_octet is None else length_octet])
    inner += bytes(octet ^ 0xFF for octet in cek[:3]) if check is None else check
    block, iv = inner + cek + bytes(padding), bytes(range(16))
    vector = iv
    for _ in range(layers):
        encryptor = Cipher(algorithms.AES(kek), modes.CBC(vector)).encryptor()
        block = encryptor.update(block)
        vector = block[-16:]
    wrap_der = wrap_der or der.sequence(der.oid(AES_256_CBC.oid), der.octet_string(iv))
    derivation = b"\xa0" + build_pbkdf2(kdf, key_length=key_length)[1:]
    algorithm = der.sequence(der.oid("1.2.840.113549.1.9.16.3.9"), wrap_der)
    return der.element(0xA3, der.integer(0), derivation, algorithm, der.octet_string(block))


def unwrap(info: bytes) -> bytes:
    recipient = parse_password_recipient(der.read_one(info))
    return run(unwrap_pwri(recipient, PASSWORD, cek_length=32, provider=PROVIDER))


@pytest.mark.parametrize(
    "hash_name", [HashName.SHA1, HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512]
)
def test_must_30_every_prf_opens(hash_name: HashName) -> None:
    assert unwrap(textbook(hash_name=hash_name)) == CEK


def test_must_30_it_is_encrypted_twice() -> None:
    with pytest.raises(WrongPassphrase):
        unwrap(textbook(layers=1))


def test_must_30_the_length_octet_is_checked() -> None:
    for wrong in (0, 16, 31, 33, 255):
        with pytest.raises(WrongPassphrase):
            unwrap(textbook(length_octet=wrong))


@pytest.mark.parametrize("position", range(3))
def test_must_30_each_check_octet_is_checked(position: int) -> None:
    check = bytearray(octet ^ 0xFF for octet in CEK[:3])
    check[position] ^= 1
    with pytest.raises(WrongPassphrase):
        unwrap(textbook(check=bytes(check)))


def test_must_30_more_padding_opens_too() -> None:
    assert unwrap(textbook(padding=12 + 32)) == CEK


def test_must_30_a_key_that_is_said_to_be_longer_than_the_block_is_refused() -> None:
    with pytest.raises(WrongPassphrase):
        unwrap(textbook(cek=CEK[:16], length_octet=32))


def test_a_key_length_that_does_not_fit_the_cipher_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="keyLength"):
        unwrap(textbook(key_length=16))


@pytest.mark.parametrize("octets", [b"", bytes(16), bytes(40)])
def test_a_wrapped_key_of_an_impossible_length_is_refused(octets: bytes) -> None:
    recipient = dataclasses.replace(parse_password_recipient(der.read_one(textbook())), encrypted_key=octets)
    with pytest.raises(WrongPassphrase):
        run(unwrap_pwri(recipient, PASSWORD, cek_length=32, provider=PROVIDER))


def test_an_aead_cipher_wraps_no_key() -> None:
    parameters = der.sequence(der.octet_string(bytes(12)), der.integer(16))
    with pytest.raises(UnsupportedAlgorithm):
        unwrap(textbook(wrap_der=der.sequence(der.oid(AES_256_GCM.oid), parameters)))


def test_another_key_encryption_than_the_rfcs_is_said() -> None:
    known = der.oid("1.2.840.113549.1.9.16.3.9")
    with pytest.raises(UnsupportedAlgorithm):
        unwrap(textbook().replace(known, known[:-1] + b"\x63"))


def test_a_weak_cipher_is_for_the_archive_alone() -> None:
    weak = der.sequence(der.oid("1.2.840.113549.3.7"), der.octet_string(bytes(8)))
    with pytest.raises(AlgorithmForbidden):
        unwrap(textbook(wrap_der=weak))


def test_people_read_how_the_key_travels() -> None:
    recipient = parse_password_recipient(der.read_one(textbook()))
    assert recipient_algorithm(recipient) == "AES-256-CBC key wrap under a password"


def test_openssl_opens_ours_and_we_open_openssls(tmp_path: Path) -> None:
    (tmp_path / "ours").write_bytes(encrypt(b"secret"))
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
    assert decrypt(theirs.stdout, b"secret") == CONTENT
