"""Certificates-only messages: SignedData without signers (RFC 5652 section 5.2, RFC 8551 section 3.8, MUSTS 7).

Such messages contain certificates, CRLs or both. They never count as signed, because they have no signer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smime_core.asn1.der import Buffer
from smime_core.cms.content_info import ID_DATA, parse_signed_content
from smime_core.cms.signed_data import assemble_signed_data, build_encapsulated, parse_signed_data
from smime_core.errors import MalformedMessage
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesOnly:
    """`crls` has the DER of each CertificateList. Certificates that could not be read are left out."""

    certificates: tuple[Certificate, ...]
    crls: tuple[bytes, ...]


def parse_certificates_only(cms: Buffer) -> CertificatesOnly:
    """The certificates and CRLs of a certificates-only message.

    An empty eContent counts as absent, because Windows writes an empty eContent into .p7b files. Raises
    MalformedMessage, also if there are signers or content, or LimitExceeded.
    """
    where = "certificates-only message"
    signed_data = parse_signed_data(parse_signed_content(cms, where))
    if signed_data.signer_infos:
        raise MalformedMessage(f"found {len(signed_data.signer_infos)} signers, expected none", where)
    if signed_data.e_content_type != ID_DATA or signed_data.e_content:
        raise MalformedMessage("expected the type id-data and no content", where)
    return CertificatesOnly(certificates=signed_data.certificates, crls=signed_data.crls)


def build_certificates_only(certificates: Sequence[Certificate], *, crls: Sequence[bytes] = ()) -> bytes:
    """DER of a ContentInfo with certificates and CRLs (each the DER of a CertificateList).

    Raises MalformedMessage if there are neither.
    """
    if not certificates and not crls:
        raise MalformedMessage("nothing to carry", where="certificates-only message")
    return assemble_signed_data(
        version=1,
        digest_algorithms=(),
        encapsulated=build_encapsulated(ID_DATA, None),
        certificates=[certificate.der for certificate in certificates],
        crls=crls,
        signer_infos=(),
    )
