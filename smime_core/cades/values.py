"""Certificates and revocation data in unsigned attributes, where older long-term signatures have them.

The attributes are certificate-values and revocation-values (RFC 5126 section 6.3; EN 319 122-1 annex A). Newer
signatures have these data in the fields of SignedData (`lasting.add_validation_data`). `carried_evidence` collects the
data from both places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.attributes import (
    CERTIFICATE_VALUES,
    REVOCATION_VALUES,
    SIGNATURE_TIME_STAMP,
    Attributes,
    find_value,
)
from smime_core.cms.signed_data import SignedData, wrap_basic_response
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import MalformedMessage, SmimeError, parse_readable
from smime_core.limits import MAX_CERTIFICATES, MAX_TIMESTAMPS, check_limit
from smime_core.pkix.evidence import NO_EVIDENCE, Evidence, parse_evidence
from smime_core.timestamp import TimestampToken, parse_timestamp_token
from smime_core.x509.certificate import Certificate, parse_certificate

_CRL_VALUES: Final = 0xA0
_OCSP_VALUES: Final = 0xA1


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTermValues:
    """The values in unsigned attributes, not verified. CRLs and OCSP responses are DER."""

    certificates: tuple[Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()


def carried_evidence(signed_data: SignedData) -> Evidence:
    """The revocation data and certificates in a message for its signatures and for its timestamps.

    The evidence is not trusted, because the sender chose what to include. Damaged data is left out.
    """
    signers = [signer for signer in signed_data.signer_infos if isinstance(signer, SignerInfo)]
    values = [_readable_values(signer) for signer in signers]
    within = [signed_data, *(token.signed_data for signer in signers for token in _readable_tokens(signer))]
    lists = [crl for each in within for crl in each.crls] + [crl for each in values for crl in each.crls]
    responses = [response for each in within for response in each.ocsp_responses]
    responses += [response for each in values for response in each.ocsp_responses]
    certificates = [certificate.der for each in values for certificate in each.certificates]
    if not lists and not responses and not certificates:
        return NO_EVIDENCE
    return parse_evidence(revocation_lists=lists, ocsp_responses=responses, certificates=certificates)


def find_long_term_values(signer: SignerInfo) -> LongTermValues:
    """The values in a signer's unsigned attributes. Damaged certificates are left out. Raises MalformedMessage."""
    crls, ocsp_responses = read_revocation_values(signer.unsigned_attributes)
    return LongTermValues(certificates=tuple(_readable_certificates(signer)), crls=crls, ocsp_responses=ocsp_responses)


def read_revocation_values(attributes: Attributes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Returns (CRLs, OCSP responses) of a revocation-values attribute, each as DER. Raises MalformedMessage."""
    where = "revocation-values"
    value = find_value(attributes, REVOCATION_VALUES, where)
    members = {field.tag: der.read_one(field.content, where) for field in _members(value, where)}
    crls, responses = (_members(members.get(tag), where) for tag in (_CRL_VALUES, _OCSP_VALUES))
    return tuple(bytes(crl.encoded) for crl in crls), tuple(map(_response_around, responses))


def _readable_values(signer: SignerInfo) -> LongTermValues:
    try:
        return find_long_term_values(signer)
    except SmimeError:
        return LongTermValues()


def _readable_tokens(signer: SignerInfo) -> Iterable[TimestampToken]:
    return parse_readable(
        parse_timestamp_token, signer.unsigned_attributes.get(SIGNATURE_TIME_STAMP, ())[:MAX_TIMESTAMPS]
    )


def _readable_certificates(signer: SignerInfo) -> Iterable[Certificate]:
    where = "certificate-values"
    members = _members(find_value(signer.unsigned_attributes, CERTIFICATE_VALUES, where), where)
    return parse_readable(parse_certificate, (member.encoded for member in members))


def _members(tlv: Tlv | None, where: str) -> list[Tlv]:
    if tlv is None:
        return []
    members = der.read_fields(tlv, where)
    check_limit(where, len(members), MAX_CERTIFICATES)
    return members


def _response_around(basic_response: Tlv) -> bytes:
    # revocation-values has a bare BasicOCSPResponse. Evidence needs the OCSPResponse around it.
    if basic_response.tag != der.SEQUENCE:
        raise MalformedMessage("found no BasicOCSPResponse", where="revocation-values")
    return wrap_basic_response(bytes(basic_response.encoded))
