"""Attributes in words, for `inspect` and bug reports. Nothing is verified.

Each value is read by the parser of the attribute's module. If a value cannot be read, the error is shown instead. An
unknown attribute is shown as hexadecimal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from smime_core.algorithms import parse_hash_identifier, parse_signature_identifier
from smime_core.asn1 import der
from smime_core.cades import parse_commitments, parse_mime_type, parse_signature_policy, read_revocation_values
from smime_core.cms import attributes as types
from smime_core.cms.attributes import Attributes
from smime_core.cms.capabilities import Capabilities, Capability, parse_capabilities
from smime_core.cms.content_info import (
    FIELD,
    FORM,
    ID_AUTH_ENVELOPED_DATA,
    ID_AUTHENTICATED_DATA,
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_DIGESTED_DATA,
    ID_ENCRYPTED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    PAGE,
    PARCEL_CHALLENGE,
    PARCEL_MANIFEST,
    PUBLISHED_PAGE,
    RELEASE,
    SIGNED_FIELD,
    SIGNED_PAGE,
    SIGNED_TRUST_STATE,
    TRUST_LIST,
    TRUST_STATE,
)
from smime_core.cms.signed_attributes import parse_key_preference, parse_signing_certificate, parse_signing_time
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.ess import (
    ID_CT_RECEIPT,
    AllOrFirstTier,
    ContentHints,
    ContentReference,
    Expansion,
    GeneralNames,
    ReceiptRequest,
    SecurityLabel,
    parse_content_hints,
    parse_content_identifier,
    parse_content_reference,
    parse_equivalent_labels,
    parse_expansion_history,
    parse_receipt_request,
    parse_security_label,
)
from smime_core.text.times import utc_text
from smime_core.timestamp import ID_CT_TST_INFO, parse_timestamp_token

NAMES: Final = {
    types.CONTENT_TYPE: "content type",
    types.MESSAGE_DIGEST: "message digest",
    types.SIGNING_TIME: "signing time",
    types.COUNTERSIGNATURE: "countersignature",
    types.SMIME_CAPABILITIES: "capabilities",
    types.ALGORITHM_PROTECTION: "algorithm protection",
    types.RECEIPT_REQUEST: "receipt request",
    types.SECURITY_LABEL: "security label",
    types.ML_EXPANSION_HISTORY: "mailing list history",
    types.CONTENT_HINTS: "content hints",
    types.MSG_SIG_DIGEST: "digest of the original's attributes",
    types.CONTENT_IDENTIFIER: "content identifier",
    types.EQUIVALENT_LABELS: "equivalent labels",
    types.CONTENT_REFERENCE: "content reference",
    types.ENCRYPTION_KEY_PREFERENCE: "encryption key preference",
    types.SIGNING_CERTIFICATE: "signing certificate",
    types.SIGNATURE_TIME_STAMP: "timestamp of the signature",
    types.CONTENT_TIME_STAMP: "timestamp of the content",
    types.ARCHIVE_TIME_STAMP_V1: "archive timestamp, version 1",
    types.ARCHIVE_TIME_STAMP_V2: "archive timestamp, version 2",
    types.ARCHIVE_TIME_STAMP_V3: "archive timestamp, version 3",
    types.CADES_C_TIME_STAMP: "timestamp of signature and references",
    types.REFERENCES_TIME_STAMP: "timestamp of references",
    types.CERTIFICATE_REFERENCES: "references to certificates",
    types.REVOCATION_REFERENCES: "references to revocation data",
    types.CERTIFICATE_VALUES: "certificates",
    types.REVOCATION_VALUES: "revocation data",
    types.SIGNATURE_POLICY: "signature policy",
    types.COMMITMENT_TYPE: "commitment",
    types.SIGNER_LOCATION: "signer's location",
    types.MIME_TYPE: "media type",
    types.SIGNING_CERTIFICATE_V2: "signing certificate, version 2",
    types.MICROSOFT_KEY_PREFERENCE: "encryption key preference, Microsoft's",
    types.PAGE_HEAD: "address and media type of the page",
}
_CONTENT_TYPES: Final = {
    ID_DATA: "data",
    ID_SIGNED_DATA: "SignedData",
    ID_ENVELOPED_DATA: "EnvelopedData",
    ID_AUTH_ENVELOPED_DATA: "AuthEnvelopedData",
    ID_ENCRYPTED_DATA: "EncryptedData",
    ID_DIGESTED_DATA: "DigestedData",
    ID_AUTHENTICATED_DATA: "AuthenticatedData",
    ID_COMPRESSED_DATA: "CompressedData",
    ID_CT_RECEIPT: "receipt",
    ID_CT_TST_INFO: "timestamp",
    FIELD: "field",
    SIGNED_FIELD: "signed field",
    FORM: "form",
    PAGE: "page",
    PUBLISHED_PAGE: "page beside its signature",
    SIGNED_PAGE: "signed page",
    PARCEL_MANIFEST: "parcel manifest",
    PARCEL_CHALLENGE: "challenge of a parcel",
    TRUST_LIST: "trust list",
    RELEASE: "release",
    TRUST_STATE: "trust state",
    SIGNED_TRUST_STATE: "signed trust state",
}
_CLASSIFICATIONS: Final = ("unmarked", "unclassified", "restricted", "confidential", "secret", "top secret")

Value = TypeVar("Value")
Reader = Callable[[Attributes], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeDescription:
    """One attribute in words. `values` are texts for people, with bytes in hexadecimal.

    `name` is empty for an unknown type. A countersignature has no values here, because it is described as a signer.
    """

    oid: str
    name: str
    values: tuple[str, ...]


def describe_attributes(attributes: Attributes) -> tuple[AttributeDescription, ...]:
    """All attributes of a set, in their order. Never raises for a damaged value."""
    return tuple(
        AttributeDescription(oid=oid, name=NAMES.get(oid, ""), values=_describe(oid, values))
        for oid, values in attributes.items()
    )


def content_type_name(oid: str) -> str:
    """The name of a content type, or the OID itself if it is unknown."""
    return _CONTENT_TYPES.get(oid, oid)


def _describe(oid: str, values: tuple[bytes, ...]) -> tuple[str, ...]:
    if oid == types.COUNTERSIGNATURE:
        return ()
    reader = _READERS.get(oid)
    if reader is None:
        return tuple(value.hex() for value in values)
    try:
        return tuple(reader({oid: values}))
    except SmimeError as error:
        return (f"unreadable: {error}",)


def _single(attribute_type: str, describe: Callable[[der.Tlv, str], str]) -> Reader:
    """A reader for an attribute with exactly one value. `describe` gets the value and the attribute's name."""
    where = NAMES[attribute_type]
    return lambda attributes: [describe(types.single_value(attributes, attribute_type, where), where)]


