"""DigestedData: a digest beside its content (RFC 5652 section 7)."""

from __future__ import annotations

import pytest

from smime_core.algorithms import HashName
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.content_info import ID_DATA, ID_DIGESTED_DATA, ID_SIGNED_DATA, parse_content_info
from smime_core.cms.digested_data import DigestedData, build_digested_data, check_digested_data, parse_digested_data
from smime_core.errors import MalformedMessage, MessageDigestMismatch, UnsupportedAlgorithm
from tests.support.envelopes import CONTENT, NO_VERSIONS, edit, version_of
from tests.support.people import PROVIDER


def build(hash_name: HashName = HashName.SHA256, *, detached: bool = False, content_type: str = ID_DATA) -> bytes:
    return run(
        build_digested_data(
            CONTENT, content_type=content_type, provider=PROVIDER, hash_name=hash_name, detached=detached
        )
    )


def parse(cms: bytes) -> DigestedData:
    content_info = parse_content_info(cms)
    assert content_info.content_type == ID_DIGESTED_DATA
    return parse_digested_data(content_info.content)


@pytest.mark.parametrize("hash_name", [HashName.SHA1, HashName.SHA256, HashName.SHA512, HashName.SHA3_256])
def test_built_digested_data_is_read(hash_name: HashName) -> None:
    assert run(check_digested_data(parse(build(hash_name)), provider=PROVIDER)) == CONTENT


def test_content_beside_the_structure_is_read() -> None:
    digested = parse(build(detached=True))
    assert digested.e_content is None
    assert run(check_digested_data(digested, provider=PROVIDER, detached_content=CONTENT)) == CONTENT


def test_altered_content_is_refused() -> None:
    altered = build().replace(b"quick", b"quack", 1)
    with pytest.raises(MessageDigestMismatch):
        run(check_digested_data(parse(altered), provider=PROVIDER))
    with pytest.raises(MessageDigestMismatch):
        run(check_digested_data(parse(build(detached=True)), provider=PROVIDER, detached_content=CONTENT + b"!"))


def test_content_in_neither_or_both_places_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="either"):
        run(check_digested_data(parse(build(detached=True)), provider=PROVIDER))
    with pytest.raises(MalformedMessage, match="either"):
        run(check_digested_data(parse(build()), provider=PROVIDER, detached_content=CONTENT))


def test_the_version_follows_from_the_content_type() -> None:
    assert version_of(build()) == 0
    assert version_of(build(content_type=ID_SIGNED_DATA)) == 2


@pytest.mark.parametrize("other", NO_VERSIONS, ids=["SEQUENCE", "OCTET STRING"])
def test_a_version_that_is_no_integer_is_refused(other: bytes) -> None:
    with pytest.raises(MalformedMessage, match="expected 0x02"):
        parse(edit(build(), lambda fields: fields.__setitem__(0, other)))


def test_an_unknown_hash_is_said() -> None:
    known = der.oid("2.16.840.1.101.3.4.2.1")
    with pytest.raises(UnsupportedAlgorithm):
        parse(build().replace(known, known[:-1] + b"\x7e"))


def test_other_numbers_of_fields_are_refused() -> None:
    fields = [field.encoded for field in der.read_children(parse_content_info(build()).content)]
    for wrong in (fields[:-1], [*fields, fields[-1]]):
        with pytest.raises(MalformedMessage, match="fields, expected 4"):
            parse_digested_data(der.read_one(der.sequence(*wrong)))
