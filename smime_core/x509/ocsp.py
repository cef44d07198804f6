"""OCSP requests and responses as structures, without a verdict (RFC 6960 section 4, RFC 9654, RFC 5280 section 5.3.1).

Leaves out: whether a response applies to a certificate (`pkix.ocsp_check`), signed requests, and response types other
than id-pkix-ocsp-basic.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from smime_core.algorithms import (
    HASH_OIDS,
    HashName,
    SignatureAlgorithm,
    digest_data,
    parse_hash_identifier,
    parse_signature_identifier,
)
from smime_core.algorithms.identifiers import NULL
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, SmimeError, parse_readable
from smime_core.keys import subject_public_key
from smime_core.limits import (
    MAX_OCSP_CERTIFICATES,
    MAX_OCSP_RESPONSE_BYTES,
    MAX_OCSP_SINGLE_RESPONSES,
    check_limit,
)
from smime_core.provider import PublicKey
from smime_core.x509.certificate import Certificate, Extension, parse_certificate, parse_extensions, parse_time
from smime_core.x509.revoked_entries import UNSPECIFIED, parse_reason

OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
OCSP_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
OCSP_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
NONCE_BYTES: Final = 32  # RFC 9654 section 2.1

_GOOD: Final = 0x80
_REVOKED: Final = 0xA1
_UNKNOWN: Final = 0x82


class ResponseStatus(IntEnum):
    """OCSPResponseStatus (RFC 6960 section 4.2.1). The value 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIGNATURE_REQUIRED = 5
    UNAUTHORIZED = 6