def _octets(value: der.Tlv, where: str) -> str:
    return bytes(der.read_octets(value, where=where)).hex()


def _count(value: der.Tlv, where: str) -> str:
    return f"{len(der.read_children(value, where=where))}"


def _if_present(parse: Callable[[Attributes], Value | None], describe: Callable[[Value], Iterable[str]]) -> Reader:
    """A reader that describes what `parse` returns, and that has no texts for None."""

    def read(attributes: Attributes) -> Iterable[str]:
        value = parse(attributes)
        return () if value is None else describe(value)

    return read


def _capability(entry: Capability) -> str:
    alone = Capabilities(entries=(entry,))
    words = [
        *(cipher.name for cipher in alone.content_ciphers),
        *(transport.label for transport in alone.key_transports),
        *(
            f"key agreement by {agreement.kdf}, {agreement.kdf_hash} with {wrap.name}"
            for agreement, wrap in alone.key_agreements
        ),
        *(str(name) for name in alone.hashes),
    ]
    return words[0] if words else entry.oid


def _algorithm_protection(attributes: Attributes) -> Iterable[str]:
    where = NAMES[types.ALGORITHM_PROTECTION]
    value = types.single_value(attributes, types.ALGORITHM_PROTECTION, where)
    fields = [bytes(field.encoded) for field in der.read_children(value, where)]
    if not fields:
        raise MalformedMessage("names no algorithm", where)
    digest, others = parse_hash_identifier(fields[0]), fields[1:]
    signatures = [b"\x30" + other[1:] for other in others if other[:1] == b"\xa1"]
    return [str(digest), *(parse_signature_identifier(signature, digest).label for signature in signatures)]


def _signing_certificate(attributes: Attributes) -> Iterable[str]:
    return [f"{reference.hash_name} {reference.digest.hex()}" for reference in parse_signing_certificate(attributes)]


def _receipt_request(request: ReceiptRequest) -> Iterable[str]:
    receipts_from = request.receipts_from
    from_whom = (
        (
            "everybody"
            if receipts_from is AllOrFirstTier.ALL_RECEIPTS
            else "those who did not get it through a mailing list"
        )
        if isinstance(receipts_from, AllOrFirstTier)
        else _entities(receipts_from)
    )
    return [
        f"identifier {request.signed_content_identifier.hex()}",
        f"from {from_whom}",
        f"to {_entities(request.receipts_to)}",
    ]


def _entities(entities: tuple[GeneralNames, ...]) -> str:
    return ", ".join(name.address or name.encoded.hex() for names in entities for name in names)


def _label(label: SecurityLabel) -> str:
    words = [f"policy {label.policy}"]
    if label.classification is not None:
        is_named = 0 <= label.classification < len(_CLASSIFICATIONS)
        words.append(_CLASSIFICATIONS[label.classification] if is_named else f"class {label.classification}")
    if label.privacy_mark is not None:
        words.append(f'marked "{label.privacy_mark}"')
    words += [f"category {category.type}" for category in label.categories]
    return ", ".join(words)


