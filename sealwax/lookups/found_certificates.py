"""Certificates in the answer of a directory or of a web server: DER, PEM, or CMS that carries certificates."""

from __future__ import annotations

from collections.abc import Iterable

from smime_core.cms import ID_SIGNED_DATA, is_content_info, parse_content_info, parse_signed_data, unarmor
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.limits import MAX_FOUND_CERTIFICATES, check_limit
from smime_core.trust import CertificateSource, FoundCertificate
from smime_core.x509 import Certificate, parse_certificates


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """The certificates in a file or in the value of an attribute, in their order.

    CMS may have signers, as in userSMIMECertificate (RFC 2798 section 2.8); no signature is verified. Raises
    MalformedMessage or LimitExceeded.
    """
    certificates = _read_cms(data) if _is_cms(data) else parse_certificates(data)
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
    authorities = tuple(one for one in certificates if one.is_ca)
    return tuple(
        FoundCertificate(certificate=one, source=source, detail=detail, intermediates=authorities)
        for one in certificates
        if not one.is_ca
    )


def _is_cms(data: bytes) -> bool:
    return is_content_info(data) or (data[:1] != b"\x30" and b"-----BEGIN CERTIFICATE" not in data)


def _read_cms(data: bytes) -> tuple[Certificate, ...]:
    content_info = parse_content_info(unarmor(data))
    if content_info.content_type != ID_SIGNED_DATA:
        raise MalformedMessage("found no certificates", where="directory")
    return parse_signed_data(content_info.content).certificates
