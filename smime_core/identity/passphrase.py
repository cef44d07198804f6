"""A passphrase for one file: the byte forms that programs pass to their KDF, and the limit on the work for one file.

RFC 7292 appendix B.1 requires a BMPString. RFC 8018 section 3 leaves the encoding open and suggests UTF-8. Programs
differ for characters beyond ASCII, so the forms are tried in order. A form that works is tried first from then on.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from smime_core.algorithms import AES_256_CBC, HashName, Pbkdf2
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, MalformedMessage, WrongPassphrase
from smime_core.identity.pbes import (
    OldDerivation,
    PasswordEncryption,
    build_pbes2,
    derivation_work,
    derive_old,
    parse_encryption,
)
from smime_core.keys.kdf import bmp_passphrase, decode_passphrase
from smime_core.limits import MAX_PASSPHRASE_BYTES, MAX_PASSPHRASE_WORK, check_limit
from smime_core.provider import CryptoProvider

_SALT_LENGTH: Final = 16  # bytes
_BYTES_PER_ITERATION: Final = 64  # Bytes that AES decrypts in the time of one iteration, about 0.3 µs natively.


class FilePassphrase:
    """One passphrase, in UTF-8, for one file, and the work that was spent on the file so far.

    Raises LimitExceeded for a passphrase of more than `limits.MAX_PASSPHRASE_BYTES`.
    """

    def __init__(self, passphrase: bytes, provider: CryptoProvider) -> None:
        check_limit("bytes of a passphrase", len(passphrase), MAX_PASSPHRASE_BYTES)
        self.provider = provider
        self._bmp_forms = list_bmp_forms(passphrase)
        self._octet_forms = list_octet_forms(passphrase)
        self._work = 0

    @property
    def bmp_forms(self) -> tuple[bytes, ...]:
        """The BMPString forms with their terminator, for the KDF of PKCS#12, the likeliest first."""
        return tuple(self._bmp_forms)

    @property
    def octet_forms(self) -> tuple[bytes, ...]:
        """The forms for PBKDF2, scrypt, PBKDF1 and PBMAC1, the likeliest first."""
        return tuple(self._octet_forms)

    async def decrypt(self, encryption: PasswordEncryption, ciphertext: Buffer) -> bytes:
        """The decrypted content, which is always one SEQUENCE.

        Raises WrongPassphrase if no form of the passphrase yields a SEQUENCE, LimitExceeded, UnsupportedAlgorithm or
        UnsupportedByProvider.
        """
        # Older versions of NSS pass the BMPString to PBKDF2, too.
        forms = self.bmp_forms if encryption.takes_bmp else self.octet_forms + self.bmp_forms
        for form in dict.fromkeys(forms):
            self.spend(encryption.cipher.work(len(ciphertext)) // _BYTES_PER_ITERATION)
            key, iv = await self._derive(encryption, form)
            try:
                plaintext = await self.provider.decrypt_content(encryption.cipher, key, iv, ciphertext)
                # One of 256 wrong keys yields valid padding, so it is also checked that the content is a SEQUENCE.
                der.expect(der.read_one(plaintext), der.SEQUENCE)
            except (DecryptionError, MalformedMessage):
                continue
            self.prefer(form)
            return plaintext
        raise WrongPassphrase

    def spend(self, iterations: int) -> None:
        """Count the work of a derivation or decryption before it is done, in iterations of SHA-256.

        Raises LimitExceeded if the sum exceeds the limit for one file.
        """
        check_limit("passphrase iterations in one file", self._work + iterations, MAX_PASSPHRASE_WORK)
        self._work += iterations

    def prefer(self, form: bytes) -> None:
        """Try this form first from now on, because it worked."""
        for forms in (self._bmp_forms, self._octet_forms):
            forms.sort(key=lambda other: other != form)

    async def _derive(self, encryption: PasswordEncryption, form: bytes) -> tuple[bytes, bytes]:
        self.spend(derivation_work(encryption.derivation, encryption.key_length))
        if isinstance(encryption.derivation, OldDerivation):
            return await derive_old(encryption, encryption.derivation, form, self.provider)
        key = await self.provider.derive_key(encryption.derivation, form, encryption.key_length)
        return key, encryption.iv or b""


async def decrypt_private_key_info(encrypted_der: Buffer, passphrase: FilePassphrase) -> bytes:
    """The PrivateKeyInfo inside an EncryptedPrivateKeyInfo (RFC 5958 section 3), not parsed yet.

    Raises WrongPassphrase, MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "EncryptedPrivateKeyInfo"
    fields = der.expect_count(der.read_sequence(encrypted_der, where), where, 2)
    return await passphrase.decrypt(parse_encryption(fields[0].encoded), der.read_octets(fields[1], where))


async def encrypt_pbes2(
    plaintext: bytes, passphrase: bytes, provider: CryptoProvider, iterations: int
) -> tuple[bytes, bytes]:
    """(AlgorithmIdentifier of PBES2, ciphertext): AES-256-CBC under PBKDF2-HMAC-SHA-256."""
    cipher = AES_256_CBC
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=provider.random_bytes(_SALT_LENGTH), iterations=iterations)
    iv = provider.random_bytes(cipher.iv_length)
    key = await provider.derive_key(kdf, passphrase, cipher.key_length)
    return build_pbes2(kdf, cipher, iv), await provider.encrypt_content(cipher, key, iv, plaintext)


def list_bmp_forms(passphrase: bytes) -> list[bytes]:
    """The BMPStrings that programs make of a passphrase, each with its two zero bytes.

    In order: UTF-16 with surrogates; UTF-16 of the composed form (RFC 8265, as in GnuTLS); each byte of the UTF-8 as a
    character (OpenSSL before 1.1.0); UTF-16 with characters beyond the BMP cut to 16 bits. An empty passphrase has two
    forms: the two zero bytes, then no bytes.
    """
    if not passphrase:
        return [b"\0\0", b""]
    text = decode_passphrase(passphrase)
    cut = b"".join((ord(character) & 0xFFFF).to_bytes(2, "big") for character in text) + b"\0\0"
    composed = unicodedata.normalize("NFC", text).encode("utf-8")
    forms = (bmp_passphrase(passphrase), bmp_passphrase(composed), _widen(passphrase), cut)
    return list(dict.fromkeys(forms))


def list_octet_forms(passphrase: bytes) -> list[bytes]:
    """The bytes that programs make of a passphrase for the KDFs of PKCS#5.

    In order: the UTF-8 as given; the UTF-8 of the composed form; the low bytes of the UTF-16 (PKI.js), which are
    Latin-1 if Latin-1 has all the characters.
    """
    text = decode_passphrase(passphrase)
    low_bytes = text.encode("utf-16-le")[::2]
    return list(dict.fromkeys((passphrase, unicodedata.normalize("NFC", text).encode("utf-8"), low_bytes)))


def _widen(octets: bytes) -> bytes:
    return octets.decode("latin-1").encode("utf-16-be") + b"\0\0"
