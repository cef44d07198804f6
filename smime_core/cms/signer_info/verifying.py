"""Parse one SignerInfo and verify its signature (RFC 5652 sections 5.3 to 5.6 and 11)."""

from __future__ import annotations

import dataclasses
import datetime
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import (
    HASH_OIDS,
    RSASSA_PSS,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    hash_length,
    parse_digest_identifier,
    parse_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.attributes import (
    ATTRIBUTE_SET_HEAD_BYTES,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    Attributes,
    SignedAttributes,
    check_attribute_rules,
    looks_like_attribute_set,
    parse_signed_attributes,
    parse_unsigned_attributes,
    single_value,
)
from smime_core.cms.certificate_id import CertificateId, parse_certificate_id
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.signed_attributes import (
    check_algorithm_protection,
    check_signing_certificate,
    parse_signing_time,
    signing_time_tolerances,
)
from smime_core.cms.signed_content import SignedContent
from smime_core.errors import (
    ContentTypeMismatch,
    MalformedMessage,
    MessageDigestMismatch,
    SignatureMismatch,
    UnsupportedAlgorithm,
)
from smime_core.policy import Policy, check_signature_algorithm, is_weak_signature
from smime_core.provider import CryptoProvider, PublicKey
from smime_core.x509.certificate import Certificate

# RFC 9882 section 3.3: the digest is at least as strong as the signature.
_ML_DSA_44_HASHES: Final = frozenset(
    {
        HashName.SHA256,
        HashName.SHA384,
        HashName.SHA512,
        HashName.SHA3_256,
        HashName.SHA3_384,
        HashName.SHA3_512,
        HashName.SHAKE128,
        HashName.SHAKE256,
    }
)
_ML_DSA_65_HASHES: Final = _ML_DSA_44_HASHES - {HashName.SHA256, HashName.SHA3_256, HashName.SHAKE128}
_USUAL_SALT_LENGTHS: Final = (20, 28, 32, 48, 64, 0)
_LOOSE_SCHEMES: Final = (SignatureScheme.RSA_PKCS1_V15, SignatureScheme.ECDSA, SignatureScheme.DSA)
_ML_DSA_HASHES: Final = {
    SignatureScheme.ML_DSA_44: _ML_DSA_44_HASHES,
    SignatureScheme.ML_DSA_65: _ML_DSA_65_HASHES,
    SignatureScheme.ML_DSA_87: _ML_DSA_65_HASHES - {HashName.SHA384, HashName.SHA3_384},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerInfo:
    """One SignerInfo, parsed and not verified. `signed_attrs` is None if absent.

    `unsigned_attributes` are not covered by the signature, so anybody may have added them.
    """

    version: int
    sid: CertificateId
    digest_algorithm_der: bytes
    signature_algorithm_der: bytes
    signature: bytes
    signed_attrs: SignedAttributes | None
    unsigned_attributes: Attributes = field(default_factory=dict)

    @property
    def attributes(self) -> Attributes:
        """The signed attributes."""
        return self.signed_attrs.attributes if self.signed_attrs else {}

    @property
    def signed_attrs_der(self) -> bytes | None:
        """The signed attributes as the SET OF that the signature covers (RFC 5652 section 5.4), or None if absent."""
        return self.signed_attrs.received_der if self.signed_attrs else None

    @property
    def tolerances(self) -> tuple[str, ...]:
        """The names of the deviations that were tolerated, for reports (MUSTS 6 and 15)."""
        order = self.signed_attrs.tolerances if self.signed_attrs else ()
        return (*order, *signing_time_tolerances(self.attributes))

    @property
    def signing_time(self) -> datetime.datetime | None:
        """The time that the signer claims (RFC 5652 section 11.3). Raises MalformedMessage."""
        return parse_signing_time(self.attributes)


def parse_signer_info(tlv: Tlv) -> SignerInfo:
    """Parse one SignerInfo, of any version (MUSTS 45). Raises MalformedMessage or LimitExceeded."""
    where = "SignerInfo"
    fields = der.read_fields(tlv, where)
    if len(fields) < 5:
        raise MalformedMessage(f"{len(fields)} fields, expected at least 5", where)
    signed_attrs = fields[3] if fields[3].tag == 0xA0 else None
    rest = fields[4:] if signed_attrs else fields[3:]
    if not 2 <= len(rest) <= 3 or (len(rest) == 3 and rest[2].tag != 0xA1):
        raise MalformedMessage("unexpected fields after signedAttrs", where)
    return SignerInfo(
        version=der.parse_integer(fields[0], where),
        sid=parse_certificate_id(fields[1], where="sid"),
        digest_algorithm_der=der.to_definite(fields[2], where),
        signature_algorithm_der=der.to_definite(rest[0], where),
        signature=bytes(der.read_octets(rest[1], where="signature")),
        signed_attrs=parse_signed_attributes(signed_attrs, where="signedAttrs") if signed_attrs else None,
        unsigned_attributes=parse_unsigned_attributes(rest[2], where="unsignedAttrs") if len(rest) == 3 else {},
    )


async def verify_signer(
    signer: SignerInfo,
    content: SignedContent,
    provider: CryptoProvider,
    certificate: Certificate,
    content_type: str,
    policy: Policy = Policy.RECEIVE,
) -> SignatureAlgorithm:
    """Verify one SignerInfo against the content and the signer's key. Returns the algorithm that verified.

    (0) The algorithms are known, fit together and are strong enough. (1) Each attribute is signed or unsigned as its
    type requires, and has as many values as allowed. (2) The digest of the content, computed here, equals
    message-digest. (3) content-type equals eContentType. (4) Attributes that name the certificate or the algorithms
    agree with those in use. (5) The signature covers the attributes. Both (2) and (5) are always checked (RFC 5652
    sections 5.4 and 5.6). Without signed attributes, one check replaces (2) to (5): the signature covers the content.

    Raises AlgorithmForbidden, UnsupportedAlgorithm, MessageDigestMismatch, ContentTypeMismatch, SignatureMismatch or
    MalformedMessage.
    """
    # (0)
    digest, algorithm = check_algorithms(signer, policy)
    check_signature_algorithm(algorithm, policy, certificate.public_key)
    # (1)
    check_attribute_rules(signer.attributes, signer.unsigned_attributes)
    if signer.signed_attrs is None:
        await _check_bare_content(content, content_type)
        return await verify_by_either(
            lambda candidate: content.verify(certificate.public_key, candidate, signer.signature),
            algorithm,
            digest,
            certificate.public_key,
        )
    # (2)
    check_message_digest(signer, await content.digest(digest))
    # (3)
    signed_type = der.parse_oid(single_value(signer.attributes, CONTENT_TYPE, "content-type"))
    if signed_type != content_type:
        raise ContentTypeMismatch(f"signed as {signed_type}, presented as {content_type}")
    # (4) and (5)
    return await verify_by_either(
        lambda candidate: verify_signed_attributes(signer, candidate, provider, certificate, policy),
        algorithm,
        digest,
        certificate.public_key,
    )


def check_algorithms(signer: SignerInfo, policy: Policy) -> tuple[HashName, SignatureAlgorithm]:
    """The content digest and the signature algorithm of a SignerInfo, after checking that they fit together.

    The provider checks that the algorithms fit the key, which may be bound to PSS parameters (MUSTS 10). With PSS,
    Ed25519 and Ed448 the two hashes must be the same: RFC 4056 section 3 (MUSTS 10), RFC 8419 section 3 (MUSTS 13).
    With ML-DSA the digest may be any hash that is strong enough (RFC 9882 section 3.3). With the other schemes the two
    hashes may differ: see `verify_by_either`. A fault here says nothing about the content, so it is never a mismatch.
    Raises UnsupportedAlgorithm or AlgorithmForbidden.
    """
    try:
        digest = parse_digest_identifier(signer.digest_algorithm_der)
        algorithm = parse_signature_identifier(signer.signature_algorithm_der, digest)
    except MalformedMessage as error:
        raise UnsupportedAlgorithm("", "signatureAlgorithm", text=str(error)) from error
    if digest is not algorithm.hash_name and algorithm.scheme not in _LOOSE_SCHEMES:
        text = f"digest {digest}, signature with {algorithm.hash_name}: expected the same"
        raise UnsupportedAlgorithm(HASH_OIDS[digest], "digestAlgorithm", text=text)
    for candidate in (algorithm, _with_hash(algorithm, digest)):
        check_signature_algorithm(candidate, policy)
    strong_enough = _ML_DSA_HASHES.get(algorithm.scheme)
    # Without signedAttrs the digest is not used at all (RFC 9882 section 3.3).
    if strong_enough is not None and signer.signed_attrs is not None and digest not in strong_enough:
        text = f"digest {digest} is weaker than {algorithm.scheme}"
        raise UnsupportedAlgorithm(HASH_OIDS[digest], "digestAlgorithm", text=text)
    return digest, algorithm


async def verify_by_either(
    verify: Callable[[SignatureAlgorithm], Awaitable[None]],
    algorithm: SignatureAlgorithm,
    digest: HashName,
    key: PublicKey,
) -> SignatureAlgorithm:
    """Verify with the hash that signatureAlgorithm names, or else with the hash that digestAlgorithm names.

    If the two hashes differ, programs sign with either of them. OpenSSL and NSS verify with the hash of
    digestAlgorithm, Bouncy Castle with the hash of signatureAlgorithm. RFC 5652 does not say which is right. Returns
    the weaker of the two algorithms, because somebody who can forge one of the hashes can forge the message. Raises
    SignatureMismatch, or UnsupportedAlgorithm for a PSS signature whose salt has another length than stated.
    """
    other = _with_hash(algorithm, digest)
    try:
        await verify(algorithm)
    except SignatureMismatch:
        if algorithm.scheme is SignatureScheme.RSA_PSS:
            await _check_salt(verify, algorithm, key)
        if other is algorithm:
            raise
        await verify(other)
    return other if is_weak_signature(other) else algorithm


def _with_hash(algorithm: SignatureAlgorithm, digest: HashName) -> SignatureAlgorithm:
    # The algorithm nearly always has this hash already. It is not copied then, because a copy takes 1% of a
    # verification.
    return algorithm if algorithm.hash_name is digest else dataclasses.replace(algorithm, hash_name=digest)


async def _check_salt(
    verify: Callable[[SignatureAlgorithm], Awaitable[None]], algorithm: SignatureAlgorithm, key: PublicKey
) -> None:
    # RFC 8017 section 9.1.2 demands the stated salt length, so a signature with another length does not verify. But
    # that length does not show that the content was altered, so the error is no mismatch. Signers choose the length of
    # a hash, the longest possible length, or 0.
    longest = (key.bits + 6) // 8 - hash_length(algorithm.hash_name) - 2
    for length in (*_USUAL_SALT_LENGTHS, longest):
        if length > longest:
            continue
        try:
            await verify(dataclasses.replace(algorithm, salt_length=length))
        except SignatureMismatch:
            continue
        text = f"PSS with a salt of {length} bytes, where {algorithm.salt_length} are stated"
        raise UnsupportedAlgorithm(RSASSA_PSS, "signatureAlgorithm", text=text)


def check_message_digest(signer: SignerInfo, computed: bytes) -> None:
    """Raise MessageDigestMismatch unless the message-digest attribute equals `computed` (MUSTS 4)."""
    claimed = single_value(signer.attributes, MESSAGE_DIGEST, "message-digest")
    if not hmac.compare_digest(computed, bytes(der.expect(claimed, der.OCTET_STRING, where="message-digest").content)):
        raise MessageDigestMismatch("the content was changed after it was signed")


async def verify_signed_attributes(
    signer: SignerInfo,
    algorithm: SignatureAlgorithm,
    provider: CryptoProvider,
    certificate: Certificate,
    policy: Policy,
) -> None:
    """Check the attributes of known types and the signature over the set. Raises SignatureMismatch, MalformedMessage.

    The signature over an unsorted set may verify as received, or after sorting as RFC 5652 section 5.4 requires. Both
    forms have the same attributes. `signer.tolerances` reports such a set, and policy SEND refuses it.
    """
    signed_attrs = signer.signed_attrs
    if signed_attrs is None:
        raise MalformedMessage("absent", where="signedAttrs")
    if signer.tolerances and policy is Policy.SEND:
        raise MalformedMessage(", ".join(signer.tolerances), where="signedAttrs")
    check_signing_certificate(signer.attributes, certificate)
    check_algorithm_protection(
        signer.attributes,
        digest_algorithm_der=signer.digest_algorithm_der,
        signature_algorithm_der=signer.signature_algorithm_der,
    )
    try:
        await provider.verify(certificate.public_key, algorithm, signer.signature, signed_attrs.received_der)
    except SignatureMismatch:
        if not signed_attrs.tolerances:
            raise
        await provider.verify(certificate.public_key, algorithm, signer.signature, signed_attrs.sorted_der)


def check_not_signed_attributes(octets: Buffer) -> None:
    """Raise SignatureMismatch if content signed without attributes begins as a set of signed attributes.

    An attacker may take the set from a real signature and present it as signed content (MUSTS 5). Only the first bytes
    are compared, because other programs sign sets that `parse_signed_attributes` refuses.
    """
    if looks_like_attribute_set(octets):
        raise SignatureMismatch("the content is the signed attributes of another signature")


async def _check_bare_content(content: SignedContent, content_type: str) -> None:
    # RFC 5652 section 5.3: signedAttrs are required unless the content is id-data.
    if content_type != ID_DATA:
        raise MalformedMessage(f"content of type {content_type} is signed without signedAttrs", where="SignerInfo")
    check_not_signed_attributes(await content.head(ATTRIBUTE_SET_HEAD_BYTES))
