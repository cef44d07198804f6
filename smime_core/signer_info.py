"""One SignerInfo: parsing, the verdict on its signature, building (RFC 5652 sections 5.3 to 5.6 and 11).

Leaves out: whether the signer's certificate is trusted (`pkix`), countersignatures.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import (
    AES_128_CBC,
    AES_256_CBC,
    AES_256_GCM,
    HashName,
    SignatureAlgorithm,
    build_hash_identifier,
    build_signature_identifier,
    parse_hash_identifier,
    parse_signature_identifier,
)
from smime_core.attributes import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    SMIME_CAPABILITIES,
    Attributes,
    build_attribute,
    parse_attributes,
    single_value,
)
from smime_core.certificate import Certificate, parse_time
from smime_core.content_info import ID_DATA
from smime_core.der import Tlv
from smime_core.errors import (
    ContentTypeMismatch,
    MalformedMessage,
    MessageDigestMismatch,
    SignatureMismatch,
)
from smime_core.key_management import CertificateId, KeyHolder, build_issuer_and_serial, parse_certificate_id
from smime_core.policy import Policy, check_signature_algorithm
from smime_core.provider import CryptoProvider
from smime_core.signed_content import SignedContent

_MAX_SIGNED_ATTRS_BYTES: Final = 1_048_576  # what no honest signedAttrs reach, so that a stripped set is recognised


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerInfo:
    """One SignerInfo, structure read and nothing believed yet.

    `signed_attrs_der` is the SET OF form that the signature covers (RFC 5652 section 5.4), None when absent.
    """

    sid: CertificateId
    digest_algorithm_der: bytes
    signature_algorithm_der: bytes
    signature: bytes
    signed_attrs_der: bytes | None
    attributes: Attributes

    @property
    def signing_time(self) -> datetime.datetime | None:
        """The signer's own claim of when (RFC 5652 section 11.3). Raises MalformedMessage."""
        if SIGNING_TIME not in self.attributes:
            return None
        return parse_time(single_value(self.attributes, SIGNING_TIME, "signing-time"), where="signingTime")


def parse_signer_info(tlv: Tlv) -> SignerInfo:
    """The structure of one SignerInfo. Raises MalformedMessage or LimitExceeded."""
    where = "SignerInfo"
    fields = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    if len(fields) < 5:
        raise MalformedMessage(f"{len(fields)} fields, expected at least 5", where=where)
    der.parse_integer(fields[0], where=where)
    signed_attrs = fields[3] if fields[3].tag == 0xA0 else None
    rest = fields[4:] if signed_attrs else fields[3:]
    if not 2 <= len(rest) <= 3 or (len(rest) == 3 and rest[2].tag != 0xA1):
        raise MalformedMessage("unexpected fields after signedAttrs", where=where)
    # RFC 5652 section 5.4: the signature covers the SET OF form, not [0] IMPLICIT.
    signed_attrs_der, attributes = parse_attributes(signed_attrs, where="signedAttrs") if signed_attrs else (None, {})
    return SignerInfo(
        sid=parse_certificate_id(fields[1], where="sid"),
        digest_algorithm_der=der.to_definite(fields[2], where=where),
        signature_algorithm_der=der.to_definite(rest[0], where=where),
        signature=bytes(der.read_octets(rest[1], where="signature")),
        signed_attrs_der=signed_attrs_der,
        attributes=attributes,
    )


async def verify_signer(
    signer: SignerInfo,
    content: SignedContent,
    *,
    content_type: str,
    certificate: Certificate,
    provider: CryptoProvider,
    policy: Policy = Policy.RECEIVE,
) -> SignatureAlgorithm:
    """Check one SignerInfo against the content and the signer's key; returns the algorithm that held.

    (0) the algorithms are known and strong enough; (1) the digest of the content, computed here, equals message-digest;
    (2) content-type equals eContentType; (3) a signing-certificate attribute names this certificate; (4) the signature
    covers the attributes. Both (1) and (4), always (RFC 5652 sections 5.4 and 5.6).
    Raises AlgorithmForbidden, UnsupportedAlgorithm, MessageDigestMismatch, ContentTypeMismatch, SignatureMismatch
    or MalformedMessage.
    """
    # (0)
    digest = parse_hash_identifier(signer.digest_algorithm_der)
    algorithm = parse_signature_identifier(signer.signature_algorithm_der, digest=digest)
    _check_algorithms(digest, algorithm, policy)
    if signer.signed_attrs_der is None:
        _check_bare_content(content, content_type)
        await content.verify(certificate.public_key, algorithm, signer.signature)
        return algorithm
    # (1)
    claimed = single_value(signer.attributes, MESSAGE_DIGEST, "message-digest")
    computed = await content.digest(digest)
    if not hmac.compare_digest(computed, bytes(der.expect(claimed, der.OCTET_STRING, where="message-digest").content)):
        raise MessageDigestMismatch("the content was changed after it was signed")
    # (2)
    signed_type = der.parse_oid(single_value(signer.attributes, CONTENT_TYPE, "content-type"))
    if signed_type != content_type:
        raise ContentTypeMismatch(f"signed as {signed_type}, presented as {content_type}")
    # (3)
    _check_signing_certificate(signer, certificate)
    # (4)
    await provider.verify(certificate.public_key, algorithm, signer.signature, signer.signed_attrs_der)
    return algorithm


