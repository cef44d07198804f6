"""Timestamps: proof by a third party that data existed at a time (RFC 3161, RFC 5816).

This package builds the request and checks the answer; the caller sends the request to a service. Long-term signatures
with timestamps are in `cades`.
"""

from smime_core.timestamp.asking import Ask, new_timestamp_request, obtain_timestamp
from smime_core.timestamp.request import (
    QUERY_TYPE,
    REPLY_TYPE,
    TimestampRequest,
    build_timestamp_request,
    parse_timestamp_response,
    read_timestamp,
)
from smime_core.timestamp.token import TimestampToken, parse_timestamp_token
from smime_core.timestamp.tst_info import ID_CT_TST_INFO, MessageImprint, TstInfo, parse_tst_info
from smime_core.timestamp.verifying import Timestamp, check_answer, check_token, verify_timestamp

__all__ = [
    "ID_CT_TST_INFO",
    "QUERY_TYPE",
    "REPLY_TYPE",
    "Ask",
    "MessageImprint",
    "Timestamp",
    "TimestampRequest",
    "TimestampToken",
    "TstInfo",
    "build_timestamp_request",
    "check_answer",
    "check_token",
    "new_timestamp_request",
    "obtain_timestamp",
    "parse_timestamp_response",
    "parse_timestamp_token",
    "parse_tst_info",
    "read_timestamp",
    "verify_timestamp",
]
