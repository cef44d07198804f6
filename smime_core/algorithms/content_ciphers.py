"""Content-encryption algorithms (RFC 3565, 5084, 8103; RFC 3370 section 5 for ciphers that are only decrypted)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TAG_LENGTH: Final = 16  # The length in bytes of the tags that we write (MUSTS 19).
MIN_TAG_LENGTH: Final = 12  # The length in bytes of the shortest tag that we accept; RFC 5084 allows shorter ones too.
GCM_TAG_LENGTH: Final = TAG_LENGTH


class CipherMode(StrEnum):
    CBC = "cbc"
    GCM = "gcm"
    CCM = "ccm"
    """CCM is only decrypted; no new message uses it."""
    CHACHA20_POLY1305 = "chacha20-poly1305"

    @property
    def is_authenticated(self) -> bool:
        """Whether the mode is for AuthEnvelopedData only (MUSTS 18)."""
        return self is not CipherMode.CBC


class CipherFamily(StrEnum):
    AES = "aes"
    CHACHA20 = "chacha20"
    TRIPLE_DES = "3des"
    DES = "des"
    RC2 = "rc2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCipher:
    """A content-encryption algorithm without its IV.

    Lengths are in bytes. `iv_length` is the length that we write. With CBC and ChaCha20, messages with another length
    are refused. A cipher with `is_weak` never encrypts a new message; only policy ARCHIVE decrypts it.
    """

    oid: str
    name: str
    family: CipherFamily
    mode: CipherMode
    key_length: int
    iv_length: int
    is_weak: bool = False

    @property
    def is_authenticated(self) -> bool:
        """Whether a tag protects the content, which then needs AuthEnvelopedData (RFC 5083)."""
        return self.mode.is_authenticated

    def work(self, length: int) -> int:
        """The cost of decrypting `length` bytes natively, in bytes of AES. RC2 is decrypted in Python."""
        return length * _WORK_OF_A_BYTE.get(self.family, 1)


_WORK_OF_A_BYTE: Final = {CipherFamily.TRIPLE_DES: 8, CipherFamily.DES: 8, CipherFamily.RC2: 512}


def _aes(arc: int, bits: int, mode: CipherMode) -> ContentCipher:
    return ContentCipher(
        oid=f"2.16.840.1.101.3.4.1.{arc}",
        name=f"AES-{bits}-{mode.upper()}",
        family=CipherFamily.AES,
        mode=mode,
        key_length=bits // 8,
        iv_length=16 if mode is CipherMode.CBC else 12,
    )


AES_128_CBC: Final = _aes(2, 128, CipherMode.CBC)
AES_192_CBC: Final = _aes(22, 192, CipherMode.CBC)
AES_256_CBC: Final = _aes(42, 256, CipherMode.CBC)
AES_128_GCM: Final = _aes(6, 128, CipherMode.GCM)
AES_192_GCM: Final = _aes(26, 192, CipherMode.GCM)
AES_256_GCM: Final = _aes(46, 256, CipherMode.GCM)
AES_128_CCM: Final = _aes(7, 128, CipherMode.CCM)
AES_192_CCM: Final = _aes(27, 192, CipherMode.CCM)
AES_256_CCM: Final = _aes(47, 256, CipherMode.CCM)
CHACHA20_POLY1305: Final = ContentCipher(
    oid="1.2.840.113549.1.9.16.3.18",
    name="ChaCha20-Poly1305",
    family=CipherFamily.CHACHA20,
    mode=CipherMode.CHACHA20_POLY1305,
    key_length=32,
    iv_length=12,
)
TRIPLE_DES_CBC: Final = ContentCipher(
    oid="1.2.840.113549.3.7",
    name="Triple-DES-CBC",
    family=CipherFamily.TRIPLE_DES,
    mode=CipherMode.CBC,
    key_length=24,
    iv_length=8,
    is_weak=True,
)
DES_CBC: Final = ContentCipher(
    oid="1.3.14.3.2.7",
    name="DES-CBC",
    family=CipherFamily.DES,
    mode=CipherMode.CBC,
    key_length=8,
    iv_length=8,
    is_weak=True,
)
RC2_CBC: Final = "1.2.840.113549.3.2"


def rc2_cbc(effective_bits: int) -> ContentCipher:
    """RC2 in CBC mode. The key is as long as its effective bits (RFC 3370 section 5.2, RFC 2268)."""
    return ContentCipher(
        oid=RC2_CBC,
        name=f"RC2-{effective_bits}-CBC",
        family=CipherFamily.RC2,
        mode=CipherMode.CBC,
        key_length=effective_bits // 8,
        iv_length=8,
        is_weak=True,
    )


RC2_40_CBC: Final = rc2_cbc(40)
RC2_64_CBC: Final = rc2_cbc(64)
RC2_128_CBC: Final = rc2_cbc(128)

# RC2 is missing, because one OID means several RC2 ciphers with different parameters (RFC 3370 section 5.2).
CONTENT_CIPHERS: Final = {
    cipher.oid: cipher
    for cipher in (
        AES_128_CBC,
        AES_192_CBC,
        AES_256_CBC,
        AES_128_GCM,
        AES_192_GCM,
        AES_256_GCM,
        AES_128_CCM,
        AES_192_CCM,
        AES_256_CCM,
        CHACHA20_POLY1305,
        TRIPLE_DES_CBC,
        DES_CBC,
    )
}
