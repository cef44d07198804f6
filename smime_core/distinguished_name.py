"""Distinguished names in the form in which they compare (RFC 5280 section 7.1, RFC 4518 section 2).

A name is a tuple of its RDNs in order, an RDN its attributes in ascending order, an attribute its type and its value.
Texts lose their string type, their case and the width of their blanks; what is no text compares octet by octet.
Left out: RFC 4518 section 2.4, which refuses unassigned and private characters; here they match themselves.
"""

from __future__ import annotations

import contextlib
import functools
import re
import unicodedata
from typing import Final

from smime_core import der
from smime_core.der import Tlv
from smime_core.errors import MalformedMessage

ComparableAttribute = tuple[str, str | bytes]
ComparableName = tuple[tuple[ComparableAttribute, ...], ...]

_ENCODINGS: Final = {
    0x0C: "utf-8",
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString, as every writer of certificates understands it
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_DOMAIN_COMPONENT: Final = "0.9.2342.19200300.100.1.25"
# RFC 4518 section 2.2: soft hyphens, joiners and variation selectors are mapped to nothing.
_IGNORED: Final = re.compile(
    "[\u00ad\u034f\u1806\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)


@functools.lru_cache(maxsize=4096)
def comparable_name(name_der: bytes) -> ComparableName:
    """The form of a Name in which equal means the same. Raises MalformedMessage."""
    return tuple(_comparable_rdn(rdn) for rdn in der.read_sequence(name_der, where="Name"))


def find_attribute_values(name_der: bytes, kind: str) -> tuple[str | None, ...]:
    """The values of one type of attribute as they were written, None for what is no text. Raises MalformedMessage."""
    values: list[str | None] = []
    for rdn in der.read_sequence(name_der, where="Name"):
        for attribute in der.read_children(rdn, where="RelativeDistinguishedName"):
            oid, value = _read_attribute(attribute)
            if oid == kind:
                values.append(_decode(value))
    return tuple(values)


def _comparable_rdn(rdn: Tlv) -> tuple[ComparableAttribute, ...]:
    attributes = der.read_children(der.expect(rdn, der.SET, where="Name"), where="RelativeDistinguishedName")
    if not attributes:
        raise MalformedMessage("an empty set", where="RelativeDistinguishedName")
    # A list of one is nearly every RDN, and texts do not sort among octets.
    pairs = [_comparable_attribute(attribute) for attribute in attributes]
    return tuple(pairs) if len(pairs) == 1 else tuple(sorted(pairs, key=repr))


def _comparable_attribute(attribute: Tlv) -> ComparableAttribute:
    oid, value = _read_attribute(attribute)
    text = _decode(value)
    if text is None:
        return oid, bytes(value.encoded)
    if oid == _DOMAIN_COMPONENT and not text.isascii():
        # Section 7.3: a label beyond ASCII compares in its A-label. What is no label equals itself alone.
        with contextlib.suppress(UnicodeError):
            text = text.encode("idna").decode("ascii")
    return oid, prepare_text(text)


def _read_attribute(attribute: Tlv) -> tuple[str, Tlv]:
    where = "AttributeTypeAndValue"
    fields = der.read_children(der.expect(attribute, der.SEQUENCE, where=where), where=where)
    if len(fields) != 2:
        raise MalformedMessage(f"{len(fields)} fields, expected 2", where=where)
    return der.parse_oid(fields[0], where=where), fields[1]


def _decode(value: Tlv) -> str | None:
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        return None
    try:
        return bytes(value.content).decode(encoding)
    except UnicodeDecodeError:
        return None


def prepare_text(text: str) -> str:
    """Text as it is compared: one case, normal form KC, one blank for many and none at the ends (RFC 4518)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _IGNORED.sub("", text)).casefold())
    return " ".join(text.lower().split())
