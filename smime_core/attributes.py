"""CMS attributes: signedAttrs and authAttrs in their DER form (RFC 5652 sections 5.3 and 11, RFC 5083 section 2.2)."""

from __future__ import annotations

from typing import Final

from smime_core import der
from smime_core.der import Tlv
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_ATTRIBUTES, check_limit

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
SMIME_CAPABILITIES: Final = "1.2.840.113549.1.9.15"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"

Attributes = dict[str, tuple[bytes, ...]]
"""An attribute's OID to the DER of each of its values."""


def parse_attributes(tlv: Tlv, *, where: str) -> tuple[bytes, Attributes]:
    """An IMPLICIT SET OF Attribute: the SET OF form that is hashed or authenticated, and its members.

    Demands DER, even inside BER (RFC 5652 section 5.3): what is not could be hashed in more than one way (MUSTS 6).
    Raises MalformedMessage or LimitExceeded.
    """
    children = der.read_children(tlv, where=where)
    check_limit("attributes", len(children), MAX_ATTRIBUTES)
    encodings = [bytes(child.encoded) for child in children]
    if not encodings or der.set_of(encodings, tag=tlv.tag) != bytes(tlv.encoded):
        raise MalformedMessage("not a SET OF in DER", where=where)
    attributes: Attributes = {}
    for child in children:
        fields = der.read_children(der.expect(child, der.SEQUENCE, where=where), where=where)
        if len(fields) != 2:
            raise MalformedMessage(f"an attribute with {len(fields)} fields, expected 2", where=where)
        attribute_type = der.parse_oid(fields[0], where=where)
        if attribute_type in attributes:
            raise MalformedMessage(f"attribute {attribute_type} stands twice", where=where)
        values = der.read_children(der.expect(fields[1], der.SET, where=where), where=where)
        attributes[attribute_type] = tuple(bytes(value.encoded) for value in values)
    return b"\x31" + bytes(tlv.encoded[1:]), attributes


def single_value(attributes: Attributes, attribute_type: str, name: str) -> Tlv:
    """The one value of an attribute that must have exactly one (RFC 5652 section 11). Raises MalformedMessage."""
    values = attributes.get(attribute_type, ())
    if len(values) != 1:
        raise MalformedMessage(f"{name} has {len(values)} values, expected 1", where="attributes")
    return der.read_one(values[0], where=name)


def build_attribute(attribute_type: str, value_der: bytes) -> bytes:
    """DER of an Attribute with one value."""
    return der.sequence(der.oid(attribute_type), der.element(der.SET, value_der))
