"""Signed attributes that somebody strips off a signature and presents as content never count as signed text."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings, strategies as st

from smime_core import blocking, stream
from smime_core.asn1 import der
from smime_core.cms.attributes import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_TIME,
    build_attribute,
    looks_like_attribute_set,
)
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.signing import AttributesForm, SignerOptions, Signing
from smime_core.errors import MalformedMessage
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust
from tests.support.signed_structures import CONTENT, signed_attrs, signed_data, signer_info

STREAMING = NativeStreamingProvider()
OIDS = (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, "1.2.3", "2.999.1")


@st.composite
def elements(draw: st.DrawFn, tag: int, *members: bytes) -> bytes:
    """One constructed element in any encoding of BER: lengths of any form, long ones with leading zeros."""
    content = b"".join(members)
    form = draw(st.sampled_from(["short", "long", "indefinite"]))
    if form == "indefinite":
        return bytes((tag, 0x80)) + content + b"\0\0"
    if form == "short":
        return der.element(tag, content)
    count = draw(st.integers(4, 126))
    return bytes((tag, 0x80 | count)) + len(content).to_bytes(count, "big") + content


@st.composite
def attributes(draw: st.DrawFn) -> bytes:
    """An Attribute, now and then with more than two fields or with values that are not DER."""
    values = draw(st.lists(st.binary(max_size=40).map(der.octet_string), max_size=3))
    further = draw(st.lists(st.just(der.integer(1)), max_size=2))
    value_set = draw(elements(der.SET, *values))
    return draw(elements(der.SEQUENCE, der.oid(draw(st.sampled_from(OIDS))), value_set, *further))


@st.composite
def attribute_sets(draw: st.DrawFn) -> bytes:
    """A SET OF Attribute as any signer might have signed it: with duplicates, unsorted, of any size."""
    members = draw(st.lists(attributes(), min_size=1, max_size=4)) * draw(st.sampled_from([1, 1, 2, 120]))
    return draw(elements(der.SET, *members))


def presented(octets: bytes) -> bytes:
    """SignedData whose content is `octets`, with a signature over them and without signedAttrs."""
    return signed_data(signer_info(None, signed=octets), content=octets)


def both(cms: bytes) -> list[MessageReport]:
    in_memory = blocking.verify_bytes(cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    streamed = stream.examine_file(
        io.BytesIO(cms), Judging(trust_store=trust(), at=NOW), provider=STREAMING, sender="a@x.test"
    )
    return [in_memory, streamed.report]


@settings(max_examples=60, deadline=None)
@given(attribute_sets())
def test_a_set_of_attributes_is_never_content_that_somebody_signed(octets: bytes) -> None:
    for report in both(presented(octets)):
        assert (report.state, [reason.code for reason in report.reasons]) == (State.INVALID, ["signature-mismatch"])


def test_a_set_of_attributes_of_any_size_is_refused() -> None:
    large = build_attribute("1.2.3", der.octet_string(bytes(2_000_000)))
    for report in both(presented(der.set_of([*signed_attrs(), large]))):
        assert report.state is State.INVALID


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x06"), max_size=200))
def test_text_is_no_set_of_attributes(text: str) -> None:
    """This holds even for text that begins with "1" and "0", whose codes are the tags of SET and SEQUENCE."""
    assert not looks_like_attribute_set(f"1{text}".encode())
    for content in (b"10 apples", b"1\x800\x80", CONTENT, der.sequence(der.oid("1.2.3")), b"1", b""):
        assert not looks_like_attribute_set(content)


def test_nobody_signs_a_set_of_attributes_as_content() -> None:
    """Such a signature would also be valid for the message that the set of attributes belongs to."""
    with pytest.raises(MalformedMessage, match="set of attributes"):
        blocking.sign_bytes(
            der.set_of(signed_attrs()),
            Signing(
                identities=[person("alice")], signing_time=NOW, options=SignerOptions(attributes=AttributesForm.NONE)
            ),
            provider=PROVIDER,
            content_type=ID_DATA,
        )
