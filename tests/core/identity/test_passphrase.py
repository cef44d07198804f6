"""The forms of a passphrase that writers use, tried in order within the work that one file may cost. MUSTS 40."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Final

import pytest

from smime_core.algorithms import AES_256_CBC, HashName, Pbkdf2, rc2_cbc
from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, WrongPassphrase
from smime_core.identity.passphrase import FilePassphrase, list_bmp_forms, list_octet_forms
from smime_core.identity.pbes import OldDerivation, OldKdf, PasswordEncryption
from smime_core.limits import MAX_PASSPHRASE_WORK
from smime_core.providers.native import NativeProvider

PROVIDER: Final = NativeProvider()
SECRET: Final = der.sequence(der.integer(7))


def encryption(iterations: int = 1, salt: bytes = b"salt") -> PasswordEncryption:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=salt, iterations=iterations)
    return PasswordEncryption(cipher=AES_256_CBC, derivation=kdf, key_length=32, iv=bytes(16))


def encrypt_under(form: bytes) -> bytes:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=1)
    key = asyncio.run(PROVIDER.derive_key(kdf, form, 32))
    return asyncio.run(PROVIDER.encrypt_content(AES_256_CBC, key, bytes(16), SECRET))


def decrypt(passphrase: FilePassphrase, ciphertext: bytes, iterations: int = 1) -> bytes:
    return asyncio.run(passphrase.decrypt(encryption(iterations), ciphertext))


def test_ascii_has_one_form_of_each_kind() -> None:
    assert list_bmp_forms(b"ab") == [b"\0a\0b\0\0"]
    assert list_octet_forms(b"ab") == [b"ab"]


def test_no_passphrase_is_a_terminator_or_nothing() -> None:
    assert list_bmp_forms(b"") == [b"\0\0", b""]
    assert list_octet_forms(b"") == [b""]


def test_umlauts_stand_first_as_the_standard_has_them() -> None:
    assert list_bmp_forms("ä".encode()) == [b"\0\xe4\0\0", b"\0\xc3\0\xa4\0\0"]
    assert list_octet_forms("ä".encode()) == ["ä".encode(), b"\xe4"]


def test_decomposed_characters_are_tried_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "ä").encode()
    assert list_bmp_forms(decomposed)[:2] == [b"\0a\x03\x08\0\0", b"\0\xe4\0\0"]
    assert list_octet_forms(decomposed)[:2] == [decomposed, "ä".encode()]


def test_characters_beyond_the_bmp_are_surrogates_or_cut() -> None:
    forms = list_bmp_forms("😀".encode())
    assert forms[0] == b"\xd8\x3d\xde\x00\0\0"
    assert b"\xf6\x00\0\0" in forms
    assert list_octet_forms("😀".encode()) == ["😀".encode(), b"\x3d\x00"]


def test_octets_that_are_no_utf8_are_latin1() -> None:
    assert list_bmp_forms(b"\xe4") == [b"\0\xe4\0\0"]
    assert list_octet_forms(b"\xe4") == [b"\xe4", "ä".encode()]


@pytest.mark.parametrize("form", [*list_octet_forms("Grüße".encode()), *list_bmp_forms("Grüße".encode())])
def test_pbkdf2_takes_every_form(form: bytes) -> None:
    # NSS used the BMPString as the password of PBKDF2 for a long time.
    assert decrypt(FilePassphrase("Grüße".encode(), provider=PROVIDER), encrypt_under(form)) == SECRET


def test_a_form_that_no_writer_makes_is_wrong() -> None:
    with pytest.raises(WrongPassphrase):
        decrypt(FilePassphrase("Grüße".encode(), provider=PROVIDER), encrypt_under("Grüße".encode("utf-16-le")))


def test_the_form_that_fits_is_tried_first_from_then_on() -> None:
    passphrase = FilePassphrase("Grüße".encode(), provider=PROVIDER)
    assert decrypt(passphrase, encrypt_under("Grüße".encode("latin-1"))) == SECRET
    assert passphrase.octet_forms == ("Grüße".encode("latin-1"), "Grüße".encode())


def test_a_plaintext_that_is_no_sequence_is_a_wrong_passphrase() -> None:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=1)
    key = asyncio.run(PROVIDER.derive_key(kdf, b"secret", 32))
    for plaintext in (b"garbage", der.octet_string(b"octets"), SECRET + b"\0", b""):
        ciphertext = asyncio.run(PROVIDER.encrypt_content(AES_256_CBC, key, bytes(16), plaintext))
        with pytest.raises(WrongPassphrase):
            decrypt(FilePassphrase(b"secret", provider=PROVIDER), ciphertext)


def test_work_is_bounded_over_all_forms_and_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    # A passphrase in ASCII has two forms here: its bytes, and the BMPString that NSS uses.
    monkeypatch.setattr("smime_core.identity.passphrase.MAX_PASSPHRASE_WORK", 5)
    passphrase = FilePassphrase(b"secret", provider=PROVIDER)
    with pytest.raises(WrongPassphrase):
        decrypt(passphrase, encrypt_under(b"other"), iterations=2)
    with pytest.raises(LimitExceeded, match="passphrase iterations in one file is 6, at most 5"):
        decrypt(passphrase, encrypt_under(b"other"), iterations=2)


def test_decrypting_rc2_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    # A passphrase beyond ASCII has several forms, and each of them decrypts everything.
    calls = []

    def count(key: bytes, iv: bytes, ciphertext: bytes, *, effective_bits: int) -> bytes:
        calls.append(len(ciphertext))
        return bytes(len(ciphertext))

    monkeypatch.setattr("smime_core.providers.native_rc2.decrypt_rc2_cbc", count)
    derivation = OldDerivation(kdf=OldKdf.PKCS12, hash_name=HashName.SHA1, salt=b"saltsalt", iterations=1)
    old_encryption = PasswordEncryption(cipher=rc2_cbc(40), derivation=derivation, key_length=5, iv=None)
    passphrase = FilePassphrase("gru\u0308n\U0001f600".encode(), provider=PROVIDER)
    assert len(passphrase.bmp_forms) == 4
    with pytest.raises(LimitExceeded, match="passphrase iterations in one file"):
        asyncio.run(passphrase.decrypt(old_encryption, bytes(400_000)))
    assert calls == [400_000] * 2


def test_work_is_refused_before_it_is_done() -> None:
    passphrase = FilePassphrase(b"secret", provider=PROVIDER)
    with pytest.raises(LimitExceeded, match="passphrase iterations"):
        passphrase.spend(MAX_PASSPHRASE_WORK + 1)
    passphrase.spend(MAX_PASSPHRASE_WORK)


def test_a_passphrase_never_reaches_its_repr() -> None:
    assert "secret" not in repr(FilePassphrase(b"secret", provider=PROVIDER))
