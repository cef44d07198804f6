"""Certificates and revocation data in unsigned attributes, as long-lived signatures of old carry them.

certificate-values and revocation-values (RFC 5126 section 6.3; EN 319 122-1 annex A). Signatures of today carry both in
the fields of SignedData (`lasting.add_validation_data`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.attributes import CERTIFICATE_VALUES, REVOCATION_VALUES, find_value
from smime_core.certificate import Certificate, parse_certificate
from smime_core.der import Tlv
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.limits import MAX_CERTIFICATES, check_limit
from smime_core.signer_info import SignerInfo

_PKIX_OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_CRL_VALUES: Final = 0xA0
_OCSP_VALUES: Final = 0xA1
_SUCCESSFUL: Final = b"\x0a\x01\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTermValues:
    """What unsigned attributes carry: DER of each CertificateList and of each OCSPResponse; nothing is believed yet."""

    certificates: tuple[Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()


def find_long_term_values(signer: SignerInfo) -> LongTermValues:
    """What a signer's unsigned attributes carry; damaged certificates are left out. Raises MalformedMessage."""
    crls, responses = _revocation_values(signer)
    return LongTermValues(
        certificates=tuple(_readable_certificates(signer)),
        crls=tuple(bytes(crl.encoded) for crl in crls),
        ocsp_responses=tuple(map(_response_around, responses)),
    )


def _readable_certificates(signer: SignerInfo) -> Iterable[Certificate]:
    where = "certificate-values"
    value = find_value(signer.unsigned_attributes, CERTIFICATE_VALUES, where)
    for certificate in _members(value, where):
        try:
            yield parse_certificate(certificate.encoded)
        except SmimeError:
            continue


def _revocation_values(signer: SignerInfo) -> tuple[list[Tlv], list[Tlv]]:
    where = "revocation-values"
    value = find_value(signer.unsigned_attributes, REVOCATION_VALUES, where)
    found = {field.tag: der.read_one(field.content, where=where) for field in _members(value, where)}
    return _members(found.get(_CRL_VALUES), where), _members(found.get(_OCSP_VALUES), where)


def _members(tlv: Tlv | None, where: str) -> list[Tlv]:
    if tlv is None:
        return []
    members = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    check_limit(where, len(members), MAX_CERTIFICATES)
    return members


def _response_around(basic_response: Tlv) -> bytes:
    # The attribute has the BasicOCSPResponse alone; RFC 6960 section 4.2.1 has the rest around it.
    if basic_response.tag != der.SEQUENCE:
        raise MalformedMessage("found no BasicOCSPResponse", where="revocation-values")
    response_bytes = der.sequence(der.oid(_PKIX_OCSP_BASIC), der.octet_string(basic_response.encoded))
    return der.sequence(_SUCCESSFUL, der.explicit(0, response_bytes))
