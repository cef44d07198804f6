"""Build certificate revocation lists: full lists of one issuer (RFC 5280 section 5).

Delta lists, indirect lists, and lists for a part of the certificates are not built.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import build_signature_identifier
from smime_core.asn1 import der
from smime_core.ca.extensions import build_authority_key_identifier, encode_extension
from smime_core.ca.signing import choose_signature_algorithm, sign_structure
from smime_core.cms.signed_attributes import build_time
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.x509.certificate import Certificate, Extension
from smime_core.x509.revocation_list import CRL_NUMBER
from smime_core.x509.revoked_entries import CRL_REASONS, REASON_CODE, UNSPECIFIED

_NOT_FOR_PEOPLE: Final = {"certificateHold", "removeFromCRL", "aACompromise"}
REASON_CODES: Final = {name: code for code, name in CRL_REASONS.items() if name not in _NOT_FOR_PEOPLE}
"""The reasons that this CA may give, with their codes. This CA never suspends a certificate, because its revocations
are final, and it has no attribute authorities."""
_VERSION_2: Final = 1
_ENUMERATED: Final = 0x0A


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedCertificate:
    """One entry. `reason` is a key of REASON_CODES."""

    serial_number: int
    revoked_at: datetime.datetime
    reason: str = UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTerm:
    """The time when a list is made, and the time when the next list is due."""

    this_update: datetime.datetime
    next_update: datetime.datetime


async def build_revocation_list(
    entries: Iterable[RevokedCertificate],
    provider: CryptoProvider,
    *,
    issuer: Certificate,
    signing_key: PrivateKey,
    number: int,
    term: ListTerm,
) -> bytes:
    """DER of a CertificateList. `number` must be higher than the number of every earlier list.

    Raises MalformedMessage for a reason that an entry may not have.
    """
    revoked = [_entry(entry) for entry in entries]
    tbs_der = der.sequence(
        der.integer(_VERSION_2),
        build_signature_identifier(choose_signature_algorithm(signing_key)),
        issuer.subject_der,
        build_time(term.this_update),
        build_time(term.next_update),
        der.sequence(*revoked) if revoked else b"",  # Section 5.1.2.6: absent if there are no entries.
        der.explicit(0, der.sequence(*(encode_extension(extension) for extension in _extensions(issuer, number)))),
    )
    return await sign_structure(tbs_der, signing_key, provider)


def _extensions(issuer: Certificate, number: int) -> tuple[Extension, ...]:
    crl_number = Extension(oid=CRL_NUMBER, critical=False, value=der.integer(number))
    identifier = issuer.subject_key_identifier
    return (crl_number,) if identifier is None else (build_authority_key_identifier(identifier), crl_number)


def _entry(entry: RevokedCertificate) -> bytes:
    extensions = b""
    if entry.reason != UNSPECIFIED:  # Section 5.3.1: this reason should be left out.
        code = Extension(oid=REASON_CODE, critical=False, value=enumerated(reason_code(entry.reason)))
        extensions = der.sequence(encode_extension(code))
    return der.sequence(der.integer(entry.serial_number), build_time(entry.revoked_at), extensions)


def reason_code(reason: str) -> int:
    """The CRLReason with this name. Raises MalformedMessage."""
    if reason not in REASON_CODES:
        raise MalformedMessage(f"expected one of {', '.join(REASON_CODES)}", where="reason")
    return REASON_CODES[reason]


def enumerated(value: int) -> bytes:
    """DER of an ENUMERATED of one byte."""
    return der.element(_ENUMERATED, bytes([value]))
