"""A certificate from a web address that the user gave: DER, PEM or a certs-only .p7c (RFC 5280 section 4.2.2.1)."""

from __future__ import annotations

import dataclasses

from sealwax.lookups.fetch import PUBLIC_ONLY, FetchPolicy, FetchRequest, fetch
from sealwax.lookups.found_certificates import found_in, read_certificates
from smime_core.limits import MAX_DIRECTORY_BYTES
from smime_core.trust import CertificateSource, FoundCertificate


def find_at_url(url: str, policy: FetchPolicy = PUBLIC_ONLY) -> tuple[FoundCertificate, ...]:
    """The end-entity certificates at `url`, fetched with the checks of `fetch`.

    Raises LookupFailed, MalformedMessage if there is no certificate, or LimitExceeded.
    """
    bounded = dataclasses.replace(policy, max_body_bytes=min(policy.max_body_bytes, MAX_DIRECTORY_BYTES))
    certificates = read_certificates(fetch(FetchRequest(url=url), bounded))
    return found_in([certificate.der for certificate in certificates], CertificateSource.URL, url)
