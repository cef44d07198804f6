"""Certificate revocation lists as they are written: full lists of one issuer (RFC 5280 section 5).

Leaves out: delta lists, indirect lists, and lists of a part, which carry an issuingDistributionPoint.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import build_signature_identifier
from smime_core.ca.extensions import build_authority_key_identifier, encode_extension
from smime_core.ca.signing import choose_signature_algorithm, sign_structure
from smime_core.certificate import Certificate, Extension
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.revocation_list import CRL_NUMBER
from smime_core.revoked_entries import REASON_CODE, REASONS, UNSPECIFIED
from smime_core.signed_attributes import build_time

_NOT_FOR_PEOPLE: Final = {"certificateHold", "removeFromCRL", "aACompromise"}
REASON_CODES: Final = {name: code for code, name in REASONS.items() if name not in _NOT_FOR_PEOPLE}
"""What may be given as a reason: what is revoked here stays revoked, and there are no attribute authorities."""
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
    """When a list is made, and until when the next one will be."""

    this_update: datetime.datetime
    next_update: datetime.datetime


async def build_revocation_list(
    entries: Iterable[RevokedCertificate],
    *,
    issuer: Certificate,
    signing_key: PrivateKey,
    number: int,
    term: ListTerm,
    provider: CryptoProvider,
) -> bytes:
    """DER of a CertificateList; `number` is higher than that of every list before.

    Raises MalformedMessage for a reason that no entry may have.
    """
    revoked = [_entry(entry) for entry in entries]
    tbs_der = der.sequence(
        der.integer(_VERSION_2),
        build_signature_identifier(choose_signature_algorithm(signing_key)),
        issuer.subject_der,
        build_time(term.this_update),
        build_time(term.next_update),
        der.sequence(*revoked) if revoked else b"",  # section 5.1.2.6: absent rather than empty
        der.explicit(0, der.sequence(*(encode_extension(extension) for extension in _extensions(issuer, number)))),
    )
    return await sign_structure(tbs_der, signing_key, provider=provider)


def _extensions(issuer: Certificate, number: int) -> tuple[Extension, ...]:
    crl_number = Extension(oid=CRL_NUMBER, critical=False, value=der.integer(number))
    identifier = issuer.subject_key_identifier
    return (crl_number,) if identifier is None else (build_authority_key_identifier(identifier), crl_number)


def _entry(entry: RevokedCertificate) -> bytes:
    extensions = b""
    if entry.reason != UNSPECIFIED:  # section 5.3.1: left out rather than unspecified
        code = Extension(oid=REASON_CODE, critical=False, value=enumerated(reason_code(entry.reason)))
        extensions = der.sequence(encode_extension(code))
    return der.sequence(der.integer(entry.serial_number), build_time(entry.revoked_at), extensions)


def reason_code(reason: str) -> int:
    """The CRLReason of a name. Raises MalformedMessage."""
    if reason not in REASON_CODES:
        raise MalformedMessage(f"expected one of {', '.join(REASON_CODES)}", where="reason")
    return REASON_CODES[reason]


def enumerated(value: int) -> bytes:
    """DER of an ENUMERATED of one octet."""
    return der.element(_ENUMERATED, bytes([value]))