class CertificateStatus(StrEnum):
    """The CertStatus of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


_STATUS_TEXTS: Final = {
    ResponseStatus.MALFORMED_REQUEST: "it did not understand the question",
    ResponseStatus.INTERNAL_ERROR: "it has an internal error",
    ResponseStatus.TRY_LATER: "it asks to try later",
    ResponseStatus.SIGNATURE_REQUIRED: "it answers signed questions only",
    ResponseStatus.UNAUTHORIZED: "it is not responsible for this certificate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateId:
    """A CertID: the hashes of the issuer's name and key, and the serial number."""

    hash_name: HashName
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int

    @classmethod
    def of(cls, certificate: Certificate, issuer: Certificate, *, hash_name: HashName) -> CertificateId:
        """The CertID of a certificate (RFC 6960 section 4.1.1). Raises UnsupportedAlgorithm."""
        return cls(
            hash_name=hash_name,
            issuer_name_hash=digest_data(hash_name, certificate.issuer_der),
            issuer_key_hash=digest_data(hash_name, subject_public_key(issuer.public_key)),
            serial_number=certificate.serial_number,
        )

    def encode(self) -> bytes:
        """DER of the CertID. The hash algorithm has NULL parameters, because old responders compare parameters too."""
        return der.sequence(
            der.sequence(der.oid(HASH_OIDS[self.hash_name]), NULL),
            der.octet_string(self.issuer_name_hash),
            der.octet_string(self.issuer_key_hash),
            der.integer(self.serial_number),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleResponse:
    """The entry of a response about one certificate.

    `revoked_at` is None and `reason` is empty unless the status is REVOKED. The responder still answers about
    certificates that expired after `archive_cutoff`.
    """

    certificate_id: CertificateId
    status: CertificateStatus
    revoked_at: datetime.datetime | None
    reason: str
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    archive_cutoff: datetime.datetime | None
    has_unknown_critical: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OcspResponse:
    """A successful response. Instances compare by identity.

    The responder is named by `responder_name_der` or by `responder_key_hash` (SHA-1 of its key); the other is None.
    `certificates` has the readable certificates of the response. `nonce` is None if the response has no nonce.
    """

    der: bytes = field(repr=False)
    tbs_der: bytes = field(repr=False)
    signature_algorithm: SignatureAlgorithm
    signature: bytes = field(repr=False)
    responder_name_der: bytes | None
    responder_key_hash: bytes | None
    produced_at: datetime.datetime
    responses: tuple[SingleResponse, ...]
    nonce: bytes | None
    certificates: tuple[Certificate, ...]
    has_unknown_critical: bool


def build_ocsp_request(
    certificate: Certificate, issuer: Certificate, *, nonce: bytes | None, hash_name: HashName = HashName.SHA1
) -> bytes:
    """DER of an OCSPRequest about one certificate (RFC 6960 section 4.1.1).

    The default hash is SHA-1, because many responders support no other. The hash need not be strong, because the CertID
    in the answer is compared with the issuer's real name and key. `nonce` has 32 bytes (RFC 9654 section 2.1); None
    leaves it out.
    """
    request = der.sequence(CertificateId.of(certificate, issuer, hash_name=hash_name).encode())
    extension = b""
    if nonce is not None:
        value = der.octet_string(der.octet_string(nonce))
        extension = der.explicit(2, der.sequence(der.sequence(der.oid(OCSP_NONCE), value)))
    return der.sequence(der.sequence(der.sequence(request), extension))


def hash_key(key: PublicKey) -> bytes:
    """The KeyHash of a key for ResponderID: SHA-1 of subjectPublicKey (RFC 6960 section 4.2.1)."""
    return digest_data(HashName.SHA1, subject_public_key(key))


def parse_ocsp_response(data: Buffer) -> OcspResponse:
    """Parse an OCSPResponse, which must be successful and of the basic type.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm. Raises SmimeError with the responder's status if the
    status is not "successful".
    """
    where = "OCSPResponse"
    check_limit("bytes of an OCSP response", len(data), MAX_OCSP_RESPONSE_BYTES)
    fields = der.expect_count(der.read_sequence(data, where), where, 1, 2)
    _check_status(fields[0])
    if len(fields) == 1:
        raise MalformedMessage("successful, and no response in it", where)
    response_bytes = der.expect_count(
        der.read_sequence(der.expect(fields[1], 0xA0, where).content, where="responseBytes"), "responseBytes", 2
    )
    response_type = der.parse_oid(response_bytes[0], where="responseType")
    if response_type != OCSP_BASIC:
        raise MalformedMessage(f"found type {response_type}, expected a basic response", where="responseType")
    basic = der.expect(response_bytes[1], der.OCTET_STRING, where="response")
    return _parse_basic(bytes(basic.content), whole=bytes(data))


def _check_status(tlv: Tlv) -> None:
    content = bytes(der.expect(tlv, der.ENUMERATED, where="responseStatus").content)
    if len(content) != 1 or content[0] not in set(ResponseStatus):
        raise MalformedMessage("a status that is not defined", where="responseStatus")
    status = ResponseStatus(content[0])
    if status is not ResponseStatus.SUCCESSFUL:
        raise SmimeError(f"the OCSP responder gave no answer: {_STATUS_TEXTS[status]}")


def _parse_basic(basic: bytes, *, whole: bytes) -> OcspResponse:
    where = "BasicOCSPResponse"
    fields = der.expect_count(der.read_sequence(basic, where), where, 3, 4)
    data = _parse_response_data(fields[0])
    certificates = der.read_sequence(der.expect(fields[3], 0xA0, where).content) if len(fields) == 4 else []
    check_limit("certificates in an OCSP response", len(certificates), MAX_OCSP_CERTIFICATES)
    return OcspResponse(
        der=whole,
        tbs_der=bytes(fields[0].encoded),
        signature_algorithm=parse_signature_identifier(fields[1].encoded),
        signature=_read_signature(fields[2]),
        responder_name_der=data.responder_name_der,
        responder_key_hash=data.responder_key_hash,
        produced_at=data.produced_at,
        responses=data.responses,
        nonce=_nonce(data.extensions),
        certificates=tuple(parse_readable(parse_certificate, (bytes(member.encoded) for member in certificates))),
        has_unknown_critical=any(extension.critical and extension.oid != OCSP_NONCE for extension in data.extensions),
    )


class _ResponseData(NamedTuple):
    responder_name_der: bytes | None
    responder_key_hash: bytes | None
    produced_at: datetime.datetime
    responses: tuple[SingleResponse, ...]
    extensions: tuple[Extension, ...]


def _parse_response_data(tlv: Tlv) -> _ResponseData:
    # RFC 6960 section 4.2.1. The only version is 0. DER omits this version because it is the DEFAULT, but some
    # responders encode it.
    where = "ResponseData"
    fields = der.read_fields(tlv, where)
    if fields and fields[0].tag == 0xA0 and der.parse_integer(der.read_one(fields.pop(0).content), where) != 0:
        raise MalformedMessage("not version 1", where)
    if not 3 <= len(fields) <= 4:
        raise MalformedMessage(f"{len(fields)} fields, expected 3 or 4", where)
    responder, produced_at, responses, *extensions = fields
    singles = der.read_fields(responses, where)
    check_limit("answers in an OCSP response", len(singles), MAX_OCSP_SINGLE_RESPONSES)
    name = bytes(responder.content) if responder.tag == 0xA1 else None
    return _ResponseData(
        responder_name_der=name,
        responder_key_hash=_key_hash(responder) if name is None else None,
        produced_at=parse_time(produced_at, where="producedAt"),
        responses=tuple(_parse_single(single) for single in singles),
        extensions=parse_extensions(der.expect(extensions[0], 0xA1, where).content) if extensions else (),
    )


def _key_hash(responder: Tlv) -> bytes:
    where = "responderID"
    octets = der.read_one(der.expect(responder, 0xA2, where).content, where)
    return bytes(der.expect(octets, der.OCTET_STRING, where).content)


def _parse_single(single: Tlv) -> SingleResponse:
    where = "SingleResponse"
    fields = der.read_fields(single, where)
    if len(fields) < 3:
        raise MalformedMessage("cut short", where)
    certificate_id, status, this_update, *optional = fields
    known = {member.tag: member for member in optional}
    if [member.tag for member in optional] != sorted(known) or not known.keys() <= {0xA0, 0xA1}:
        raise MalformedMessage("unexpected field", where)
    extensions = parse_extensions(known[0xA1].content) if 0xA1 in known else ()
    cutoff = next((extension.value for extension in extensions if extension.oid == OCSP_ARCHIVE_CUTOFF), None)
    kind, revoked_at, reason = _parse_status(status)
    return SingleResponse(
        certificate_id=_parse_certificate_id(certificate_id),
        status=kind,
        revoked_at=revoked_at,
        reason=reason,
        this_update=parse_time(this_update, where="thisUpdate"),
        next_update=parse_time(der.read_one(known[0xA0].content), where="nextUpdate") if 0xA0 in known else None,
        archive_cutoff=parse_time(der.read_one(cutoff), where="archiveCutoff") if cutoff is not None else None,
        has_unknown_critical=any(
            extension.critical and extension.oid != OCSP_ARCHIVE_CUTOFF for extension in extensions
        ),
    )


def _parse_status(status: Tlv) -> tuple[CertificateStatus, datetime.datetime | None, str]:
    where = "certStatus"
    if status.tag in (_GOOD, _UNKNOWN):
        return CertificateStatus.GOOD if status.tag == _GOOD else CertificateStatus.UNKNOWN, None, ""
    fields = der.expect_count(der.read_children(der.expect(status, _REVOKED, where), where), where, 1, 2)
    explicit = der.read_one(der.expect(fields[1], 0xA0, where).content, where) if len(fields) == 2 else None
    reason = UNSPECIFIED if explicit is None else parse_reason(explicit)
    return CertificateStatus.REVOKED, parse_time(fields[0], where="revocationTime"), reason


def _parse_certificate_id(tlv: Tlv) -> CertificateId:
    where = "certID"
    fields = der.read_fields(tlv, where, 4)
    return CertificateId(
        hash_name=parse_hash_identifier(fields[0].encoded, "certID"),
        issuer_name_hash=bytes(der.expect(fields[1], der.OCTET_STRING, where).content),
        issuer_key_hash=bytes(der.expect(fields[2], der.OCTET_STRING, where).content),
        serial_number=der.parse_integer(fields[3], where),
    )


def _nonce(extensions: Sequence[Extension]) -> bytes | None:
    value = next((extension.value for extension in extensions if extension.oid == OCSP_NONCE), None)
    if value is None:
        return None
    try:
        return bytes(der.expect(der.read_one(value, where="nonce"), der.OCTET_STRING, where="nonce").content)
    except MalformedMessage:
        # RFC 2560 defined no syntax for the nonce, so old responders return its bytes without an OCTET STRING around
        # them.
        return value


def _read_signature(tlv: Tlv) -> bytes:
    content = bytes(der.expect(tlv, der.BIT_STRING, where="signature").content)
    if content[:1] != b"\0":
        raise MalformedMessage("not whole bytes", where="signature")
    return content[1:]