def _expansion(expansion: Expansion) -> str:
    policy = expansion.receipt_policy
    receipts = f", receipts: {policy.kind.name.lower().replace('_', ' ')}" if policy else ""
    return f"{expansion.mail_list}, {utc_text(expansion.expansion_time)}{receipts}"


def _content_hints(hints: ContentHints) -> Iterable[str]:
    return [content_type_name(hints.content_type), *([hints.description] if hints.description is not None else [])]


def _content_reference(reference: ContentReference) -> Iterable[str]:
    return [content_type_name(reference.content_type), f"identifier {reference.signed_content_identifier.hex()}"]


def _timestamps_of(attribute_type: str) -> Reader:
    return lambda attributes: [_timestamp(value) for value in attributes[attribute_type]]


def _timestamp(token_der: bytes) -> str:
    # A token that cannot be read does not hide the others.
    try:
        token = parse_timestamp_token(der.to_definite(der.read_one(token_der)))
    except SmimeError as error:
        return f"unreadable: {error}"
    info = token.info
    within = f" within {info.accuracy.total_seconds():g} s" if info.accuracy else ""
    return f"{utc_text(info.gen_time)}{within}, by {token.signer.sid}, policy {info.tsa_policy}"


def _revocation_values(attributes: Attributes) -> Iterable[str]:
    crls, responses = read_revocation_values(attributes)
    return [f"{len(crls)} lists, {len(responses)} OCSP responses"]


_KEY_PREFERENCE: Final = _if_present(parse_key_preference, lambda preferred: [str(preferred)])
_READERS: Final[dict[str, Reader]] = {
    types.CONTENT_TYPE: _single(types.CONTENT_TYPE, lambda value, _: content_type_name(der.parse_oid(value))),
    types.MESSAGE_DIGEST: _single(types.MESSAGE_DIGEST, _octets),
    types.MSG_SIG_DIGEST: _single(types.MSG_SIG_DIGEST, _octets),
    types.SIGNING_TIME: _if_present(parse_signing_time, lambda time: [utc_text(time)]),
    types.SMIME_CAPABILITIES: _if_present(
        parse_capabilities, lambda capabilities: map(_capability, capabilities.entries)
    ),
    types.ALGORITHM_PROTECTION: _algorithm_protection,
    types.SIGNING_CERTIFICATE: _signing_certificate,
    types.SIGNING_CERTIFICATE_V2: _signing_certificate,
    types.ENCRYPTION_KEY_PREFERENCE: _KEY_PREFERENCE,
    types.MICROSOFT_KEY_PREFERENCE: _KEY_PREFERENCE,
    types.RECEIPT_REQUEST: _if_present(parse_receipt_request, _receipt_request),
    types.SECURITY_LABEL: _if_present(parse_security_label, lambda label: [_label(label)]),
    types.EQUIVALENT_LABELS: lambda attributes: map(_label, parse_equivalent_labels(attributes)),
    types.ML_EXPANSION_HISTORY: _if_present(parse_expansion_history, lambda history: map(_expansion, history)),
    types.CONTENT_HINTS: _if_present(parse_content_hints, _content_hints),
    types.CONTENT_IDENTIFIER: _if_present(parse_content_identifier, lambda identifier: [identifier.hex()]),
    types.CONTENT_REFERENCE: _if_present(parse_content_reference, _content_reference),
    types.SIGNATURE_TIME_STAMP: _timestamps_of(types.SIGNATURE_TIME_STAMP),
    types.CONTENT_TIME_STAMP: _timestamps_of(types.CONTENT_TIME_STAMP),
    types.ARCHIVE_TIME_STAMP_V1: _timestamps_of(types.ARCHIVE_TIME_STAMP_V1),
    types.ARCHIVE_TIME_STAMP_V2: _timestamps_of(types.ARCHIVE_TIME_STAMP_V2),
    types.ARCHIVE_TIME_STAMP_V3: _timestamps_of(types.ARCHIVE_TIME_STAMP_V3),
    types.CADES_C_TIME_STAMP: _timestamps_of(types.CADES_C_TIME_STAMP),
    types.REFERENCES_TIME_STAMP: _timestamps_of(types.REFERENCES_TIME_STAMP),
    types.CERTIFICATE_REFERENCES: _single(types.CERTIFICATE_REFERENCES, _count),
    types.CERTIFICATE_VALUES: _single(types.CERTIFICATE_VALUES, _count),
    types.REVOCATION_REFERENCES: _single(types.REVOCATION_REFERENCES, _count),
    types.REVOCATION_VALUES: _revocation_values,
    types.SIGNATURE_POLICY: _if_present(parse_signature_policy, lambda policy: [policy.oid or "implied"]),
    types.COMMITMENT_TYPE: parse_commitments,
    types.MIME_TYPE: _if_present(parse_mime_type, lambda mime_type: [mime_type]),
}
