"""Certificates as members of JSON objects: DER in base64."""

from __future__ import annotations

from typing import Final

from smime_core.text.json_object import JsonObject, base64_text
from smime_core.x509.certificate import Certificate, parse_certificate

_MAX_BYTES: Final = 1_048_576  # A certificate with an ML-DSA-87 key and signature has 8,000 bytes.


def read_certificate(members: JsonObject, name: str) -> Certificate:
    """The certificate in the member `name`. Raises MalformedMessage or LimitExceeded."""
    return parse_certificate(members.data(name, _MAX_BYTES))


def certificate_text(certificate: Certificate) -> str:
    """A certificate in the form that `read_certificate` reads."""
    return base64_text(certificate.der)
