"""Parse and build a content-encryption AlgorithmIdentifier with its IV or nonce.

Sources: RFC 3565 (AES-CBC), RFC 5084 (GCM, CCM), RFC 8103 (ChaCha20-Poly1305), RFC 3370 section 5 and RFC 2268 (3DES,
DES and RC2, which are only decrypted). The module `policy` decides which of these ciphers are accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    CONTENT_CIPHERS,
    MIN_TAG_LENGTH,
    RC2_CBC,
    TAG_LENGTH,
    CipherMode,
    ContentCipher,
    parse_algorithm_identifier,
    rc2_cbc,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm

_DEFAULT_TAG_LENGTH: Final = 12  # the DEFAULT of aes-ICVlen (RFC 5084 sections 3.1 and 3.2)
_NONCE_LENGTHS: Final = {
    # RFC 5084 section 3.2 recommends 12 bytes. Libraries accept 8 or more, and no known writer uses more than 16.
    CipherMode.GCM: range(8, 17),
    CipherMode.CCM: range(7, 14),  # RFC 5084 section 3.1
    CipherMode.CHACHA20_POLY1305: range(12, 13),  # RFC 8103 section 3
}
# RFC 3370 section 5.2 and RFC 2268 section 6: a version below 256 is a code for the effective key bits; a version from
# 256 on is the number of bits. Only the three codes that occur in mail are listed.
_RC2_VERSIONS: Final = {160: 40, 120: 64, 58: 128}
_RC2_DEFAULT_BITS: Final = 32
_MAX_RC2_BITS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentEncryption:
    """A cipher with the IV or nonce of one content. `tag_length` is in bytes; it is 0 for a cipher without a tag."""

    cipher: ContentCipher
    iv: bytes
    tag_length: int = 0


def parse_content_encryption(identifier_der: Buffer, role: str = "contentEncryptionAlgorithm") -> ContentEncryption:
    """Parse a ContentEncryptionAlgorithmIdentifier. Raises MalformedMessage or UnsupportedAlgorithm."""
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid != RC2_CBC and oid not in CONTENT_CIPHERS:
        raise UnsupportedAlgorithm(oid, role)
    if parameters is None:
        raise MalformedMessage("the parameters are absent", where=role)
    if oid == RC2_CBC:
        return _parse_rc2(parameters, role)
    cipher = CONTENT_CIPHERS[oid]
    if cipher.mode in (CipherMode.GCM, CipherMode.CCM):
        return _parse_aead(cipher, parameters, role)
    iv = _read_iv(der.read_one(parameters, where=role), cipher, role)
    return ContentEncryption(cipher=cipher, iv=iv, tag_length=TAG_LENGTH if cipher.is_authenticated else 0)


def build_content_encryption(encryption: ContentEncryption) -> bytes:
    """DER of the ContentEncryptionAlgorithmIdentifier of a cipher that we write: AES-CBC, GCM, ChaCha20-Poly1305."""
    parameters = der.octet_string(encryption.iv)
    if encryption.cipher.mode in (CipherMode.GCM, CipherMode.CCM):
        parameters = der.sequence(parameters, der.integer(encryption.tag_length))
    return der.sequence(der.oid(encryption.cipher.oid), parameters)


def _parse_aead(cipher: ContentCipher, parameters: bytes, role: str) -> ContentEncryption:
    # GCMParameters and CCMParameters have the same form (RFC 5084 sections 3.1 and 3.2).
    fields = der.expect_count(der.read_sequence(parameters, where=role), role, 1, 2)
    tag_length = der.parse_integer(fields[1], where=role) if len(fields) == 2 else _DEFAULT_TAG_LENGTH
    if not MIN_TAG_LENGTH <= tag_length <= TAG_LENGTH or (cipher.mode is CipherMode.CCM and tag_length % 2):
        # Shorter tags are refused, because they help only a forger (MUSTS 19). CCM has no tags of odd length.
        raise UnsupportedAlgorithm(cipher.oid, role, text=f"{role}: a tag of {tag_length} bytes is not supported")
    nonce = bytes(der.read_octets(fields[0], role))
    allowed = _NONCE_LENGTHS[cipher.mode]
    if len(nonce) not in allowed:
        raise MalformedMessage(
            f"a nonce of {len(nonce)} bytes, expected {allowed.start} to {allowed.stop - 1}", where=role
        )
    return ContentEncryption(cipher=cipher, iv=nonce, tag_length=tag_length)


def _parse_rc2(parameters: bytes, role: str) -> ContentEncryption:
    # RFC 2268 section 6: the parameters are a bare IV, for 32 effective key bits, or a SEQUENCE of version and IV.
    tlv = der.read_one(parameters, where=role)
    bits = _RC2_DEFAULT_BITS
    if tlv.tag == der.SEQUENCE:
        fields = der.expect_count(der.read_children(tlv, where=role), role, 1, 2)
        if len(fields) == 2:
            bits = parse_rc2_version(fields[0], role)
        tlv = fields[-1]
    cipher = rc2_cbc(bits)
    return ContentEncryption(cipher=cipher, iv=_read_iv(tlv, cipher, role))


def parse_rc2_version(tlv: Tlv, role: str) -> int:
    """The effective key bits of an rc2ParameterVersion. Raises MalformedMessage or UnsupportedAlgorithm."""
    version = der.parse_integer(tlv, where=role)
    bits = _RC2_VERSIONS.get(version, version if version >= 256 else 0)
    if not 0 < bits <= _MAX_RC2_BITS or bits % 8:
        raise UnsupportedAlgorithm(RC2_CBC, role, text=f"{role}: RC2 with version {version} is not supported")
    return bits


def _read_iv(tlv: Tlv, cipher: ContentCipher, role: str) -> bytes:
    iv = bytes(der.read_octets(tlv, role))
    if len(iv) != cipher.iv_length:
        raise MalformedMessage(f"an IV of {len(iv)} bytes, expected {cipher.iv_length}", where=role)
    return iv
