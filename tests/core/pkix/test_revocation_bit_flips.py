"""A list or response with one flipped bit anywhere does not count, neither as good nor as revoked."""

from __future__ import annotations

import pytest

from smime_core.pkix import RevocationState, parse_evidence
from tests.support.revocations import (
    ask_evidence,
    authority,
    crl,
    delegate,
    entry,
    extension_der,
    response,
    revoked,
    scope,
    single,
)

NONCE = extension_der("1.3.6.1.5.5.7.48.1.2", b"\x04\x04abcd")


def flipped(octets: bytes, position: int) -> bytes:
    altered = bytearray(octets)
    altered[position] ^= 1 << position % 8
    return bytes(altered)


@pytest.mark.parametrize(
    "octets",
    [
        crl(authority(), entry(1), entry(2), number=3, extensions=[scope(users=True)]),
        crl(authority(), entry(0x1234), number=3),
    ],
    ids=["good", "revoked"],
)
def test_no_flipped_bit_in_a_list_counts(octets: bytes) -> None:
    for position in range(len(octets)):
        evidence = parse_evidence(revocation_lists=[flipped(octets, position)])
        assert ask_evidence(evidence).state is RevocationState.UNKNOWN, position


@pytest.mark.parametrize(
    "octets",
    [
        response(authority(), by_key=True, extensions=[NONCE]),
        response(authority(), single(revoked(reason=1))),
    ],
    ids=["good", "revoked"],
)
def test_no_flipped_bit_in_a_response_counts(octets: bytes) -> None:
    for position in range(len(octets)):
        evidence = parse_evidence(ocsp_responses=[flipped(octets, position)])
        assert ask_evidence(evidence).state is RevocationState.UNKNOWN, position


def test_no_flipped_bit_in_a_delegates_certificate_counts() -> None:
    responder = delegate(authority())
    octets = response(responder, certificates=[responder])
    start = octets.index(responder.der)
    for position in range(start, start + len(responder.der)):
        evidence = parse_evidence(ocsp_responses=[flipped(octets, position)])
        assert ask_evidence(evidence).state is RevocationState.UNKNOWN, position
