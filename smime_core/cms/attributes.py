"""CMS attribute sets: signedAttrs, authAttrs and unsignedAttrs (RFC 5652 sections 5.3 and 11, RFC 5083 section 2.2).

Signed and authenticated attributes must be DER, and each type of authenticated attribute occurs once.
`check_attribute_rules` checks the number of values, and whether an attribute must be signed or unsigned.
`signed_attributes` reads the values.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_ATTRIBUTES, check_limit

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
COUNTERSIGNATURE: Final = "1.2.840.113549.1.9.6"
SMIME_CAPABILITIES: Final = "1.2.840.113549.1.9.15"
ALGORITHM_PROTECTION: Final = "1.2.840.113549.1.9.52"
RECEIPT_REQUEST: Final = "1.2.840.113549.1.9.16.2.1"
SECURITY_LABEL: Final = "1.2.840.113549.1.9.16.2.2"
ML_EXPANSION_HISTORY: Final = "1.2.840.113549.1.9.16.2.3"
CONTENT_HINTS: Final = "1.2.840.113549.1.9.16.2.4"
MSG_SIG_DIGEST: Final = "1.2.840.113549.1.9.16.2.5"
CONTENT_IDENTIFIER: Final = "1.2.840.113549.1.9.16.2.7"
EQUIVALENT_LABELS: Final = "1.2.840.113549.1.9.16.2.9"
CONTENT_REFERENCE: Final = "1.2.840.113549.1.9.16.2.10"
ENCRYPTION_KEY_PREFERENCE: Final = "1.2.840.113549.1.9.16.2.11"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
SIGNATURE_TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.14"
SIGNATURE_POLICY: Final = "1.2.840.113549.1.9.16.2.15"
COMMITMENT_TYPE: Final = "1.2.840.113549.1.9.16.2.16"
SIGNER_LOCATION: Final = "1.2.840.113549.1.9.16.2.17"
CONTENT_TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.20"
CERTIFICATE_REFERENCES: Final = "1.2.840.113549.1.9.16.2.21"
REVOCATION_REFERENCES: Final = "1.2.840.113549.1.9.16.2.22"
CERTIFICATE_VALUES: Final = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES: Final = "1.2.840.113549.1.9.16.2.24"
CADES_C_TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.25"
REFERENCES_TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.26"
ARCHIVE_TIME_STAMP_V1: Final = "1.2.840.113549.1.9.16.2.27"
ARCHIVE_TIME_STAMP_V2: Final = "1.2.840.113549.1.9.16.2.48"
ARCHIVE_TIME_STAMP_V3: Final = "0.4.0.1733.2.4"
MIME_TYPE: Final = "0.4.0.1733.2.1"
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
MICROSOFT_KEY_PREFERENCE: Final = "1.3.6.1.4.1.311.16.4"
PAGE_HEAD: Final = "2.25.44276285377407154264328317823777238154"
"""Our own attribute: address and media type of a page that is signed, as UTF8String of JSON (`own_content.pages`)."""

RESORTED: Final = "signed-attributes-resorted"
"""The name of the tolerance for a signed set whose members are DER but not in the order of DER (MUSTS 6)."""

# Attributes that must be signed, occur once and have exactly one value: RFC 5652 section 11, RFC 8551 sections 2.5.2
# and 2.5.3, RFC 2634 section 1.3.4, RFC 5035 section 5, RFC 6211 section 3.
_SIGNED_ONCE: Final = {
    CONTENT_TYPE: "content-type",
    MESSAGE_DIGEST: "message-digest",
    SIGNING_TIME: "signing-time",
    SMIME_CAPABILITIES: "SMIMECapabilities",
    ALGORITHM_PROTECTION: "CMSAlgorithmProtection",
    RECEIPT_REQUEST: "receiptRequest",
    SECURITY_LABEL: "eSSSecurityLabel",
    ML_EXPANSION_HISTORY: "mlExpansionHistory",
    MSG_SIG_DIGEST: "msgSigDigest",
    EQUIVALENT_LABELS: "equivalentLabels",
    CONTENT_REFERENCE: "contentReference",
    ENCRYPTION_KEY_PREFERENCE: "encryptionKeyPreference",
    SIGNING_CERTIFICATE: "signingCertificate",
    SIGNING_CERTIFICATE_V2: "signingCertificateV2",
    MICROSOFT_KEY_PREFERENCE: "Microsoft's encryption key preference",
    PAGE_HEAD: "pageHead",
}
# Attributes that occur once and have one value. The two types that are added here may be signed or unsigned (RFC 2634
# section 1.3.4).
_ONCE: Final = _SIGNED_ONCE | {
    CONTENT_HINTS: "contentHints",
    CONTENT_IDENTIFIER: "contentIdentifier",
}

Attributes = dict[str, tuple[bytes, ...]]
"""A map from an attribute's OID to the DER of each of its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAttributes:
    """A set of signed attributes, with the two SET OF forms that its signature may cover.

    `received_der` is the set as received, with the tag of a SET. `sorted_der` has the same members in the order of DER;
    it differs from `received_der` only if `tolerances` has RESORTED. The signature may cover either of them.
    """

    received_der: bytes
    sorted_der: bytes
    attributes: Attributes

    @property
    def tolerances(self) -> tuple[str, ...]:
        return () if self.received_der == self.sorted_der else (RESORTED,)


