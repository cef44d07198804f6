"""The structure of a timestamp token (RFC 3161 section 2.4.2): SignedData over a TSTInfo by exactly one signer."""

from __future__ import annotations

from dataclasses import dataclass

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.cms.content_info import ID_SIGNED_DATA
from smime_core.cms.signed_data import SignedData, only_signer, parse_signed_data
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_TIMESTAMP_BYTES, check_limit
from smime_core.timestamp.tst_info import ID_CT_TST_INFO, TstInfo, parse_tst_info


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampToken:
    """One token, not verified. `info` is its statement, and `info_der` the signed bytes of the statement."""

    der: bytes
    info: TstInfo
    info_der: bytes
    signer: SignerInfo
    signed_data: SignedData


def parse_timestamp_token(data: Buffer) -> TimestampToken:
    """Parse a TimeStampToken; no bytes may follow. Raises MalformedMessage, UnsupportedAlgorithm or LimitExceeded."""
    where = "TimeStampToken"
    check_limit("bytes of a timestamp", len(data), MAX_TIMESTAMP_BYTES)
    fields = der.read_sequence(data, where)
    if len(fields) != 2 or der.parse_oid(fields[0], where) != ID_SIGNED_DATA or fields[1].tag != 0xA0:
        raise MalformedMessage("found no SignedData", where)
    signed_data = parse_signed_data(der.read_one(fields[1].content, where))
    if signed_data.e_content_type != ID_CT_TST_INFO:
        raise MalformedMessage(f"found content of type {signed_data.e_content_type}", where)
    if signed_data.e_content is None:
        raise MalformedMessage("its content is detached", where)
    info_der = bytes(signed_data.e_content)
    return TimestampToken(
        der=bytes(data),
        info=parse_tst_info(info_der),
        info_der=info_der,
        # RFC 3161 section 2.4.2: the timestamp authority's signature is the only one.
        signer=only_signer(signed_data, where),
        signed_data=signed_data,
    )
