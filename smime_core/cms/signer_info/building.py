"""Build a SignerInfo with signed attributes, or over the bare content (RFC 5652 sections 5.3 and 5.4)."""

from __future__ import annotations

from collections.abc import Sequence

from smime_core.algorithms import (
    SignatureAlgorithm,
    build_digest_identifier,
    build_hash_identifier,
    build_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.cms.attributes import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    build_attribute,
    check_attribute_rules,
    looks_like_attribute_set,
    parse_signed_attributes,
)
from smime_core.cms.capabilities import OUR_CAPABILITIES_DER
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.key_holder import KeyHolder
from smime_core.cms.signed_attributes import build_algorithm_protection, build_signing_certificate, build_signing_time
from smime_core.cms.signing import AttributesForm, SignerIdentifierForm, SignerOptions, Signing, UnsignedAttributes
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate


async def make_signer_infos(
    content: Buffer, signing: Signing, provider: CryptoProvider, content_type: str
) -> list[bytes]:
    """DER of one SignerInfo for each identity, with or without signed attributes.

    The content is digested once for each hash function. Raises MalformedMessage or UnsupportedAlgorithm.
    """
    signers = list(zip(signing.identities, signing.algorithms, strict=True))
    if signing.options.attributes is AttributesForm.NONE:
        return [
            await _build_bare_signer_info(holder, algorithm, content, signing.options, provider, content_type)
            for holder, algorithm in signers
        ]
    names = {algorithm.hash_name for _, algorithm in signers}
    digests = {name: await provider.digest(name, content) for name in names}
    return [
        await build_signer_info(holder, algorithm, digests[algorithm.hash_name], signing, provider, content_type)
        for holder, algorithm in signers
    ]


async def build_signer_info(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    message_digest: bytes,
    signing: Signing,
    provider: CryptoProvider,
    content_type: str,
) -> bytes:
    """DER of a SignerInfo with signed attributes. `message_digest` is the digest of the content.

    Raises MalformedMessage for further attributes that are not allowed. Raises UnsupportedAlgorithm if the certificate
    is to be named by its key identifier and has none.
    """
    options = signing.options
    attributes = [
        build_attribute(CONTENT_TYPE, der.oid(content_type)),
        build_signing_time(signing.signing_time),
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
        provider,
        sid_form=options.sid_form,
        unsigned_attributes=options.unsigned_attributes,
    )


async def _build_bare_signer_info(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    content: Buffer,
    options: SignerOptions,
    provider: CryptoProvider,
    content_type: str,
) -> bytes:
    # The signature covers the content itself (RFC 5652 section 5.4). So the content must be id-data (section 5.3).
    # Attributes are refused, because they would stay unsigned. Content that begins as a set of attributes is refused,
    # because its author could present the signature as a signature over another message.
    if content_type != ID_DATA:
        raise MalformedMessage(f"content of type {content_type} is signed with attributes only", where="SignerInfo")
    if options.further_attributes:
        raise MalformedMessage("attributes are given and none are to be signed", where="SignerInfo")
    if looks_like_attribute_set(content):
        raise MalformedMessage("content that is a set of attributes is signed with attributes only", where="SignerInfo")
    # RFC 8419 section 3.2: without attributes the digest of Ed448 is id-shake256; with them it is id-shake256-len.
    digest_der = build_hash_identifier(algorithm.hash_name)
    signature = await provider.sign(holder.private_key, algorithm, content)
    unsigned = await options.unsigned_attributes(signature) if options.unsigned_attributes else ()
    return _assemble(holder.certificate, algorithm, options.sid_form, digest_der, b"", signature, unsigned)


async def sign_attributes(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    attributes: Sequence[bytes],
    provider: CryptoProvider,
    *,
    sid_form: SignerIdentifierForm,
    unsigned_attributes: UnsignedAttributes | None = None,
) -> bytes:
    """DER of a SignerInfo that signs exactly `attributes` (DER of each). They must include message-digest."""
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
    # RFC 5652 section 5.3: the identifier is the value of the certificate's extension, not computed from the key.
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
