"""Certificates, revocation lists and OCSP answers as structures. Nothing here decides about trust.

RFC 5280 sections 4 and 5, RFC 6960.
"""

from smime_core.x509.certificate import (
    EMAIL_PROTECTION,
    Certificate,
    KeyUsage,
    names_match,
    parse_certificate,
    parse_certificates,
)
from smime_core.x509.distribution_points import ACCESS_CA_ISSUERS, find_access_urls
from smime_core.x509.ocsp import parse_ocsp_response
from smime_core.x509.revocation_list import RevocationList, parse_revocation_list
from smime_core.x509.revoked_entries import UNSPECIFIED

__all__ = [
    "ACCESS_CA_ISSUERS",
    "EMAIL_PROTECTION",
    "UNSPECIFIED",
    "Certificate",
    "KeyUsage",
    "RevocationList",
    "find_access_urls",
    "names_match",
    "parse_certificate",
    "parse_certificates",
    "parse_ocsp_response",
    "parse_revocation_list",
]
