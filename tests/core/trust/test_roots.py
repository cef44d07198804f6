"""Lists of root certificates: PEM, with the dates after which certificates of a root are distrusted."""

from __future__ import annotations

import datetime

import pytest

from smime_core.errors import MalformedMessage
from smime_core.pkix import TrustSource
from smime_core.trust import Root, build_root, parse_roots, roots_to_anchors
from tests.support.people import anchor

DISTRUSTED = datetime.datetime(2026, 4, 15, 23, 59, 59, tzinfo=datetime.UTC)
ENTRY = build_root(Root(certificate_der=anchor().der, distrust_after=DISTRUSTED), name="Test CA")


def test_an_entry_keeps_certificate_and_date() -> None:
    plain = Root(certificate_der=anchor().der)
    pem = b"# a heading\n\n" + ENTRY + b"\n" + build_root(plain, name="Root of Tests, G2")
    assert parse_roots(pem) == (Root(certificate_der=anchor().der, distrust_after=DISTRUSTED), plain)


def test_an_anchor_has_the_source_and_the_date() -> None:
    (trust_anchor,) = roots_to_anchors(parse_roots(ENTRY), source=TrustSource.MOZILLA)
    assert (trust_anchor.certificate, trust_anchor.source, trust_anchor.distrust_after) == (
        anchor(),
        TrustSource.MOZILLA,
        DISTRUSTED,
    )


@pytest.mark.parametrize(
    ("pem", "match"),
    [
        (ENTRY + b"-----BEGIN CERTIFICATE-----\nMIID", "cut short"),
        (ENTRY.replace(b"-----BEGIN", b"-----BEGIN X-----\n-----END X-----\n-----BEGIN", 1), "the block is empty"),
        (ENTRY.replace(b"2026-04-15", b"2026-04-31"), "expected a time"),
        (ENTRY.replace(b":59Z", b":59"), "no time zone"),
    ],
)
def test_a_list_of_another_form_is_refused(pem: bytes, match: str) -> None:
    with pytest.raises(MalformedMessage, match=match):
        parse_roots(pem)