ATTRIBUTE_SET_HEAD_BYTES: Final = 512
"""The bytes that `looks_like_attribute_set` needs: three headers, two of which may have 128 bytes each in BER."""


def looks_like_attribute_set(head: Buffer) -> bool:
    """Whether bytes begin as a SET OF Attribute in BER or DER: a SET whose first member is a SEQUENCE with an OID.

    Only the headers decide. `parse_signed_attributes` refuses a set with a repeated type or a value that is not DER,
    but another program may have signed such a set.
    """
    octets = bytes(head[:ATTRIBUTE_SET_HEAD_BYTES])
    offset = 0
    for tag in (der.SET, der.SEQUENCE):
        header = octets[offset : offset + 2]
        if len(header) < 2 or header[0] != tag:
            return False
        offset += 2 + (header[1] & 0x7F if header[1] > 0x80 else 0)  # a length in any form of BER
    return octets[offset : offset + 1] == bytes((der.OID,))


def parse_attributes(tlv: Tlv, where: str) -> tuple[bytes, Attributes]:
    """Parse an IMPLICIT SET OF Attribute. Returns (its SET OF form, which is hashed or authenticated; the attributes).

    The set must be DER, even inside BER (RFC 5652 section 5.3), because other encodings could be hashed in several ways
    (MUSTS 6). Raises MalformedMessage or LimitExceeded.
    """
    parsed = parse_signed_attributes(tlv, where)
    if parsed.tolerances:
        raise MalformedMessage("not a SET OF in DER", where)
    if len(parsed.attributes) != len(der.read_children(tlv, where)):
        raise MalformedMessage("an attribute appears twice", where)
    return parsed.received_der, parsed.attributes


def parse_signed_attributes(tlv: Tlv, where: str) -> SignedAttributes:
    """Parse signedAttrs, whose members are DER but may be in any order; see `SignedAttributes.tolerances`.

    A signature covers the DER form, which is sorted (RFC 5652 section 5.4). OpenSSL, NSS and GnuPG verify the set in
    the order received; Bouncy Castle sorts it first. Old signers never sorted: their messages verify in the order
    received. Several attributes of one type are merged; `check_attribute_rules` refuses the types that must occur once.
    Raises MalformedMessage or LimitExceeded.
    """
    check_definite(tlv, where)
    children = der.read_children(tlv, where)
    if not children:
        raise MalformedMessage("an empty set, which would have to be absent", where)
    attributes = _merge(children, where)
    received_der = b"\x31" + bytes(tlv.encoded[1:])
    encodings = [bytes(child.encoded) for child in children]
    in_order = sorted(encodings)
    return SignedAttributes(
        received_der=received_der,
        sorted_der=received_der if encodings == in_order else der.element(der.SET, *in_order),
        attributes=attributes,
    )


def parse_unsigned_attributes(tlv: Tlv, where: str) -> Attributes:
    """Parse unsignedAttrs, in BER or DER. Several attributes of one type are merged (RFC 5652 section 11.4).

    Raises MalformedMessage or LimitExceeded.
    """
    return _merge(der.read_children(tlv, where), where)