async def build_signer_info(
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    *,
    content_type: str,
    message_digest: bytes,
    signing_time: datetime.datetime,
    provider: CryptoProvider,
) -> bytes:
    """DER of a version 1 SignerInfo with signed attributes, its sid issuer and serial number."""
    attributes = [
        build_attribute(CONTENT_TYPE, der.oid(content_type)),
        build_attribute(SIGNING_TIME, build_time(signing_time)),
        build_attribute(MESSAGE_DIGEST, der.octet_string(message_digest)),
        build_attribute(SMIME_CAPABILITIES, _CAPABILITIES_DER),
        build_attribute(SIGNING_CERTIFICATE_V2, _build_signing_certificate(holder.certificate)),
    ]
    signed_attrs_der = der.set_of(attributes)
    signature = await provider.sign(holder.private_key, algorithm, signed_attrs_der)
    return der.sequence(
        der.integer(1),
        build_issuer_and_serial(holder.certificate),
        build_hash_identifier(algorithm.hash_name),
        b"\xa0" + signed_attrs_der[1:],
        build_signature_identifier(algorithm),
        der.octet_string(signature),
    )


def build_time(moment: datetime.datetime) -> bytes:
    """UTCTime for 1950 through 2049, else GeneralizedTime, with seconds and Z (RFC 5652 section 11.3)."""
    utc = moment.astimezone(datetime.UTC)
    if 1950 <= utc.year < 2050:
        return der.element(0x17, utc.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return der.element(0x18, utc.strftime("%Y%m%d%H%M%SZ").encode("ascii"))


def _check_algorithms(digest: HashName, algorithm: SignatureAlgorithm, policy: Policy) -> None:
    # RFC 5753 section 2.1.1 for ECDSA, RFC 4056 section 3 for PSS: one hash throughout (MUSTS 10).
    if digest is not algorithm.hash_name:
        raise SignatureMismatch(f"digest {digest}, signature with {algorithm.hash_name}: expected the same")
    check_signature_algorithm(algorithm, policy)


def _check_bare_content(content: SignedContent, content_type: str) -> None:
    # RFC 5652 section 5.3: signedAttrs are required unless the content is id-data.
    if content_type != ID_DATA:
        raise MalformedMessage(f"content of type {content_type} is signed without signedAttrs", where="SignerInfo")
    # Somebody may have stripped the attributes of a real signature and present them as the text (MUSTS 5).
    octets = content.small_octets(_MAX_SIGNED_ATTRS_BYTES)
    if octets is not None and bytes(octets[:1]) == b"\x31":
        try:
            _, attributes = parse_attributes(der.read_one(octets), where="content")
        except MalformedMessage:
            return
        if MESSAGE_DIGEST in attributes:
            raise SignatureMismatch("the content is the signed attributes of another signature")


def _check_signing_certificate(signer: SignerInfo, certificate: Certificate) -> None:
    # RFC 5035 sections 3 to 5: when present, the first identifier names the certificate that verified.
    for attribute_type, default_hash in (
        (SIGNING_CERTIFICATE_V2, HashName.SHA256),
        (SIGNING_CERTIFICATE, HashName.SHA1),
    ):
        if attribute_type not in signer.attributes:
            continue
        where = "signingCertificate"
        value = der.read_children(single_value(signer.attributes, attribute_type, where), where=where)
        identifiers = der.read_children(value[0], where=where) if value else []
        if not identifiers:
            raise MalformedMessage("names no certificate", where=where)
        fields = der.read_children(identifiers[0], where=where)
        hash_name = default_hash
        if fields and fields[0].tag == der.SEQUENCE:
            hash_name = parse_hash_identifier(fields.pop(0).encoded, role=where)
        expected = hashlib.new(hash_name, certificate.der).digest()
        if not fields or not hmac.compare_digest(bytes(fields[0].content), expected):
            raise SignatureMismatch("the signing-certificate attribute names another certificate")


def _build_signing_certificate(certificate: Certificate) -> bytes:
    # RFC 5035 section 4: SHA-256 is the default and left out.
    return der.sequence(der.sequence(der.sequence(der.octet_string(hashlib.sha256(certificate.der).digest()))))


# RFC 8551 section 2.5.2: what we can read, best first.
_CAPABILITIES_DER: Final = der.sequence(
    *(der.sequence(der.oid(cipher.oid)) for cipher in (AES_256_GCM, AES_256_CBC, AES_128_CBC))
)
