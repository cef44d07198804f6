"""The extensions that path validation uses, and the extensions that may be critical (RFC 5280 section 4.2)."""

from __future__ import annotations

from typing import Final

from smime_core.asn1 import der
from smime_core.x509.certificate import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
    Certificate,
    Extension,
)

NAME_CONSTRAINTS: Final = "2.5.29.30"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
POLICY_MAPPINGS: Final = "2.5.29.33"
POLICY_CONSTRAINTS: Final = "2.5.29.36"
FRESHEST_CRL: Final = "2.5.29.46"
INHIBIT_ANY_POLICY: Final = "2.5.29.54"
OCSP_NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"

_SERIAL_NUMBER: Final = 0x82

PROCESSED: Final = frozenset(
    {
        SUBJECT_KEY_IDENTIFIER,
        KEY_USAGE,
        SUBJECT_ALT_NAME,
        BASIC_CONSTRAINTS,
        NAME_CONSTRAINTS,
        CRL_DISTRIBUTION_POINTS,
        CERTIFICATE_POLICIES,
        POLICY_MAPPINGS,
        AUTHORITY_KEY_IDENTIFIER,
        POLICY_CONSTRAINTS,
        EXTENDED_KEY_USAGE,
        FRESHEST_CRL,
        INHIBIT_ANY_POLICY,
        OCSP_NO_CHECK,
    }
)
"""The extensions that may be critical, because `pkix` processes them. The check of revocation processes those about
distribution points and OCSP."""


def find_extension(certificate: Certificate, oid: str) -> Extension | None:
    """The extension of that type, or None."""
    return next((extension for extension in certificate.extensions if extension.oid == oid), None)


def find_unprocessed(certificate: Certificate) -> str | None:
    """The type of the first critical extension that is not processed here (RFC 5280 section 4.2), or None."""
    return next(
        (
            extension.oid
            for extension in certificate.extensions
            if extension.critical and extension.oid not in PROCESSED
        ),
        None,
    )


def find_issuer_serial(certificate: Certificate) -> int | None:
    """The serial number of the issuer's certificate if authorityKeyIdentifier names it (section 4.2.1.1), or None."""
    extension = find_extension(certificate, AUTHORITY_KEY_IDENTIFIER)
    # This function runs for every certificate, and few certificates have the field. So look for its tag before reading
    # the structure.
    if extension is None or _SERIAL_NUMBER not in extension.value:
        return None
    fields = der.read_sequence(extension.value, where="authorityKeyIdentifier")
    return next(
        (int.from_bytes(field.content, "big", signed=True) for field in fields if field.tag == _SERIAL_NUMBER), None
    )
