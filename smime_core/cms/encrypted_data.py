"""EncryptedData: content without recipients, encrypted with a key that both sides share (RFC 5652 section 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import ContentCipher
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.attributes import Attributes, parse_unsigned_attributes
from smime_core.cms.content_encryption import ContentEncryption, build_content_encryption
from smime_core.cms.content_info import ID_ENCRYPTED_DATA, build_content_info
from smime_core.cms.encrypted_content import ENCRYPTED_CONTENT, decrypt_cbc, parse_encrypted_content
from smime_core.errors import DecryptionError, MalformedMessage, UnsupportedAlgorithm
from smime_core.policy import Policy, check_content_cipher
from smime_core.provider import CryptoProvider

_UNPROTECTED_ATTRS: Final = 0xA1


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedData:
    """The parsed structure. `unprotected_attrs` are not authenticated.

    `encrypted_content` is empty if a stream has cut it out.
    """

    content_type: str
    encryption: ContentEncryption
    encrypted_content: Buffer
    unprotected_attrs: Attributes = field(default_factory=dict)


def parse_encrypted_data(content: Tlv) -> EncryptedData:
    """Parse the structure inside a ContentInfo. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm."""
    where = "EncryptedData"
    inside_tlv, *rest = der.pass_version(der.read_fields(content, where, 2, 3), where)
    inside = parse_encrypted_content(inside_tlv, authenticated=False)
    return EncryptedData(
        content_type=inside.content_type,
        encryption=inside.encryption,
        encrypted_content=inside.octets,
        unprotected_attrs=parse_unsigned_attributes(
            der.expect(rest[0], _UNPROTECTED_ATTRS, where), where="unprotectedAttrs"
        )
        if rest
        else {},
    )


async def decrypt_encrypted_data(
    encrypted: EncryptedData, key: bytes, provider: CryptoProvider, *, policy: Policy = Policy.RECEIVE
) -> bytes:
    """The content, decrypted with `key`.

    Raises AlgorithmForbidden, or DecryptionError, also for a key of the wrong length.
    """
    check_content_cipher(encrypted.encryption.cipher, policy)
    if len(key) != encrypted.encryption.cipher.key_length:
        raise DecryptionError
    return await decrypt_cbc(encrypted.encryption, key, encrypted.encrypted_content, provider)


async def build_encrypted_data(
    content: Buffer, key: bytes, provider: CryptoProvider, *, content_type: str, cipher: ContentCipher
) -> bytes:
    """DER of a ContentInfo with EncryptedData, encrypted with `key`.

    Raises UnsupportedAlgorithm for a weak or an AEAD cipher, MalformedMessage for a key of the wrong length.
    """
    check_content_cipher(cipher, Policy.SEND)
    if cipher.is_authenticated:
        # RFC 5083 section 1: EncryptedData has no place for a tag.
        raise UnsupportedAlgorithm(cipher.oid, "content encryption", text=f"{cipher.name} does not belong here")
    if len(key) != cipher.key_length:
        raise MalformedMessage(f"a key of {len(key)} bytes, {cipher.name} takes {cipher.key_length}", where="key")
    encryption = ContentEncryption(cipher=cipher, iv=provider.random_bytes(cipher.iv_length))
    octets = await provider.encrypt_content(cipher, key, encryption.iv, content)
    head = der.oid(content_type) + build_content_encryption(encryption) + der.header(ENCRYPTED_CONTENT, len(octets))
    # Version 0, because there are no unprotected attributes. The encrypted content stays a separate piece until the
    # end, so that it is copied only once.
    before = der.integer(0) + der.header(der.SEQUENCE, len(head) + len(octets)) + head
    return build_content_info(ID_ENCRYPTED_DATA, der.header(der.SEQUENCE, len(before) + len(octets)), before, octets)
