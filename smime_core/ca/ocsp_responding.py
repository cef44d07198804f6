"""Build OCSP responses (RFC 6960 section 4.2), signed by the issuer or by a delegate that the issuer certified.

The response names the responder by the hash of its key. Each response contains the nonce of the request, so each
response needs a fresh signature. Single responses have no extensions.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from smime_core.asn1 import der
from smime_core.ca.extensions import encode_extension
from smime_core.ca.ocsp_requests import OcspRequest, Question
from smime_core.ca.revocation_list_building import (
    ListTerm,
    RevokedCertificate,
    enumerated,
    reason_code,
)
from smime_core.ca.signing import sign_structure
from smime_core.identity.identity import Identity
from smime_core.keys import subject_public_key
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate, Extension
from smime_core.x509.ocsp import OCSP_BASIC, OCSP_NONCE
from smime_core.x509.revoked_entries import UNSPECIFIED

_GENERALIZED_TIME: Final = 0x18
_GOOD: Final = b"\x80\x00"
_REVOKED: Final = 0xA1
_UNKNOWN: Final = b"\x82\x00"


class ResponseError(IntEnum):
    """The errors that a responder sends instead of an answer. They are not signed (section 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


class Good:
    """The status of a certificate that was issued and is not revoked."""


GOOD: Final = Good()
StatusFinder = Callable[[int], Good | RevokedCertificate | None]
"""A function that returns the status for a serial number, or None for a certificate that was never issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """The signer of answers about the certificates of `issuer`: a delegate, or the issuer itself."""

    issuer: Certificate
    signer: Identity


async def build_ocsp_response(
    request: OcspRequest, provider: CryptoProvider, *, responder: Responder, find_status: StatusFinder, term: ListTerm
) -> bytes:
    """DER of a signed OCSPResponse, one answer for each question.

    Certificates of other issuers and certificates that were never issued are "unknown" (section 2.2). `term` has
    thisUpdate and nextUpdate of the answers. The nonce is repeated unchanged (RFC 9654). Raises ProviderError.
    """
    key_bytes = subject_public_key(responder.signer.certificate.public_key)
    key_hash = hashlib.sha1(key_bytes, usedforsecurity=False).digest()  # Section 4.2.1 demands SHA-1.
    answers = (_answer(question, responder, find_status, term) for question in request.questions)
    data_der = der.sequence(
        der.explicit(2, der.octet_string(key_hash)),
        _time(term.this_update),
        der.sequence(*answers),
        b"" if request.nonce is None else _nonce(request.nonce),
    )
    signed = await sign_structure(data_der, responder.signer.private_key, provider)
    basic_der = der.sequence(*(part.encoded for part in der.read_sequence(signed)), _certificates(responder))
    body = der.sequence(der.oid(OCSP_BASIC), der.octet_string(basic_der))
    return der.sequence(enumerated(0), der.explicit(0, body))


def build_ocsp_error(error: ResponseError) -> bytes:
    """DER of an OCSPResponse with an error and without an answer."""
    return der.sequence(enumerated(error))


def _answer(question: Question, responder: Responder, find_status: StatusFinder, term: ListTerm) -> bytes:
    status = find_status(question.serial_number) if question.names_issuer(responder.issuer) else None
    return der.sequence(
        question.encoded, _status(status), _time(term.this_update), der.explicit(0, _time(term.next_update))
    )


def _status(status: Good | RevokedCertificate | None) -> bytes:
    if status is None:
        return _UNKNOWN
    if isinstance(status, Good):
        return _GOOD
    # The reason "unspecified" is left out, as in revocation lists (RFC 5280 section 5.3.1).
    has_reason = status.reason != UNSPECIFIED
    reason = der.explicit(0, enumerated(reason_code(status.reason))) if has_reason else b""
    return der.element(_REVOKED, _time(status.revoked_at), reason)


def _nonce(nonce: bytes) -> bytes:
    extension = Extension(oid=OCSP_NONCE, critical=False, value=der.octet_string(nonce))
    return der.explicit(1, der.sequence(encode_extension(extension)))


def _certificates(responder: Responder) -> bytes:
    if responder.signer.certificate == responder.issuer:
        return b""
    return der.explicit(0, der.sequence(responder.signer.certificate.der))


def _time(moment: datetime.datetime) -> bytes:
    text = moment.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ")
    return der.element(_GENERALIZED_TIME, text.encode("ascii"))
