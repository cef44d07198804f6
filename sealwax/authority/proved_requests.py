"""Certification requests that prove the possession of the key, and whose signature covers the only address."""

from __future__ import annotations

from smime_core.asn1 import Buffer
from smime_core.blocking import run
from smime_core.ca.certification_request import CertificationRequest, open_certification_request
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from smime_core.text import addresses_match


def open_request_for(address: str, request: Buffer, provider: CryptoProvider) -> CertificationRequest:
    """The request (PKCS#10), if it names this address and no other. Raises SmimeError."""
    certification_request = run(open_certification_request(request, provider=provider))
    if len(certification_request.addresses) != 1 or not addresses_match(certification_request.addresses[0], address):
        raise MalformedMessage("expected the address that it is for, and no other", where="certification request")
    return certification_request
