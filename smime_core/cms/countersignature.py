"""Countersignatures: signatures on the signature of somebody else (RFC 5652 section 11.4, MUSTS 41).

They stand in unsigned attributes: one that is missing proves nothing, and one that holds says when and by whom the
signature above it had been seen. Putting one into a message is in `signed_data_editing`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from smime_core import der
from smime_core.algorithms import SignatureAlgorithm
from smime_core.attributes import CONTENT_TYPE, COUNTERSIGNATURE, MESSAGE_DIGEST, build_attribute, check_attribute_rules
from smime_core.certificate import Certificate
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.key_management import KeyHolder
from smime_core.limits import MAX_COUNTERSIGNATURE_DEPTH, MAX_COUNTERSIGNATURES, check_limit
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.signed_attributes import build_signing_certificate, build_signing_time
from smime_core.signer_info import (
    SignerIdentifierForm,
    SignerInfo,
    check_algorithms,
    check_message_digest,
    check_not_signed_attributes,
    parse_signer_info,
    sign_attributes,
    verify_signed_attributes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Countersignature:
    """One countersignature: `signer` is its error when it cannot be read.

    `path` numbers it below its SignerInfo: (1,) is the second countersignature there, (1, 0) the first one on that.
    `countersigned` is the signature that it is about.
    """

    path: tuple[int, ...]
    signer: SignerInfo | SmimeError
    countersigned: SignerInfo


def find_countersignatures(signer: SignerInfo) -> tuple[Countersignature, ...]:
    """All below one SignerInfo, each before those on it. Raises LimitExceeded for too many or too deep ones."""
    found: list[Countersignature] = []
    for countersignature in _walk(signer, ()):
        found.append(countersignature)
        check_limit("countersignatures", len(found), MAX_COUNTERSIGNATURES)
    return tuple(found)


async def verify_countersignature(
    countersignature: Countersignature,
    *,
    certificate: Certificate,
    provider: CryptoProvider,
    policy: Policy = Policy.RECEIVE,
) -> SignatureAlgorithm:
    """Check one countersignature against the signature above it; returns the algorithm that held.

    Whether the signature above holds is another question. Raises what `signer_info.verify_signer` raises, and the
    error of one that could not be read.
    """
    signer = countersignature.signer
    if isinstance(signer, SmimeError):
        raise signer
    octets = countersignature.countersigned.signature
    digest, algorithm = check_algorithms(signer, policy)
    check_attribute_rules(signer.attributes, signer.unsigned_attributes)
    if signer.signed_attrs is None:
        check_not_signed_attributes(octets)
        await provider.verify(certificate.public_key, algorithm, signer.signature, octets)
        return algorithm
    # RFC 5652 section 11.4: there is no content type for countersignatures. Without this check the signature on a
    # message whose content is these octets would pass as one.
    if CONTENT_TYPE in signer.attributes:
        raise MalformedMessage("a content-type attribute stands in it", where="countersignature")
    check_message_digest(signer, await provider.digest(digest, octets))
    await verify_signed_attributes(signer, algorithm, certificate=certificate, provider=provider, policy=policy)
    return algorithm


async def build_countersignature(
    countersigned: SignerInfo,
    holder: KeyHolder,
    algorithm: SignatureAlgorithm,
    *,
    signing_time: datetime.datetime,
    provider: CryptoProvider,
) -> bytes:
    """DER of a SignerInfo on the signature of another, with the attributes that RFC 2634 section 1.3.4 allows there."""
    digest = await provider.digest(algorithm.hash_name, countersigned.signature)
    attributes = [
        build_attribute(MESSAGE_DIGEST, der.octet_string(digest)),
        build_signing_time(signing_time),
        build_signing_certificate(holder.certificate),
    ]
    form = SignerIdentifierForm.ISSUER_AND_SERIAL
    return await sign_attributes(holder, algorithm, attributes, sid_form=form, provider=provider)


def _walk(signer: SignerInfo, path: tuple[int, ...]) -> Iterator[Countersignature]:
    for number, value in enumerate(signer.unsigned_attributes.get(COUNTERSIGNATURE, ())):
        check_limit("countersignature depth", len(path) + 1, MAX_COUNTERSIGNATURE_DEPTH)
        found = Countersignature(path=(*path, number), signer=_parse_or_error(value), countersigned=signer)
        yield found
        if isinstance(found.signer, SignerInfo):
            yield from _walk(found.signer, found.path)


def _parse_or_error(value: bytes) -> SignerInfo | SmimeError:
    try:
        return parse_signer_info(der.read_one(value, where="countersignature"))
    except SmimeError as error:
        return error
