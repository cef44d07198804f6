"""contentHints, contentIdentifier and contentReference (RFC 2634 sections 2.9, 2.7 and 2.11)."""

from __future__ import annotations

import datetime
import hmac
from dataclasses import dataclass

from smime_core.asn1 import der
from smime_core.cms.attributes import (
    CONTENT_HINTS,
    CONTENT_IDENTIFIER,
    CONTENT_REFERENCE,
    CONTENT_TYPE,
    Attributes,
    build_attribute,
    find_fields,
    find_value,
)
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentHints:
    """A description of the innermost content of a message with several layers. `description` is None if absent."""

    content_type: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentReference:
    """A reference to another SignedData. A Receipt has the same three values (RFC 2634 section 2.8)."""

    content_type: str
    signed_content_identifier: bytes
    originator_signature_value: bytes

    def refers_to(self, signer: SignerInfo) -> bool:
        """Whether `signer` has the content type, the contentIdentifier and the signature that the reference names."""
        content_type = find_value(signer.attributes, CONTENT_TYPE, "content-type")
        return (
            content_type is not None
            and der.parse_oid(content_type) == self.content_type
            and parse_content_identifier(signer.attributes) == self.signed_content_identifier
            and hmac.compare_digest(signer.signature, self.originator_signature_value)
        )


def parse_content_hints(attributes: Attributes) -> ContentHints | None:
    """Parse the contentHints attribute, or return None if it is absent. Raises MalformedMessage."""
    where = "contentHints"
    fields = find_fields(attributes, CONTENT_HINTS, where)
    if fields is None:
        return None
    description = None
    if len(fields) == 2:
        description = _text(bytes(der.expect(fields.pop(0), der.UTF8_STRING, where).content))
    if len(fields) != 1:
        raise MalformedMessage("expected a description and a content type", where)
    return ContentHints(content_type=der.parse_oid(fields[0], where), description=description)


def build_content_hints(hints: ContentHints) -> bytes:
    """DER of a contentHints attribute."""
    description = b"" if hints.description is None else der.element(der.UTF8_STRING, hints.description.encode())
    return build_attribute(CONTENT_HINTS, der.sequence(description, der.oid(hints.content_type)))


def parse_content_identifier(attributes: Attributes) -> bytes | None:
    """The bytes of the contentIdentifier attribute, or None if it is absent. Raises MalformedMessage."""
    value = find_value(attributes, CONTENT_IDENTIFIER, "contentIdentifier")
    return bytes(der.expect(value, der.OCTET_STRING, where="contentIdentifier").content) if value else None


def build_content_identifier(identifier: bytes) -> bytes:
    """DER of a contentIdentifier attribute."""
    return build_attribute(CONTENT_IDENTIFIER, der.octet_string(identifier))


def new_content_identifier(user: bytes, provider: CryptoProvider, *, moment: datetime.datetime) -> bytes:
    """A fresh identifier: user, time and a random number (RFC 2634 section 2.7)."""
    time = moment.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii")
    return user + time + provider.random_bytes(16)


def parse_content_reference(attributes: Attributes) -> ContentReference | None:
    """Parse the contentReference attribute, or return None if it is absent. Raises MalformedMessage."""
    where = "contentReference"
    fields = find_fields(attributes, CONTENT_REFERENCE, where)
    return None if fields is None else parse_reference_fields(fields, where)


def parse_reference_fields(fields: list[der.Tlv], where: str) -> ContentReference:
    """The three values of a ContentReference or Receipt. Raises MalformedMessage."""
    der.expect_count(fields, where, 3, expected="type, identifier and signature")
    return ContentReference(
        content_type=der.parse_oid(fields[0], where),
        signed_content_identifier=bytes(der.expect(fields[1], der.OCTET_STRING, where).content),
        originator_signature_value=bytes(der.expect(fields[2], der.OCTET_STRING, where).content),
    )


def build_content_reference(reference: ContentReference) -> bytes:
    """DER of a contentReference attribute."""
    return build_attribute(CONTENT_REFERENCE, der.sequence(*reference_fields(reference)))


def reference_fields(reference: ContentReference) -> tuple[bytes, bytes, bytes]:
    """DER of each of the three values of a reference."""
    return (
        der.oid(reference.content_type),
        der.octet_string(reference.signed_content_identifier),
        der.octet_string(reference.originator_signature_value),
    )


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage("the description is not UTF-8", where="contentHints") from error
