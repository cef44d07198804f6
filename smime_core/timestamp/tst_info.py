"""TSTInfo, the statement of a timestamp (RFC 3161 section 2.4.2), in strict DER.

This module knows no extensions: critical extensions are refused, others are ignored.
"""

from __future__ import annotations

import datetime
import hmac
import re
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import HashName, build_hash_identifier, hash_length, parse_hash_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.general_names import GeneralName, parse_general_name
from smime_core.cms.attributes import check_definite
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_TIMESTAMP_DEVIATION_SECONDS, check_limit
from smime_core.x509.certificate import parse_time

ID_CT_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"

_VERSION: Final = 1
_BOOLEAN: Final = 0x01
_GENERALIZED_TIME: Final = 0x18
_MILLIS: Final = 0x80
_MICROS: Final = 0x81
_TSA: Final = 0xA0
_EXTENSIONS: Final = 0xA1
_OPTIONAL: Final = (der.SEQUENCE, _BOOLEAN, der.INTEGER, _TSA, _EXTENSIONS)  # In the order of RFC 3161.
# DER requires a point and forbids trailing zeros. No clock needs more than twelve digits after the point.
_FRACTION: Final = re.compile(rb"([0-9]{14})\.([0-9]{0,11}[1-9])Z")
_LATEST: Final = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)  # Before it, adding an accuracy cannot overflow.


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageImprint:
    """The digest of the timestamped data."""

    hash_name: HashName
    digest: bytes

    def matches(self, other: MessageImprint) -> bool:
        """Whether both are the same digest made with the same hash."""
        return self.hash_name is other.hash_name and hmac.compare_digest(self.digest, other.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class TstInfo:
    """The statement of a timestamp, not verified yet.

    `tsa_policy` is the OID of the service's own policy, dotted. `accuracy` is the possible error of the clock; if it is
    None, the service's policy states the error. `tsa` is a name of the service. `nonce` is the nonce of the request.
    """

    tsa_policy: str
    imprint: MessageImprint
    serial_number: int
    gen_time: datetime.datetime
    accuracy: datetime.timedelta | None = None
    ordering: bool = False
    nonce: int | None = None
    tsa: GeneralName | None = None

    @property
    def latest(self) -> datetime.datetime:
        """The latest time at which the token can have been made."""
        return self.gen_time + (self.accuracy or datetime.timedelta(0))


def parse_tst_info(octets: Buffer) -> TstInfo:
    """Parse a TSTInfo in DER. Raises MalformedMessage, UnsupportedAlgorithm or LimitExceeded."""
    where = "TSTInfo"
    tlv = der.read_one(octets, where)
    check_definite(tlv, where)
    fields = der.read_fields(tlv, where)
    if len(fields) < 5:
        raise MalformedMessage(f"{len(fields)} fields, expected at least 5", where)
    if (version := _integer(fields[0])) != _VERSION:
        raise MalformedMessage(f"version {version}, expected {_VERSION}", where)
    optional = _optional_fields(fields[5:])
    _check_extensions(optional.get(_EXTENSIONS))
    tsa = optional.get(_TSA)
    return TstInfo(
        tsa_policy=der.parse_oid(fields[1], where),
        imprint=parse_imprint(fields[2]),
        serial_number=_integer(fields[3]),
        gen_time=_parse_gen_time(fields[4]),
        accuracy=_parse_accuracy(optional.get(der.SEQUENCE)),
        ordering=_parse_ordering(optional.get(_BOOLEAN)),
        nonce=_integer(optional[der.INTEGER]) if der.INTEGER in optional else None,
        tsa=parse_general_name(der.read_one(tsa.content, where="tsa"), where="tsa") if tsa else None,
    )


def parse_imprint(tlv: Tlv) -> MessageImprint:
    """Parse a MessageImprint and check the digest's length. Raises MalformedMessage or UnsupportedAlgorithm."""
    where = "messageImprint"
    fields = der.read_fields(tlv, where, 2, expected="a hash and a digest")
    hash_name = parse_hash_identifier(fields[0].encoded, where)
    digest = bytes(der.expect(fields[1], der.OCTET_STRING, where).content)
    if len(digest) != hash_length(hash_name):
        raise MalformedMessage(f"{len(digest)} bytes, expected {hash_length(hash_name)}", where)
    return MessageImprint(hash_name=hash_name, digest=digest)


def build_imprint(imprint: MessageImprint) -> bytes:
    """DER of a MessageImprint."""
    return der.sequence(build_hash_identifier(imprint.hash_name), der.octet_string(imprint.digest))


def _optional_fields(fields: list[Tlv]) -> dict[int, Tlv]:
    by_tag = {field.tag: field for field in fields}
    if [field.tag for field in fields] != [tag for tag in _OPTIONAL if tag in by_tag]:
        raise MalformedMessage("unexpected field after genTime", where="TSTInfo")
    return by_tag


def _integer(tlv: Tlv) -> int:
    # X.690 section 8.3.2: an INTEGER has as few bytes as possible.
    value = der.parse_integer(tlv, where="TSTInfo")
    if bytes(tlv.encoded) != der.integer(value):
        raise MalformedMessage("an INTEGER that is not DER", where="TSTInfo")
    return value


def _parse_gen_time(tlv: Tlv) -> datetime.datetime:
    where = "genTime"
    octets = bytes(der.expect(tlv, _GENERALIZED_TIME, where).content)
    fraction = _FRACTION.fullmatch(octets)
    whole = der.element(_GENERALIZED_TIME, fraction[1] + b"Z") if fraction else tlv.encoded
    moment = parse_time(der.read_one(whole, where), where)
    if moment >= _LATEST:
        raise MalformedMessage("a time at the end of the calendar", where)
    # Digits below a microsecond are cut off.
    return moment.replace(microsecond=int(fraction[2][:6].ljust(6, b"0"))) if fraction else moment


def _parse_accuracy(tlv: Tlv | None) -> datetime.timedelta | None:
    if tlv is None:
        return None
    where = "accuracy"
    fields = der.read_children(tlv, where)
    by_tag = {field.tag: field for field in fields}
    if [field.tag for field in fields] != [tag for tag in (der.INTEGER, _MILLIS, _MICROS) if tag in by_tag]:
        raise MalformedMessage("unexpected fields", where)
    seconds = _integer(by_tag[der.INTEGER]) if der.INTEGER in by_tag else 0
    if seconds < 0:
        raise MalformedMessage("a negative number of seconds", where)
    check_limit("seconds of accuracy", seconds, MAX_TIMESTAMP_DEVIATION_SECONDS)
    return datetime.timedelta(
        seconds=seconds, milliseconds=_thousandths(by_tag.get(_MILLIS)), microseconds=_thousandths(by_tag.get(_MICROS))
    )


def _thousandths(tlv: Tlv | None) -> int:
    if tlv is None:
        return 0
    value = _integer(der.read_one(der.element(der.INTEGER, tlv.content)))
    if not 1 <= value <= 999:
        raise MalformedMessage(f"{value} thousandths, expected 1 to 999", where="accuracy")
    return value


def _parse_ordering(tlv: Tlv | None) -> bool:
    # DER leaves out the default, FALSE.
    if tlv is not None and bytes(tlv.content) != b"\xff":
        raise MalformedMessage("a BOOLEAN that is not DER", where="ordering")
    return tlv is not None


def _check_extensions(tlv: Tlv | None) -> None:
    where = "extensions"
    for extension in der.read_children(tlv, where) if tlv else ():
        fields = der.read_fields(extension, where, 2, 3)
        oid = der.parse_oid(fields[0], where)
        if len(fields) == 3:
            raise MalformedMessage(f"critical extension {oid} is not understood", where)
