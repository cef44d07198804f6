"""Distinguished names: a comparable form, and their text (RFC 5280 section 7.1, RFC 4518 section 2).

A comparable name is a tuple of its RDNs in order. An RDN is the tuple of its attributes in ascending order; an
attribute is a pair of type and value. For values that are text, the string type, the case and the width of blanks do
not matter; other values are compared byte by byte. Making text for people never fails: damaged characters are replaced,
and values that are no text are written in hexadecimal. RFC 4518 section 2.4 refuses unassigned and private characters.
This module accepts them: each equals only itself.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_CACHED_NAME_BYTES, MAX_NAME_TEXT_CHARACTERS
from smime_core.text.domain_name import find_a_labels

ComparableAttribute = tuple[str, str | bytes]
ComparableName = tuple[tuple[ComparableAttribute, ...], ...]

_ENCODINGS: Final = {
    0x0C: "utf-8",
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString, as all writers of certificates use it
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
COMMON_NAME: Final = "2.5.4.3"
EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"
_DOMAIN_COMPONENT: Final = "0.9.2342.19200300.100.1.25"
# RFC 5280 appendix A, RFC 4519, and for the incorporation of companies the EV guidelines of the CA/Browser Forum.
_LABELS: Final = {
    COMMON_NAME: "CN",
    EMAIL_ADDRESS: "email_address",
    "2.5.4.4": "surname",
    "2.5.4.5": "serial_number",
    "2.5.4.6": "C",
    "2.5.4.7": "locality_name",
    "2.5.4.8": "state_or_province_name",
    "2.5.4.9": "street_address",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "business_category",
    "2.5.4.17": "postal_code",
    "2.5.4.20": "telephone_number",
    "2.5.4.41": "name",
    "2.5.4.42": "given_name",
    "2.5.4.43": "initials",
    "2.5.4.44": "generation_qualifier",
    "2.5.4.45": "unique_identifier",
    "2.5.4.46": "dn_qualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organization_identifier",
    "1.3.6.1.4.1.311.60.2.1.1": "incorporation_locality",
    "1.3.6.1.4.1.311.60.2.1.2": "incorporation_state_or_province",
    "1.3.6.1.4.1.311.60.2.1.3": "incorporation_country",
    "0.9.2342.19200300.100.1.1": "user_id",
    _DOMAIN_COMPONENT: "domain_component",
}
_SHOWN_BYTES: Final = 64  # The number of bytes shown of a value that is no text.
# RFC 4518 section 2.2: soft hyphens, joiners and variation selectors are mapped to nothing.
_IGNORED: Final = re.compile(
    "[\u00ad\u034f\u1806\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)


class _NameCache:
    """A cache of comparable names by their DER. It is emptied before its keys exceed MAX_CACHED_NAME_BYTES."""

    def __init__(self) -> None:
        self._names: dict[bytes, ComparableName] = {}
        self._bytes = 0

    def find(self, name_der: bytes) -> ComparableName | None:
        return self._names.get(name_der)

    def keep(self, name_der: bytes, name: ComparableName) -> None:
        if self._bytes + len(name_der) > MAX_CACHED_NAME_BYTES:
            self._names.clear()
            self._bytes = 0
        if len(name_der) <= MAX_CACHED_NAME_BYTES:
            self._names[name_der] = name
            self._bytes += len(name_der)


_NAME_CACHE: Final = _NameCache()


def comparable_name(name_der: bytes) -> ComparableName:
    """A form of a Name that is equal for equal names. Raises MalformedMessage."""
    name = _NAME_CACHE.find(name_der)
    if name is None:
        name = tuple(_comparable_rdn(rdn) for rdn in der.read_sequence(name_der, where="Name"))
        _NAME_CACHE.keep(name_der, name)
    return name


def find_comparable_name(name_der: bytes) -> ComparableName | None:
    """The comparable form of a name, or None if the name is damaged."""
    try:
        return comparable_name(name_der)
    except MalformedMessage:
        return None


def find_attribute_values(name_der: bytes, kind: str) -> tuple[str | None, ...]:
    """The values of one type of attribute as written. A value that is no text is None. Raises MalformedMessage."""
    return tuple(_decode(value) for oid, value in _read_attributes(name_der) if oid == kind)


def find_readable_value(name_der: bytes, kind: str) -> str | None:
    """The first value of one type of attribute for people, or None if there is none or the name is damaged."""
    try:
        return next((_readable(value) for oid, value in _read_attributes(name_der) if oid == kind), None)
    except MalformedMessage:
        return None


@functools.lru_cache(maxsize=1024)
def name_text(name_der: bytes) -> str:
    """A distinguished name for people: "CN=Alice, O=Example". The text for a damaged name says so."""
    try:
        pairs = reversed(_read_attributes(name_der))
    except MalformedMessage as error:
        return f"(unreadable: {error})"
    return ", ".join(f"{_LABELS.get(oid, oid)}={_readable(value)}" for oid, value in pairs)


def _read_attributes(name_der: bytes) -> list[tuple[str, Tlv]]:
    return [
        _read_attribute(attribute) for rdn in der.read_sequence(name_der, where="Name") for attribute in _read_rdn(rdn)
    ]


def _read_rdn(rdn: Tlv) -> list[Tlv]:
    attributes = der.read_children(der.expect(rdn, der.SET, where="Name"), where="RelativeDistinguishedName")
    if not attributes:
        raise MalformedMessage("an empty set", where="RelativeDistinguishedName")
    return attributes


def _comparable_rdn(rdn: Tlv) -> tuple[ComparableAttribute, ...]:
    # Nearly every RDN has one attribute. Values are texts or bytes, which Python sorts together only with a key
    # function.
    pairs = [_comparable_attribute(attribute) for attribute in _read_rdn(rdn)]
    return tuple(pairs) if len(pairs) == 1 else tuple(sorted(pairs, key=repr))


def _comparable_attribute(attribute: Tlv) -> ComparableAttribute:
    oid, value = _read_attribute(attribute)
    text = _decode(value)
    if text is None:
        return oid, bytes(value.encoded)
    if oid == _DOMAIN_COMPONENT and not text.isascii():
        # RFC 5280 section 7.3: a label beyond ASCII is compared as its A-label. Text that has no A-label is compared
        # unchanged.
        text = find_a_labels(text) or text
    return oid, prepare_text(text)


def _read_attribute(attribute: Tlv) -> tuple[str, Tlv]:
    where = "AttributeTypeAndValue"
    fields = der.read_fields(attribute, where, 2)
    return der.parse_oid(fields[0], where), fields[1]


def _decode(value: Tlv) -> str | None:
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        return None
    try:
        return bytes(value.content).decode(encoding)
    except UnicodeDecodeError:
        return None


def _readable(value: Tlv) -> str:
    encoding = _ENCODINGS.get(value.tag)
    if encoding is not None:
        return bytes(value.content).decode(encoding, "replace")
    # RFC 4514 section 2.4: a value that is no text is written in hexadecimal, after a number sign.
    shown = bytes(value.encoded[:_SHOWN_BYTES]).hex()
    return f"#{shown}" if len(value.encoded) <= _SHOWN_BYTES else f"#{shown}..."


def prepare_text(text: str) -> str:
    """Text in comparable form: one case, normal form KC, single blanks, no blanks at the ends (RFC 4518).

    Raises MalformedMessage for a long text beyond ASCII.
    """
    if not text.isascii():
        text = _IGNORED.sub("", text)
        # Normalising a long run of combining characters takes Python quadratic time.
        if len(text) > MAX_NAME_TEXT_CHARACTERS:
            raise MalformedMessage(f"a text of {len(text)} characters", where="AttributeTypeAndValue")
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.lower().split())
