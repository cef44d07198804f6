"""The structures of distribution points, scopes and access descriptions: valid ones and refused ones."""

from __future__ import annotations

import pytest
from cryptography import x509

from smime_core import Certificate
from smime_core.asn1 import der
from smime_core.asn1.general_names import GeneralName, find_common_name
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_DISTRIBUTION_POINTS, MAX_GENERAL_NAMES
from smime_core.x509.distribution_points import (
    ACCESS_CA_ISSUERS,
    ACCESS_OCSP,
    DistributionPoint,
    PointName,
    ReasonFlags,
    find_access_urls,
    find_urls,
    parse_distribution_points,
    parse_issuing_distribution_point,
    parse_points,
)
from tests.support.revocations import Reason, authority, issue, name_of, point, points

URL = der.element(0x86, b"http://example.test/")
FULL = der.element(0xA0, URL)
NAME = der.explicit(0, FULL)
ISSUER = der.element(0xA2, der.explicit(4, name_of("Lists").public_bytes()))
REASONS = b"\x81\x02\x06\x40"


def extension(*members: bytes) -> bytes:
    return der.sequence(*members)


def test_a_point_is_read_in_full() -> None:
    (read,) = parse_points(extension(der.sequence(NAME, REASONS, ISSUER)))
    assert read == DistributionPoint(
        name=PointName(full_name=(GeneralName(0x86, b"http://example.test/"),)),
        reasons=ReasonFlags.KEY_COMPROMISE,
        crl_issuers=(GeneralName(0xA4, name_of("Lists").public_bytes()),),
    )


def test_reasons_of_two_octets_are_read() -> None:
    person = issue(
        "Leaf", authority(), extensions=[points(point("http://example.test/", reasons=[Reason.aa_compromise]))]
    )
    (read,) = parse_distribution_points(person.certificate)
    assert read.reasons == ReasonFlags.AA_COMPROMISE


def test_a_relative_name_is_made_whole_under_its_issuer() -> None:
    relative = der.sequence(der.oid("2.5.4.11"), der.element(0x0C, b"part"))
    named = PointName(relative_name=relative)
    whole = x509.Name([*name_of("Lists"), x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "part")])
    assert named.names(name_of("Lists").public_bytes()) == (GeneralName(0xA4, whole.public_bytes()),)


@pytest.mark.parametrize(
    "member",
    [
        der.sequence(),
        der.sequence(REASONS),
        der.sequence(ISSUER, NAME),
        der.sequence(NAME, NAME),
        der.sequence(NAME, der.element(0xA3, b"")),
        der.sequence(NAME, b"\x81\x00"),
        der.sequence(NAME, b"\x81\x02\x08\x40"),
        der.sequence(der.explicit(0, der.element(0xA2, URL))),
        der.sequence(der.explicit(0, der.element(0xA0))),
        der.sequence(der.element(0xA2)),
        der.element(der.SET, NAME),
    ],
)
def test_a_damaged_point_is_refused(member: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_points(extension(member))


def test_a_scope_may_not_repeat_a_field() -> None:
    with pytest.raises(MalformedMessage):
        parse_issuing_distribution_point(der.sequence(b"\x84\x01\xff", b"\x84\x01\xff"))


def test_points_and_names_are_bounded() -> None:
    with pytest.raises(LimitExceeded):
        parse_points(extension(*[der.sequence(NAME)] * (MAX_DISTRIBUTION_POINTS + 1)))
    with pytest.raises(LimitExceeded):
        parse_points(extension(der.sequence(der.explicit(0, der.element(0xA0, *[URL] * (MAX_GENERAL_NAMES + 1))))))
    with pytest.raises(LimitExceeded):
        find_access_urls(accessing(*[access()] * (MAX_DISTRIBUTION_POINTS + 1)), ACCESS_OCSP)


def access(method: str = ACCESS_OCSP, url: bytes = URL) -> bytes:
    return der.sequence(der.oid(method), url)


def accessing(*members: bytes) -> Certificate:
    own = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.1"), der.sequence(*members))
    return issue("Leaf", authority(), extensions=[own]).certificate


def test_access_is_told_apart_by_its_method() -> None:
    other = der.element(0x86, b"https://example.test/ca")
    certificate = accessing(access(), access(ACCESS_CA_ISSUERS, other), access(), access(url=b"\x82\x01x"))
    assert find_access_urls(certificate, ACCESS_OCSP) == ("http://example.test/",)
    assert find_access_urls(certificate, ACCESS_CA_ISSUERS) == ("https://example.test/ca",)
    assert find_access_urls(authority().certificate, ACCESS_OCSP) == ()


@pytest.mark.parametrize("member", [der.sequence(der.oid(ACCESS_OCSP)), der.sequence(URL, URL), b"\x05\x00"])
def test_damaged_access_is_refused(member: bytes) -> None:
    with pytest.raises(MalformedMessage):
        find_access_urls(accessing(member), ACCESS_OCSP)


def test_names_compare_by_kind() -> None:
    lists, upper = (GeneralName(0xA4, name_of(text).public_bytes()) for text in ("Lists", "LISTS"))
    url, other = GeneralName(0x86, b"http://a.test/"), GeneralName(0x86, b"http://A.test/")
    assert find_common_name([other, lists], [url, upper]) == lists
    assert find_common_name([url], [other]) is None
    assert find_common_name([url], [GeneralName(0x82, url.content)]) is None


def test_urls_are_listed_once() -> None:
    assert find_urls(parse_points(extension(der.sequence(NAME), der.sequence(NAME)))) == ("http://example.test/",)
