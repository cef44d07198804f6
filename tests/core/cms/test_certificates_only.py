"""Certificates-only messages (MUSTS 7)."""

from __future__ import annotations

import pytest

from smime_core.asn1 import der
from smime_core.cms.certificates_only import build_certificates_only, parse_certificates_only
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info, unarmor
from smime_core.errors import MalformedMessage
from tests.support.people import anchor, build_revocation_list, person
from tests.support.signed_structures import CONTENT, signed_attrs, signed_data, signer_info
from tests.support.vectors import vectors


def test_must_7_carries_certificates_and_revocation_lists_both_ways() -> None:
    crl = build_revocation_list(7)
    cms = build_certificates_only([person("alice").certificate, anchor()], crls=[crl])
    message = parse_certificates_only(cms)
    assert set(message.certificates) == {person("alice").certificate, anchor()}
    assert message.crls == (crl,)


def test_must_32_has_version_1() -> None:
    cms = build_certificates_only([anchor()])
    (_, content) = der.read_sequence(cms)
    assert der.parse_integer(der.read_children(der.read_one(content.content))[0]) == 1


def test_each_certificate_stands_once() -> None:
    assert len(parse_certificates_only(build_certificates_only([anchor(), anchor()])).certificates) == 1


def test_refuses_to_carry_nothing() -> None:
    with pytest.raises(MalformedMessage):
        build_certificates_only([])


def test_must_7_refuses_one_with_a_signer() -> None:
    with pytest.raises(MalformedMessage, match="signers"):
        parse_certificates_only(signed_data(signer_info(signed_attrs())))


def test_must_7_refuses_one_with_content() -> None:
    with pytest.raises(MalformedMessage, match="content"):
        parse_certificates_only(signed_data(content=CONTENT))


def test_refuses_another_structure() -> None:
    with pytest.raises(MalformedMessage, match="content of type"):
        parse_certificates_only(build_content_info(ID_DATA, der.octet_string(CONTENT)))


def test_must_45_an_unreadable_certificate_does_not_hide_the_others() -> None:
    bag = der.set_of([anchor().der, der.sequence(der.integer(1))], tag=0xA0)
    empty = der.element(der.SET)
    cms = build_content_info(
        ID_SIGNED_DATA, der.sequence(der.integer(1), empty, der.sequence(der.oid(ID_DATA)), bag, empty)
    )
    assert parse_certificates_only(cms).certificates == (anchor(),)


@pytest.mark.parametrize(
    ("set_name", "file", "count"),
    [
        ("pkcs7-pyca", "amazon-roots.der", 2),
        ("pkcs7-pyca", "amazon-roots.p7b", 2),
        ("pkcs7-pyca", "isrg.pem", 1),
        ("openssl-cms", "pkcs7.pem", 1),
        ("rfc4134", "4.11.bin", 2),
    ],
)
def test_reads_those_that_others_wrote(set_name: str, file: str, count: int) -> None:
    message = parse_certificates_only(unarmor((vectors(set_name) / file).read_bytes()))
    assert len(message.certificates) == count
