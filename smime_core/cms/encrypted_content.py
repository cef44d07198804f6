"""EncryptedContentInfo, which EnvelopedData, AuthEnvelopedData and EncryptedData share (RFC 5652 section 6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.content_encryption import ContentEncryption, parse_content_encryption
from smime_core.errors import DecryptionError, MalformedMessage
from smime_core.provider import CryptoProvider

ENCRYPTED_CONTENT: Final = 0x80  # [0] IMPLICIT OCTET STRING


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedContent:
    """The parsed structure. `octets` is the encrypted content, which is empty if a stream reads it apart."""

    content_type: str
    encryption: ContentEncryption
    octets: Buffer


def parse_encrypted_content(tlv: Tlv, *, authenticated: bool) -> EncryptedContent:
    """Parse an EncryptedContentInfo. With `authenticated` the cipher must be an AEAD, else none (MUSTS 18).

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "EncryptedContentInfo"
    fields = der.read_fields(tlv, where, 3, expected="3 (encrypted content is never detached)")
    encryption = parse_content_encryption(der.to_definite(fields[1], where))
    if authenticated is not encryption.cipher.is_authenticated:
        raise MalformedMessage(f"{encryption.cipher.name} does not belong here", where)
    return EncryptedContent(
        content_type=der.parse_oid(fields[0], where),
        encryption=encryption,
        octets=der.read_octets(fields[2], tag=ENCRYPTED_CONTENT, where="encryptedContent"),
    )


async def decrypt_cbc(encryption: ContentEncryption, key: bytes, octets: Buffer, provider: CryptoProvider) -> bytes:
    """The plaintext, after every byte of its padding was checked (RFC 5652 section 6.3). Raises DecryptionError."""
    if not len(octets) or len(octets) % encryption.cipher.iv_length:
        raise DecryptionError
    return await provider.decrypt_content(encryption.cipher, key, encryption.iv, octets)
