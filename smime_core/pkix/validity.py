"""The validity period of a certificate at one moment (RFC 5280 section 4.1.2.5)."""

from __future__ import annotations

import datetime

from smime_core.x509.certificate import Certificate


def find_validity_fault(certificate: Certificate, at: datetime.datetime) -> str | None:
    """The sentence that a certificate has expired or is not valid yet, or None if it is valid at this time."""
    if certificate.not_before <= at <= certificate.not_after:
        return None
    is_over = at > certificate.not_after
    moment = certificate.not_after if is_over else certificate.not_before
    word = "expired on" if is_over else "is not valid before"
    return f"the certificate of {certificate.common_name} {word} {moment:%Y-%m-%d}"
