"""The kind of a DER value by its first fields, never by a label (RFC 5280, 5652, 5958, 7292, 2986, 3161, 6960, 8017).

Only the first fields of each level are read. A damaged value still has the kind that its first fields show, so that the
parser of this kind can report the fault.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.errors import MalformedMessage

_EXPLICIT_0: Final = 0xA0
_STRINGS: Final = (der.OCTET_STRING, 0x24)  # primitive and constructed
_TIMES: Final = (0x17, 0x18)  # UTCTime, GeneralizedTime
_PKCS7: Final = bytes.fromhex("2a864886f70d0107")
_ID_CT_TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")
_LOOKED_AT_FIELDS: Final = 6
_NUMBERS_OF_RSA_PUBLIC: Final = 2
_NUMBERS_OF_DSA: Final = 6  # A private DSA key has six numbers, an RSA key nine. Fewer are parameters or public keys.


class ValueKind(StrEnum):
    """The kinds of values that files have. The words are for people."""

    CERTIFICATE = "certificate"
    REVOCATION_LIST = "certificate revocation list"
    CMS = "message in CMS"
    TIMESTAMP = "timestamp"
    PKCS12 = "PKCS#12"
    PRIVATE_KEY = "private key"
    PUBLIC_KEY = "public key"
    REQUEST = "certification request"
    OCSP_RESPONSE = "OCSP response"
    OTHER = "value of another kind"


def kind_of(value: Tlv) -> ValueKind:
    """The kind of a value. Never raises."""
    if value.tag != der.SEQUENCE:
        return ValueKind.OTHER
    fields = _first_fields(value)
    tags = [field.tag for field in fields]
    match tags:
        case [der.OID, *_]:
            return ValueKind.TIMESTAMP if _is_token(fields[1:]) else ValueKind.CMS
        case [der.ENUMERATED, *_]:
            return ValueKind.OCSP_RESPONSE
        case [der.INTEGER, *_]:
            return _kind_after_version(fields, tags)
        case [der.SEQUENCE, *_]:
            return _kind_after_sequence(fields, tags)
    return ValueKind.OTHER


def _kind_after_version(fields: list[Tlv], tags: list[int]) -> ValueKind:
    if tags[1:2] == [der.SEQUENCE]:
        # The authSafe of a PFX is a ContentInfo. The parser checks the version (RFC 7292 section 4).
        inner = _first_fields(fields[1])[:1]
        if inner and inner[0].tag == der.OID and bytes(inner[0].content).startswith(_PKCS7):
            return ValueKind.PKCS12
        # Explicit parameters of a curve have a SEQUENCE in the third place.
        return ValueKind.PRIVATE_KEY if tags[2:3] and tags[2] in _STRINGS else ValueKind.OTHER
    if tags == [der.INTEGER] * _NUMBERS_OF_RSA_PUBLIC:
        return ValueKind.PUBLIC_KEY
    is_key = tags[1:2] == [der.OCTET_STRING] or tags == [der.INTEGER] * _NUMBERS_OF_DSA
    return ValueKind.PRIVATE_KEY if is_key else ValueKind.OTHER


def _kind_after_sequence(fields: list[Tlv], tags: list[int]) -> ValueKind:
    inner = [field.tag for field in _first_fields(fields[0])]
    if len(tags) < 3:
        if inner[:1] == [der.INTEGER] and tags[1:] in ([], [der.SEQUENCE]):
            return ValueKind.TIMESTAMP
        if tags[1:] == [der.BIT_STRING] and inner[:1] == [der.OID]:
            return ValueKind.PUBLIC_KEY
        # The algorithm of an encrypted key always has parameters. OpenSSL's trust settings have no such SEQUENCE.
        is_encrypted = tags[1:] == [der.OCTET_STRING] and inner == [der.OID, der.SEQUENCE]
        return ValueKind.PRIVATE_KEY if is_encrypted else ValueKind.OTHER
    if any(tag in _TIMES for tag in inner[2:4]):
        return ValueKind.REVOCATION_LIST
    # A certificate has a SEQUENCE where a request has its attributes.
    is_request = inner[:3] == [der.INTEGER, der.SEQUENCE, der.SEQUENCE] and inner[3:] in ([], [_EXPLICIT_0])
    return ValueKind.REQUEST if is_request else ValueKind.CERTIFICATE


def _is_token(content: list[Tlv]) -> bool:
    # ContentInfo contains SignedData, which contains EncapsulatedContentInfo.
    if not content or content[0].tag != _EXPLICIT_0:
        return False
    signed_data = _first_fields(content[0])[:1]
    fields = _first_fields(signed_data[0]) if signed_data else []
    inside = _first_fields(fields[2])[:1] if len(fields) > 2 else []
    return bool(inside) and inside[0].tag == der.OID and bytes(inside[0].content) == _ID_CT_TST_INFO


def _first_fields(value: Tlv) -> list[Tlv]:
    # Returns the fields before the first damaged field.
    fields: list[Tlv] = []
    offset, end = 0, len(value.content) if value.is_constructed else 0
    while offset < end and len(fields) < _LOOKED_AT_FIELDS:
        try:
            field, offset = der.read_tlv(value.content, offset)
        except MalformedMessage:
            break
        fields.append(field)
    return fields
