"""Requests for timestamps, and the answers of timestamp services (RFC 3161 sections 2.4.1 and 2.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.file_values import parse_file_values
from smime_core.asn1.value_kinds import ValueKind
from smime_core.errors import MalformedMessage, TimestampRefused
from smime_core.limits import MAX_TIMESTAMP_BYTES, check_limit
from smime_core.timestamp.token import TimestampToken, parse_timestamp_token
from smime_core.timestamp.tst_info import MessageImprint, build_imprint

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"

NONCE_BYTES: Final = 16
_TRUE: Final = b"\x01\x01\xff"
_MAX_SHOWN_CHARACTERS: Final = 200  # Characters kept of the service's text about its refusal.
_GRANTED: Final = (0, 1)  # granted, grantedWithMods
_STATUSES: Final = {
    2: "it refused",
    3: "it has not decided yet",
    4: "it warns that its certificate is about to be revoked",
    5: "it says that its certificate was revoked",
}
_FAILURES: Final = {
    0: "it does not take this hash",
    2: "it does not do this",
    5: "it could not read the request",
    14: "its clock is not available",
    15: "it does not have this policy",
    16: "it does not know an extension of the request",
    17: "the additional information is not available",
    25: "it is out of order",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """A request to a service. The answer repeats `nonce`. If `tsa_policy` is None, the service chooses its policy."""

    imprint: MessageImprint
    nonce: int | None = None
    tsa_policy: str | None = None
    wants_certificate: bool = True


def build_timestamp_request(request: TimestampRequest) -> bytes:
    """DER of a TimeStampReq, to be posted as QUERY_TYPE."""
    return der.sequence(
        der.integer(1),
        build_imprint(request.imprint),
        der.oid(request.tsa_policy) if request.tsa_policy else b"",
        der.integer(request.nonce) if request.nonce is not None else b"",
        _TRUE if request.wants_certificate else b"",
    )


def parse_timestamp_response(data: Buffer) -> TimestampToken:
    """The token in a TimeStampResp, without verification.

    Raises TimestampRefused if the service refuses, MalformedMessage, UnsupportedAlgorithm or LimitExceeded.
    """
    where = "TimeStampResp"
    check_limit("bytes of a timestamp", len(data), MAX_TIMESTAMP_BYTES)
    fields = der.expect_count(der.read_sequence(data, where), where, 1, 2)
    status = der.read_fields(fields[0], "PKIStatusInfo")
    number = der.parse_integer(status[0], where="PKIStatus") if status else -1
    if number not in _GRANTED:
        raise TimestampRefused(_refusal(number, status[1:]))
    # RFC 3161 section 2.4.2: with these two statuses a token MUST be present.
    if len(fields) != 2:
        raise MalformedMessage("granted, and no token follows", where)
    return parse_timestamp_token(fields[1].encoded)


def read_timestamp(data: Buffer) -> TimestampToken:
    """The token in a file of any form (`asn1.file_values`), which is a token or a TimeStampResp.

    Raises the errors of `parse_timestamp_response`.
    """
    where = "timestamp"
    check_limit("bytes of a timestamp", len(data), 2 * MAX_TIMESTAMP_BYTES)
    values = parse_file_values(data, where).take(ValueKind.TIMESTAMP, ValueKind.CMS, where=where)
    if len(values) != 1:
        raise MalformedMessage(f"found {len(values)}, expected one", where)
    structure = values[0].der
    check_limit("bytes of a timestamp", len(structure), MAX_TIMESTAMP_BYTES)
    is_response = der.read_sequence(structure, where)[0].tag == der.SEQUENCE
    return parse_timestamp_response(structure) if is_response else parse_timestamp_token(structure)


def _refusal(number: int, details: list[Tlv]) -> str:
    words = [_STATUSES.get(number, f"it answers with the unknown status {number}")]
    for detail in details:
        if detail.tag == der.SEQUENCE:
            words += [_readable(text) for text in der.read_children(detail, where="statusString")]
        elif detail.tag == der.BIT_STRING:
            words += _failures(bytes(detail.content))
    return f"the timestamp service gives no timestamp: {', '.join(words)}"


def _readable(text: Tlv) -> str:
    octets = bytes(der.expect(text, der.UTF8_STRING, where="statusString").content)
    return f'"{octets.decode("utf-8", "replace")[:_MAX_SHOWN_CHARACTERS]}"'


def _failures(content: bytes) -> list[str]:
    bits = content[1:]
    numbers = [n for n in range(min(8 * len(bits), 32)) if bits[n // 8] & (0x80 >> n % 8)]
    return [_FAILURES.get(number, f"unknown failure {number}") for number in numbers]
