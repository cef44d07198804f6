"""What bears on a path beside its certificates, what could still be looked up, and what was found out.

The core does no I/O: an examination names its `Lookup`s, the caller fetches them, adds the answers by `add_answer`, and
examines again. That ends after a few rounds, since a lookup that was answered is not named again.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.certificate import Certificate
from smime_core.ocsp import OcspResponse
from smime_core.revocation_list import RevocationList


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Revocation lists, OCSP responses and further certificates, from anywhere: a cache, a message, the network."""

    revocation_lists: tuple[RevocationList, ...] = ()
    ocsp_responses: tuple[OcspResponse, ...] = ()
    certificates: tuple[Certificate, ...] = ()


NO_EVIDENCE: Final = Evidence()


class LookupKind(StrEnum):
    """What to ask for."""

    OCSP = "ocsp"
    """POST `body`, application/ocsp-request (RFC 6960 appendix A)."""
    CRL = "crl"
    """GET a CertificateList."""
    ISSUER = "issuer"
    """GET the certificate of the issuer, or a certs-only CMS (RFC 5280 section 4.2.2.1). Of a certificate whose path is
    not complete, and so of anybody: never without being asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One thing that could be fetched because `certificate` names its address.

    For OCSP and CRL the certificate stands in `path`, which chains to an anchor by good signatures. `body` is what to
    post, empty for a GET; `nonce` is in it where the response should repeat it.
    """

    kind: LookupKind
    url: str
    certificate: Certificate
    path: tuple[Certificate, ...] = ()
    body: bytes = b""
    nonce: bytes = b""


class RevocationState(StrEnum):
    """Whether a certificate was revoked."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationStatus:
    """What is known about one certificate.

    `why` is for UNKNOWN, a code of `revocation.UNKNOWN_REASONS`. `revoked_at` and `reason` (a CRLReason, as
    "keyCompromise") are for REVOKED. `source` is "ocsp", "crl" or "", with the dates of the evidence that decided.
    """

    certificate: Certificate
    state: RevocationState
    why: str = ""
    revoked_at: datetime.datetime | None = None
    reason: str = ""
    source: str = ""
    this_update: datetime.datetime | None = None
    next_update: datetime.datetime | None = None
