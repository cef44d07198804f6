"""Making a SignerInfo: with signed attributes, or over the content alone (RFC 5652 sections 5.3 and 5.4)."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from smime_core import der
from smime_core.algorithms import (
    SignatureAlgorithm,
    build_digest_identifier,
    build_hash_identifier,
    build_signature_identifier,
)
from smime_core.attributes import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    build_attribute,
    check_attribute_rules,
    looks_like_attribute_set,
    parse_signed_attributes,
)
from smime_core.capabilities import OUR_CAPABILITIES_DER
from smime_core.certificate import Certificate
from smime_core.content_info import ID_DATA
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.key_management import KeyHolder, build_issuer_and_serial
from smime_core.provider import CryptoProvider
from smime_core.signed_attributes import build_algorithm_protection, build_signing_certificate, build_signing_time


class SignerIdentifierForm(Enum):
    """How a SignerInfo names its certificate (RFC 5652 section 5.3)."""

    ISSUER_AND_SERIAL = 1
    """What every reader knows; SignerInfo version 1."""
    SUBJECT_KEY_IDENTIFIER = 3
    """The extension's value; SignerInfo version 3."""


class AttributesForm(Enum):
    """What a signature covers: signed attributes with the content's digest, or the content (RFC 5652 section 5.4)."""

    STANDARD = "standard"
    """content-type, signing-time, message-digest, capabilities, signing certificate, algorithm protection."""
    NONE = "none"
    """The signature covers the content itself; for id-data alone (MUSTS 2)."""


UnsignedAttributes = Callable[[bytes], Awaitable[tuple[bytes, ...]]]
"""Asked with the signature value: DER of each Attribute that is to stand beside it, unsigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerOptions:
    """How a SignerInfo is made; `further_attributes` are DER of whole Attributes, signed with the standard ones.

    `unsigned_attributes` makes those that need the signature first, as a timestamp of it (`cades`).
    """

    sid_form: SignerIdentifierForm = SignerIdentifierForm.ISSUER_AND_SERIAL
    attributes: AttributesForm = AttributesForm.STANDARD
    further_attributes: tuple[bytes, ...] = ()
    unsigned_attributes: UnsignedAttributes | None = None


DEFAULT_OPTIONS: Final = SignerOptions()


async def make_signer_info(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    content: Buffer,
    *,
    content_type: str,
    message_digest: bytes,
    signing_time: datetime.datetime,
    provider: CryptoProvider,
    options: SignerOptions,
) -> bytes:
    """DER of a SignerInfo with attributes over the digest, or without over the content. Raises MalformedMessage."""
    if options.attributes is AttributesForm.NONE:
        return await build_bare_signer_info(
            holder, algorithm, content, content_type=content_type, provider=provider, options=options
        )
    return await build_signer_info(
        holder,
        algorithm,
        content_type=content_type,
        message_digest=message_digest,
        signing_time=signing_time,
        provider=provider,
        options=options,
    )


async def build_signer_info(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    *,
    content_type: str,
    message_digest: bytes,
    signing_time: datetime.datetime,
    provider: CryptoProvider,
    options: SignerOptions = DEFAULT_OPTIONS,
) -> bytes:
    """DER of a SignerInfo with signed attributes over content of the given digest.

    Raises MalformedMessage for further attributes that must not stand there, UnsupportedAlgorithm for a certificate
    without the key identifier that `options` asks for.
    """
    attributes = [
        build_attribute(CONTENT_TYPE, der.oid(content_type)),
        build_signing_time(signing_time),
        build_attribute(MESSAGE_DIGEST, der.octet_string(message_digest)),
        OUR_CAPABILITIES_DER,
        build_signing_certificate(holder.certificate),
        build_algorithm_protection(build_digest_identifier(algorithm), build_signature_identifier(algorithm)),
        *options.further_attributes,
    ]
    if options.further_attributes:
        parsed = parse_signed_attributes(der.read_one(der.set_of(attributes)), where="signedAttrs")
        check_attribute_rules(parsed.attributes, {})
    return await sign_attributes(
        holder,
        algorithm,
        attributes,
        sid_form=options.sid_form,
        provider=provider,
        unsigned_attributes=options.unsigned_attributes,
    )


async def build_bare_signer_info(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    content: Buffer,
    *,
    content_type: str,
    provider: CryptoProvider,
    options: SignerOptions,
) -> bytes:
    """DER of a SignerInfo without attributes: the signature covers the content itself (RFC 5652 section 5.4).

    Raises MalformedMessage for content other than id-data (section 5.3), for attributes that nothing would sign, and
    for content that is itself a set of attributes: whoever gave it could use the signature for another message.
    """
    if content_type != ID_DATA:
        raise MalformedMessage(f"content of type {content_type} is signed with attributes only", where="SignerInfo")
    if options.further_attributes:
        raise MalformedMessage("attributes are given and none are to be signed", where="SignerInfo")
    if looks_like_attribute_set(content):
        raise MalformedMessage("content that is a set of attributes is signed with attributes only", where="SignerInfo")
    # RFC 8419 section 3.2: here Ed448 has id-shake256 where with attributes it has id-shake256-len.
    digest_der = build_hash_identifier(algorithm.hash_name)
    signature = await provider.sign(holder.private_key, algorithm, content)
    unsigned = await options.unsigned_attributes(signature) if options.unsigned_attributes else ()
    return _assemble(holder.certificate, algorithm, options.sid_form, digest_der, b"", signature, unsigned)


async def sign_attributes(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    attributes: Sequence[bytes],
    *,
    sid_form: SignerIdentifierForm,
    provider: CryptoProvider,
    unsigned_attributes: UnsignedAttributes | None = None,
) -> bytes:
    """DER of a SignerInfo over exactly these attributes, each in DER; the caller has put the digest in."""
    signed_attrs_der = der.set_of(list(attributes))
    signature = await provider.sign(holder.private_key, algorithm, signed_attrs_der)
    digest_der = build_digest_identifier(algorithm)
    unsigned = await unsigned_attributes(signature) if unsigned_attributes else ()
    attributes_der = b"\xa0" + signed_attrs_der[1:]
    return _assemble(holder.certificate, algorithm, sid_form, digest_der, attributes_der, signature, unsigned)


def build_signer_identifier(certificate: Certificate, form: SignerIdentifierForm) -> bytes:
    """DER of a SignerIdentifier. Raises UnsupportedAlgorithm for a certificate without a key identifier."""
    if form is SignerIdentifierForm.ISSUER_AND_SERIAL:
        return build_issuer_and_serial(certificate)
    # RFC 5652 section 5.3: it equals the extension's value, and is nothing computed from the key.
    if certificate.subject_key_identifier is None:
        raise UnsupportedAlgorithm(
            "2.5.29.14", "sid", text="sid: the certificate has no subjectKeyIdentifier to be named by"
        )
    return der.element(0x80, certificate.subject_key_identifier)


def _assemble(
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    sid_form: SignerIdentifierForm,
    digest_der: bytes,
    signed_attrs_der: bytes,
    signature: bytes,
    unsigned: Sequence[bytes],
) -> bytes:
    # RFC 5652 section 5.3: the version follows from the form of sid (MUSTS 32).
    return der.sequence(
        der.integer(sid_form.value),
        build_signer_identifier(certificate, sid_form),
        digest_der,
        signed_attrs_der,
        build_signature_identifier(algorithm),
        der.octet_string(signature),
        der.set_of(list(unsigned), tag=0xA1) if unsigned else b"",
    )
