"""Countersignatures: signatures on another person's signature (RFC 5652 section 11.4, MUSTS 41).

A countersignature is an unsigned attribute, so anybody may have removed it. If it verifies, its signer had the covered
signature. The signing time is only that signer's claim. `signed_data_editing` adds a countersignature to a message.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from smime_core.algorithms import SignatureAlgorithm
from smime_core.asn1 import der
from smime_core.cms.attributes import (
    CONTENT_TYPE,
    COUNTERSIGNATURE,
    MESSAGE_DIGEST,
    build_attribute,
    check_attribute_rules,
)
from smime_core.cms.key_holder import KeyHolder
from smime_core.cms.signed_attributes import build_signing_certificate, build_signing_time
from smime_core.cms.signer_info import (
    SignerInfo,
    check_algorithms,
    check_message_digest,
    check_not_signed_attributes,
    parse_signer_info,
    sign_attributes,
    verify_by_either,
    verify_signed_attributes,
)
from smime_core.cms.signing import SignerIdentifierForm
from smime_core.errors import MalformedMessage, SmimeError, parse_or_error
from smime_core.limits import MAX_COUNTERSIGNATURE_DEPTH, MAX_COUNTERSIGNATURES, check_limit
from smime_core.policy import Policy, check_signature_algorithm
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Countersignature:
    """One countersignature. If it cannot be read, `signer` is the error.

    `path` is its position below the message's SignerInfo: (1,) is the second countersignature on the signer's
    signature, (1, 0) the first countersignature on that countersignature. `countersigned` is the SignerInfo whose
    signature it covers.
    """

    path: tuple[int, ...]
    signer: SignerInfo | SmimeError
    countersigned: SignerInfo


def find_countersignatures(signer: SignerInfo) -> tuple[Countersignature, ...]:
    """All countersignatures below one SignerInfo, each before the countersignatures on it. Raises LimitExceeded."""
    countersignatures = tuple(itertools.islice(_walk(signer, ()), MAX_COUNTERSIGNATURES + 1))
    check_limit("countersignatures", len(countersignatures), MAX_COUNTERSIGNATURES)
    return countersignatures


async def verify_countersignature(
    countersignature: Countersignature,
    provider: CryptoProvider,
    *,
    certificate: Certificate,
    policy: Policy = Policy.RECEIVE,
) -> SignatureAlgorithm:
    """Check one countersignature against the signature that it covers. Returns the algorithm that verified.

    The covered signature itself is not checked. Raises the errors of `signer_info.verify_signer`, and the error of a
    countersignature that could not be read.
    """
    signer = countersignature.signer
    if isinstance(signer, SmimeError):
        raise signer
    octets = countersignature.countersigned.signature
    digest, algorithm = check_algorithms(signer, policy)
    check_signature_algorithm(algorithm, policy, certificate.public_key)
    check_attribute_rules(signer.attributes, signer.unsigned_attributes)
    if signer.signed_attrs is None:
        check_not_signed_attributes(octets)
        return await verify_by_either(
            lambda candidate: provider.verify(certificate.public_key, candidate, signer.signature, octets),
            algorithm,
            digest,
            certificate.public_key,
        )
    # RFC 5652 section 11.4: countersignatures have no content-type attribute. Without this check the signature of a
    # message whose content is these bytes would pass as a countersignature.
    if CONTENT_TYPE in signer.attributes:
        raise MalformedMessage("it has a content-type attribute", where="countersignature")
    check_message_digest(signer, await provider.digest(digest, octets))
    return await verify_by_either(
        lambda candidate: verify_signed_attributes(signer, candidate, provider, certificate, policy),
        algorithm,
        digest,
        certificate.public_key,
    )


async def build_countersignature(
    countersigned: SignerInfo,
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    provider: CryptoProvider,
    *,
    signing_time: datetime.datetime,
) -> bytes:
    """DER of a SignerInfo on another signature, with the attributes that RFC 2634 section 1.3.4 allows there."""
    digest = await provider.digest(algorithm.hash_name, countersigned.signature)
    attributes = [
        build_attribute(MESSAGE_DIGEST, der.octet_string(digest)),
        build_signing_time(signing_time),
        build_signing_certificate(holder.certificate),
    ]
    return await sign_attributes(
        holder, algorithm, attributes, provider, sid_form=SignerIdentifierForm.ISSUER_AND_SERIAL
    )


def _walk(signer: SignerInfo, path: tuple[int, ...]) -> Iterator[Countersignature]:
    for number, value in enumerate(signer.unsigned_attributes.get(COUNTERSIGNATURE, ())):
        check_limit("countersignature depth", len(path) + 1, MAX_COUNTERSIGNATURE_DEPTH)
        tlv = der.read_one(value, where="countersignature")
        countersignature = Countersignature(
            path=(*path, number), signer=parse_or_error(parse_signer_info, tlv), countersigned=signer
        )
        yield countersignature
        if isinstance(countersignature.signer, SignerInfo):
            yield from _walk(countersignature.signer, countersignature.path)
