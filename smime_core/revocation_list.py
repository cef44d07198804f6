"""Certificate revocation lists, as far as they can be read without judging anything (RFC 5280 section 5.1).

Leaves out: the signature, the extensions, and everything that makes a list count for a certificate.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import parse_signature_identifier
from smime_core.certificate import name_text, parse_time
from smime_core.der import Buffer, Tlv
from smime_core.errors import MalformedMessage

_PEM: Final = re.compile(rb"-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]*)-----END X509 CRL-----")
_TIMES: Final = (0x17, 0x18)  # UTCTime, GeneralizedTime


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """`revoked` holds the serial numbers in the order of the list; `next_update` may be absent."""

    issuer: str
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    algorithm: str
    revoked: tuple[int, ...]


def is_revocation_list(data: Buffer) -> bool:
    """Whether a file is a CRL, in DER or PEM: a certificate has no time where the list has thisUpdate."""
    octets = bytes(data)
    if _PEM.search(octets):
        return True
    try:
        fields = _tbs_fields(octets)
    except MalformedMessage:
        return False
    return len(fields) >= 3 and fields[2].tag in _TIMES


def parse_revocation_list(data: Buffer) -> RevocationList:
    """A CertificateList from DER or PEM. Raises MalformedMessage or UnsupportedAlgorithm."""
    where = "CRL"
    octets = bytes(data)
    block = _PEM.search(octets)
    try:
        fields = _tbs_fields(base64.b64decode(block[1]) if block else octets)
    except binascii.Error as error:
        raise MalformedMessage("the PEM block is not base64", where=where) from error
    if len(fields) < 3:
        raise MalformedMessage("cut short", where=where)
    algorithm, issuer, this_update, *rest = fields
    next_update = parse_time(rest.pop(0), where="nextUpdate") if rest and rest[0].tag in _TIMES else None
    entries = der.iterate_children(rest[0], where="revokedCertificates") if rest and rest[0].tag == der.SEQUENCE else ()
    return RevocationList(
        issuer=name_text(bytes(issuer.encoded)),
        this_update=parse_time(this_update, where="thisUpdate"),
        next_update=next_update,
        algorithm=parse_signature_identifier(algorithm.encoded).label,
        revoked=tuple(_serial_number(entry) for entry in entries),
    )


def _tbs_fields(octets: bytes) -> list[Tlv]:
    # From the signature algorithm on: the version stands before it in version 2 alone.
    whole = der.read_sequence(octets, where="CRL")
    fields = der.read_children(whole[0], where="tbsCertList") if whole else []
    return fields[1:] if fields and fields[0].tag == der.INTEGER else fields


def _serial_number(entry: Tlv) -> int:
    fields = der.read_children(entry, where="revokedCertificate")
    if not fields:
        raise MalformedMessage("names no certificate", where="revokedCertificate")
    return der.parse_integer(fields[0], where="revokedCertificate")