def _merge(members: list[Tlv], where: str) -> Attributes:
    check_limit("attributes", len(members), MAX_ATTRIBUTES)
    attributes: Attributes = {}
    for member in members:
        attribute_type, values = _parse_attribute(member, where)
        attributes[attribute_type] = attributes.get(attribute_type, ()) + values
    return attributes


def check_attribute_rules(signed: Attributes, unsigned: Attributes) -> None:
    """Raise MalformedMessage for an attribute with a wrong number of values, or one wrongly signed or unsigned.

    MUSTS 2, 15, 16, 17, 41 and 50: a violation makes the signature invalid.
    """
    for attribute_type, values in signed.items():
        if len(values) != 1 and attribute_type in _ONCE:
            raise MalformedMessage(f"{_ONCE[attribute_type]} has {len(values)} values, expected 1", where="signedAttrs")
    if COUNTERSIGNATURE in signed:
        raise MalformedMessage("a countersignature is signed, expected unsigned", where="signedAttrs")
    for attribute_type, values in unsigned.items():
        if attribute_type in _SIGNED_ONCE:
            raise MalformedMessage(f"{_SIGNED_ONCE[attribute_type]} is not signed", where="unsignedAttrs")
        if len(values) != 1 and attribute_type in _ONCE:
            raise MalformedMessage(
                f"{_ONCE[attribute_type]} has {len(values)} values, expected 1", where="unsignedAttrs"
            )


def single_value(attributes: Attributes, attribute_type: str, name: str) -> Tlv:
    """The value of an attribute that must have exactly one value (RFC 5652 section 11). Raises MalformedMessage."""
    values = attributes.get(attribute_type, ())
    if len(values) != 1:
        raise MalformedMessage(f"{name} has {len(values)} values, expected 1", where="attributes")
    return der.read_one(values[0], where=name)


def find_value(attributes: Attributes, attribute_type: str, name: str) -> Tlv | None:
    """The value of an attribute that must have exactly one, or None if it is absent. Raises MalformedMessage."""
    return single_value(attributes, attribute_type, name) if attribute_type in attributes else None


def find_fields(attributes: Attributes, attribute_type: str, name: str, *counts: int) -> list[Tlv] | None:
    """The fields of an attribute's only value, a SEQUENCE with one of `counts` of them (`der.read_fields`).

    None if the attribute is absent. Raises MalformedMessage.
    """
    value = find_value(attributes, attribute_type, name)
    return None if value is None else der.read_fields(value, name, *counts)


def build_attribute(attribute_type: str, *values_der: bytes) -> bytes:
    """DER of an Attribute."""
    return der.sequence(attribute_type_der(attribute_type), der.set_of(list(values_der)))


@functools.lru_cache(maxsize=64)
def attribute_type_der(attribute_type: str) -> bytes:
    return der.oid(attribute_type)


def check_definite(tlv: Tlv, where: str) -> None:
    """Raise MalformedMessage unless every length in the element is definite and as short as DER requires.

    One loop reads all headers. It skips the content octets of primitive elements and enters constructed elements.
    """
    octets, offset = bytes(tlv.encoded), 0
    end = len(octets)
    while offset + 1 < end:
        tag, first = octets[offset], octets[offset + 1]
        offset += 2
        length = first
        if first >= 0x80:
            count = first & 0x7F
            length = int.from_bytes(octets[offset : offset + count], "big")
            offset += count
            # The indefinite form (0x80) is refused here too, because no length bytes follow, so `length` is 0.
            if length < 0x80 or length >> 8 * (count - 1) == 0:
                raise MalformedMessage("a length that is not DER", where)
        if not tag & 0x20:
            offset += length


@functools.lru_cache(maxsize=64)
def _type_of(encoded: bytes) -> str:
    return der.parse_oid(der.read_one(encoded), where="attribute")


def _parse_attribute(tlv: Tlv, where: str) -> tuple[str, tuple[bytes, ...]]:
    fields = der.read_fields(tlv, where)
    if len(fields) != 2:
        raise MalformedMessage(f"an attribute with {len(fields)} fields, expected 2", where)
    values = der.read_children(der.expect(fields[1], der.SET, where), where)
    check_limit("attribute values", len(values), MAX_ATTRIBUTES)
    return _type_of(bytes(fields[0].encoded)), tuple(bytes(value.encoded) for value in values)
