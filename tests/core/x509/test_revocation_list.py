"""Lists of revoked certificates, read and distinguished from certificates."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_WHOLE_BYTES
from smime_core.x509 import revoked_entries
from smime_core.x509.distribution_points import find_urls
from smime_core.x509.revocation_list import parse_revocation_list
from tests.support.people import NEXT_UPDATE, NOW, anchor, build_revocation_list
from tests.support.revocations import ECDSA_WITH_SHA256, authority as authority_holder, crl, extension_der, point, scope


@pytest.mark.parametrize("encoding", [serialization.Encoding.DER, serialization.Encoding.PEM])
def test_a_list_is_read(encoding: serialization.Encoding) -> None:
    revoked = parse_revocation_list(build_revocation_list(0x1234, 5, encoding=encoding))
    assert revoked.issuer == anchor().subject
    assert (revoked.this_update, revoked.next_update) == (NOW, NEXT_UPDATE)
    assert (revoked.algorithm, tuple(revoked.revoked)) == ("RSA with SHA-256", (0x1234, 5))


def test_an_empty_list_revokes_nobody() -> None:
    assert tuple(parse_revocation_list(build_revocation_list()).revoked) == ()


@pytest.mark.parametrize("length", [3, 30, 100])
def test_a_list_cut_short_is_refused(length: int) -> None:
    with pytest.raises(MalformedMessage):
        parse_revocation_list(build_revocation_list(1)[:length])


UTC, GENERALIZED = b"\x17\x0d260531120000Z", b"\x18\x0f20260531120000Z"
REASON = extension_der("2.5.29.21", b"\x0a\x01\x01")


def entry_der(serial_der: bytes, time: bytes = UTC, *extensions: bytes) -> bytes:
    return der.sequence(serial_der, time, der.sequence(*extensions) if extensions else b"")


def list_der(
    *entries: bytes,
    version: bytes = der.integer(1),
    extensions: bytes = b"",
    algorithm: bytes = ECDSA_WITH_SHA256,
    revoked: bytes | None = None,
    tail: bytes = b"",
) -> bytes:
    """A list whose parts can break the rules of RFC 5280 section 5.1."""
    name = authority_holder().certificate.subject_der
    own = der.sequence(*entries) if revoked is None and entries else revoked or b""
    tbs = der.sequence(version, ECDSA_WITH_SHA256, name, UTC, GENERALIZED, own, extensions, tail)
    return der.sequence(tbs, algorithm, b"\x03\x02\x00\x00")


class TestEntries:
    @pytest.mark.parametrize("time", [UTC, GENERALIZED])
    @pytest.mark.parametrize("extensions", [(), (REASON,), (REASON, extension_der("1.2.3", bytes(200)))])
    @pytest.mark.parametrize("serial_number", [0, 1, 127, 128, 0xFF00, 2**159 - 1, -5, -256])
    def test_every_form_of_an_entry_is_found(
        self, serial_number: int, extensions: tuple[bytes, ...], time: bytes
    ) -> None:
        entry = entry_der(der.integer(serial_number), time, *extensions)
        others = [entry_der(der.integer(number)) for number in (3, 2**64)]
        for entries in ([entry], [entry, *others], [*others, entry], [others[0], entry, others[1]]):
            read = parse_revocation_list(list_der(*entries))
            (revoked_entry,) = read.find_entries(serial_number)
            assert serial_number in read.revoked
            assert len(read.revoked) == len(entries)
            assert revoked_entry.serial_number == serial_number
            assert revoked_entry.revoked_at == NOW - datetime.timedelta(days=1)
            assert revoked_entry.reason == ("keyCompromise" if extensions else "unspecified")
            assert read.is_usable

    def test_octets_that_only_look_like_a_serial_number_are_no_entry(self) -> None:
        inside = extension_der("1.2.3", der.integer(7))
        read = parse_revocation_list(list_der(entry_der(der.integer(0x020107), UTC, inside), entry_der(der.integer(9))))
        assert list(read.find_entries(7)) == []
        assert len(list(read.find_entries(0x020107))) == 1

    def test_all_entries_with_a_serial_number_are_found_in_order(self) -> None:
        read = parse_revocation_list(list_der(*[entry_der(der.integer(4), time) for time in (UTC, GENERALIZED)]))
        assert len(list(read.find_entries(4))) == 2
        assert read.revoked[1:] == (4,)
        assert read.revoked[-1] == 4

    def test_many_different_extensions_are_all_looked_at(self) -> None:
        many = [
            entry_der(der.integer(number), UTC, extension_der("1.2.3", der.integer(number))) for number in range(1_100)
        ]
        unknown = entry_der(der.integer(5), UTC, extension_der("1.2.3", b"", critical=True))
        named = entry_der(der.integer(5), UTC, extension_der("2.5.29.29", der.sequence(b"\x82\x01x")))
        damaged = der.sequence(der.integer(5), UTC, der.element(der.SET, extension_der("1.2.3", b"")))
        assert parse_revocation_list(list_der(*many)).is_usable
        assert not parse_revocation_list(list_der(*many, unknown)).is_usable
        assert not parse_revocation_list(list_der(*many, named)).is_usable
        with pytest.raises(MalformedMessage):
            parse_revocation_list(list_der(*many, damaged))

    @pytest.mark.parametrize(
        "entry",
        [
            b"\x30\x00",
            der.sequence(der.integer(5)),
            der.sequence(der.integer(5), UTC, b"\x30\x00", b"\x05\x00"),
            der.sequence(der.octet_string(b"\5"), UTC),
            der.sequence(b"\x02\x00", UTC),
            entry_der(b"\x02\x02\x00\x05"),
            entry_der(b"\x02\x02\xff\x85"),
            entry_der(der.integer(5), b"\x17\x0b2605311200Z"),
            entry_der(der.integer(5), b"\x17\x0d26053112000xZ"),
            entry_der(der.integer(5), b"\x17\x0d260531120000+"),
            der.sequence(der.integer(5), UTC, b"\x04\x00"),
            der.sequence(der.integer(5), UTC, der.sequence(b"\x04\x00")),
            entry_der(der.integer(5), UTC, extension_der("2.5.29.21", b"\x0a\x00")),
            entry_der(der.integer(5), UTC, REASON, REASON),
            b"\x30\x20" + bytes(5),
            b"\x30",
        ],
    )
    def test_one_damaged_entry_spoils_the_list(self, entry: bytes) -> None:
        good = entry_der(der.integer(6))
        for entries in ([entry], [good, entry], [entry, good]):
            with pytest.raises(MalformedMessage):
                parse_revocation_list(list_der(*entries))

    def test_entries_that_take_long_to_read_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(revoked_entries, "MAX_UNUSUAL_ENTRIES", 3)
        usual = [entry_der(der.integer(number), time, REASON) for number in range(1, 10) for time in (UTC, GENERALIZED)]
        long = [entry_der(der.integer(number), UTC, extension_der("1.2.3", bytes(200))) for number in range(4)]
        assert len(parse_revocation_list(list_der(*usual, *long[:3])).revoked) == 21
        with pytest.raises(LimitExceeded):
            parse_revocation_list(list_der(*usual, *long))

    def test_an_impossible_date_is_told_when_the_entry_is_asked_for(self) -> None:
        read = parse_revocation_list(list_der(entry_der(der.integer(5), b"\x17\x0d261331120000Z")))
        with pytest.raises(MalformedMessage):
            list(read.find_entries(5))


class TestStructure:
    @pytest.mark.parametrize(
        "octets",
        [
            list_der(version=der.integer(0)),
            list_der(version=der.integer(2)),
            list_der(version=b"", extensions=der.explicit(0, der.sequence(extension_der("1.2.3", b"")))),
            list_der(entry_der(der.integer(5), UTC, REASON), version=b""),
            list_der(algorithm=der.sequence(der.oid("1.2.840.10045.4.3.3"))),
            list_der(tail=b"\x05\x00"),
            list_der(extensions=der.explicit(0, der.sequence(*[extension_der("1.2.3", b"")] * 2))),
            list_der() + b"\0\0x",
            list_der()[:-3],
            list_der().replace(authority_holder().certificate.subject_der, b"\x31\x00", 1),
            der.sequence(*(field.encoded for field in der.read_sequence(list_der())[:2]), b"\x04\x02\x00\x00"),
            der.sequence(der.sequence(der.integer(1), ECDSA_WITH_SHA256), ECDSA_WITH_SHA256, b"\x03\x02\x00\x00"),
            b"-----BEGIN X509 CRL-----\nabc\n-----END X509 CRL-----\n",
        ],
        ids=[
            "version 1 written out", "version 3", "extensions in version 1", "entry extensions in version 1",
            "two algorithms", "a further field", "an extension twice",
            "octets behind", "cut short", "another tag for the name", "another tag for the signature", "no dates",
            "PEM that is not base64",
        ],
    )  # fmt: skip
    def test_a_list_that_section_5_1_forbids_is_refused(self, octets: bytes) -> None:
        with pytest.raises(MalformedMessage):
            parse_revocation_list(octets)

    def test_revoked_certificates_that_are_written_though_empty_are_none(self) -> None:
        read = parse_revocation_list(list_der(revoked=b"\x30\x00"))
        assert (tuple(read.revoked), read.is_usable) == ((), True)

    def test_version_1_has_entries_and_no_extensions(self) -> None:
        read = parse_revocation_list(list_der(entry_der(der.integer(5)), version=b""))
        assert (tuple(read.revoked), read.crl_number) == ((5,), None)

    def test_extensions_are_read(self) -> None:
        freshest = x509.FreshestCRL([point("http://example.test/delta")])
        octets = crl(authority_holder(), number=7, base=3, extensions=[scope(users=True), freshest])
        read = parse_revocation_list(octets)
        assert (read.crl_number, read.base_crl_number, read.is_indirect, read.is_usable) == (7, 3, False, True)
        assert read.issuing_point is not None
        assert read.issuing_point.only_user_certificates
        assert find_urls(read.freshest) == ("http://example.test/delta",)

    def test_the_key_identifier_is_told_from_an_issuer_and_serial_number(self) -> None:
        for identifier, expected in ((b"own", b"own"), (None, None)):
            names = [x509.DirectoryName(authority_holder().x509.subject)] if identifier is None else None
            own = x509.AuthorityKeyIdentifier(identifier, names, 5 if names else None)
            assert parse_revocation_list(crl(authority_holder(), extensions=[own])).key_identifier == expected

    def test_a_list_that_keeps_expired_certificates_says_since_when(self) -> None:
        own = extension_der("2.5.29.60", GENERALIZED)
        read = parse_revocation_list(list_der(extensions=der.explicit(0, der.sequence(own))))
        assert read.expired_since == NOW - datetime.timedelta(days=1)

    @pytest.mark.parametrize(
        "point_der",
        [
            b"\x30\x00",
            der.sequence(b"\x81\x01\xff", b"\x82\x01\xff"),
            der.sequence(b"\x82\x01\xff", b"\x81\x01\x00"),
            der.sequence(b"\x81\x01\x01"),
            der.sequence(b"\x86\x01\xff"),
            der.sequence(der.element(0xA0, b"\xa0\x00")),
        ],
    )
    def test_a_damaged_scope_makes_a_list_useless_and_still_readable(self, point_der: bytes) -> None:
        own = extension_der("2.5.29.28", point_der, critical=True)
        read = parse_revocation_list(list_der(extensions=der.explicit(0, der.sequence(own))))
        assert not read.is_usable

    def test_a_list_is_bounded(self) -> None:
        with pytest.raises(LimitExceeded):
            parse_revocation_list(bytes(MAX_WHOLE_BYTES + 1))
