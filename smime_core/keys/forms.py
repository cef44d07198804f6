"""The outer structures of all keys: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) and PrivateKeyInfo (RFC 5958)."""

from __future__ import annotations

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.errors import MalformedMessage


def build_spki(algorithm: bytes, key: bytes) -> bytes:
    """DER of a SubjectPublicKeyInfo from the contents of its AlgorithmIdentifier and of its BIT STRING."""
    return der.sequence(der.sequence(algorithm), der.element(der.BIT_STRING, b"\0", key))


def build_pkcs8(algorithm: bytes, key_der: bytes) -> bytes:
    """DER of a PrivateKeyInfo of version 0, without attributes and public key."""
    return der.sequence(der.integer(0), der.sequence(algorithm), der.octet_string(key_der))


def read_bit_string(tlv: Tlv, where: str, *, tag: int = der.BIT_STRING) -> memoryview:
    """The bytes of a BIT STRING. Raises MalformedMessage if it has unused bits."""
    content = der.expect(tlv, tag, where).content
    if not len(content) or content[0] != 0:
        raise MalformedMessage("a BIT STRING that is not whole bytes", where)
    return content[1:]


def private_key_field(pkcs8_der: bytes) -> Buffer:
    """The privateKey field of a PrivateKeyInfo that `build_pkcs8` has written."""
    return der.read_octets(der.read_sequence(pkcs8_der)[2])
