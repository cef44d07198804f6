"""Certificates in the answer of a directory or of a web server: any form of `cms.carried`."""

from __future__ import annotations

from collections.abc import Iterable

from smime_core.cms import parse_carried_certificates
from smime_core.errors import SmimeError
from smime_core.limits import MAX_FOUND_CERTIFICATES, check_limit
from smime_core.trust import CertificateSource, FoundCertificate
from smime_core.x509 import Certificate


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """The certificates in a file or in the value of an attribute, in their order. Nothing is verified.

    Raises MalformedMessage or LimitExceeded.
    """
    certificates = parse_carried_certificates(data)
    check_limit("certificates found", len(certificates), MAX_FOUND_CERTIFICATES)
    return certificates


def found_in(values: Iterable[bytes], source: CertificateSource, detail: str) -> tuple[FoundCertificate, ...]:
    """The end-entity certificates in `values`. CA certificates become their intermediates.

    A value that cannot be read is skipped. Raises LimitExceeded.
    """
    certificates: dict[Certificate, None] = {}
    for value in values:
        try:
            certificates |= dict.fromkeys(read_certificates(value))
        except SmimeError:
            continue
    check_limit("certificates found", len(certificates), MAX_FOUND_CERTIFICATES)
    authorities = tuple(certificate for certificate in certificates if certificate.is_ca)
    return tuple(
        FoundCertificate(certificate=certificate, source=source, detail=detail, intermediates=authorities)
        for certificate in certificates
        if not certificate.is_ca
    )
