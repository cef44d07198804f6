"""The structures of OCSP requests and responses: another implementation's, ours read by it, and damaged ones."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from smime_core.algorithms import HashName
from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError
from smime_core.limits import MAX_OCSP_RESPONSE_BYTES, MAX_OCSP_SINGLE_RESPONSES
from smime_core.x509.ocsp import (
    CertificateStatus,
    build_ocsp_request,
    parse_ocsp_response,
)
from tests.support.people import NOW
from tests.support.revocations import (
    DAY,
    HOUR,
    authority,
    delegate,
    extension_der,
    leaf,
    response,
    revoked,
    single,
    wrap_response,
)

NONCE = bytes(range(32))
NONCE_OID = "1.3.6.1.5.5.7.48.1.2"


@pytest.mark.parametrize(("hash_name", "theirs"), [(HashName.SHA1, hashes.SHA1), (HashName.SHA256, hashes.SHA256)])
def test_a_request_names_the_certificate_as_others_do(hash_name: HashName, theirs: type[hashes.HashAlgorithm]) -> None:
    certificate, issuer = leaf(), authority()
    request_der = build_ocsp_request(certificate.certificate, issuer.certificate, nonce=NONCE, hash_name=hash_name)
    request = ocsp.load_der_ocsp_request(request_der)
    assert request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE
    expected = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate.x509, issuer.x509, theirs())
        .add_extension(x509.OCSPNonce(NONCE), critical=False)
        .build()
        .public_bytes(serialization.Encoding.DER)
    )
    assert request_der == expected


def test_a_request_without_a_nonce_has_no_extensions() -> None:
    request = ocsp.load_der_ocsp_request(build_ocsp_request(leaf().certificate, authority().certificate, nonce=None))
    assert list(request.extensions) == []


def test_a_response_is_read_in_full() -> None:
    responder = delegate(authority())
    read = parse_ocsp_response(
        response(
            responder, single(), single(revoked(NOW - 2 * DAY, 4), next_update=None), certificates=[responder],
            extensions=[extension_der(NONCE_OID, der.octet_string(NONCE))],
        )
    )  # fmt: skip
    good, bad = read.responses
    assert read.responder_name_der == responder.certificate.subject_der
    assert (read.responder_key_hash, read.nonce, read.produced_at) == (None, NONCE, NOW - HOUR)
    assert read.certificates == (responder.certificate,)
    assert (good.status, good.revoked_at, good.next_update) == (CertificateStatus.GOOD, None, NOW + DAY)
    assert (bad.status, bad.revoked_at, bad.reason) == (CertificateStatus.REVOKED, NOW - 2 * DAY, "superseded")
    assert bad.next_update is None


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (ocsp.OCSPResponseStatus.TRY_LATER, "try later"),
        (ocsp.OCSPResponseStatus.UNAUTHORIZED, "not responsible"),
        (ocsp.OCSPResponseStatus.SIG_REQUIRED, "signed questions"),
    ],
)
def test_a_refusal_says_why(status: ocsp.OCSPResponseStatus, text: str) -> None:
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)
    with pytest.raises(SmimeError, match=text):
        parse_ocsp_response(refusal)


def test_a_certificate_that_cannot_be_read_hides_nothing() -> None:
    carried = delegate(authority())
    whole = response(carried, certificates=[carried])
    octets = whole.replace(
        carried.x509.tbs_certificate_bytes[:8], b"\x04\x82" + carried.x509.tbs_certificate_bytes[2:8]
    )
    assert parse_ocsp_response(octets).certificates == ()


def basic_fields() -> list[bytes]:
    whole = der.read_sequence(response(authority()))
    basic = der.read_sequence(der.read_sequence(whole[1].content)[1].content)
    return [bytes(field.encoded) for field in basic]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30\x00",
        der.sequence(der.element(0x0A, b"\0")),
        der.sequence(der.element(0x0A, b"\4")),
        der.sequence(der.element(0x0A, b"\x63")),
        response(authority()) + b"\0",
        wrap_response(b"\x30\x00"),
        wrap_response(der.sequence(*basic_fields()[:2])),
        wrap_response(der.sequence(*basic_fields()[:2], der.octet_string(b"\0" * 64))),
        wrap_response(der.sequence(*basic_fields()[:2], der.element(0x03, b"\3" + b"\0" * 64))),
        wrap_response(der.sequence(*basic_fields(), der.explicit(1, b""))),
    ],
)
def test_a_damaged_response_is_refused(octets: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_ocsp_response(octets)


DATA = [bytes(field.encoded) for field in der.read_children(der.read_one(basic_fields()[0]))]
ONE = [bytes(field.encoded) for field in der.read_children(der.read_one(single()))]
ID = [bytes(field.encoded) for field in der.read_children(der.read_one(ONE[0]))]


def with_data(*fields: bytes, tag: int = der.SEQUENCE) -> bytes:
    """A response whose ResponseData has these fields: responderID, producedAt, responses."""
    return wrap_response(der.sequence(der.element(tag, *fields), *basic_fields()[1:]))


def with_single(*fields: bytes, tag: int = der.SEQUENCE) -> bytes:
    """A response whose one SingleResponse has these fields: certID, certStatus, thisUpdate, and optional ones."""
    return with_data(*DATA[:2], der.sequence(der.element(tag, *fields)))


def test_the_default_version_may_be_written_out() -> None:
    assert len(parse_ocsp_response(with_data(der.explicit(0, der.integer(0)), *DATA)).responses) == 1
    assert len(parse_ocsp_response(with_single(*ONE)).responses) == 1


@pytest.mark.parametrize(
    "octets",
    [
        with_data(der.explicit(0, der.integer(1)), *DATA),
        with_data(*DATA[:2]),
        with_data(*DATA, der.explicit(1, b"\x30\x00"), b"\x05\x00"),
        with_data(*DATA, der.explicit(2, b"\x30\x00")),
        with_data(*DATA, tag=der.SET),
        with_data(der.explicit(3, b"\x04\x00"), *DATA[1:]),
        with_data(der.explicit(2, b"\x02\x01\x00"), *DATA[1:]),
        with_data(*DATA[:2], der.element(der.SET, single())),
        with_single(*ONE[:2]),
        with_single(*ONE, tag=der.SET),
        with_single(*ONE, ONE[3]),
        with_single(*ONE, der.explicit(2, b"\x30\x00")),
        with_single(*ONE[:3], der.explicit(1, b"\x30\x00"), ONE[3]),
        with_single(ONE[0], der.element(0x83), ONE[2]),
        with_single(ONE[0], der.element(0xA1), ONE[2]),
        with_single(ONE[0], der.element(0xA3, *[ONE[2]]), ONE[2]),
        with_single(ONE[0], der.element(0xA1, ONE[2], der.explicit(0, b"\x0a\x01\x01"), b"\x05\x00"), ONE[2]),
        with_single(ONE[0], der.element(0xA1, ONE[2], der.explicit(1, b"\x0a\x01\x01")), ONE[2]),
        with_single(ONE[0], der.element(0xA1, ONE[2], der.explicit(0, b"\x02\x01\x01")), ONE[2]),
        with_single(der.sequence(*ID[:3]), *ONE[1:]),
        with_single(der.element(der.SET, *ID), *ONE[1:]),
        with_single(der.sequence(ID[0], b"\x02\x01\x01", *ID[2:]), *ONE[1:]),
        with_single(der.sequence(*ID[:2], b"\x02\x01\x01", ID[3]), *ONE[1:]),
        der.sequence(b"\x02\x01\x00", der.read_sequence(response(authority()))[1].encoded),
        der.sequence(b"\x0a\x02\x00\x00", der.read_sequence(response(authority()))[1].encoded),
        der.sequence(b"\x0a\x01\x00", der.explicit(1, der.read_sequence(response(authority()))[1].content)),
        der.sequence(b"\x0a\x01\x00", der.explicit(0, der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1")))),
        der.sequence(
            b"\x0a\x01\x00",
            der.explicit(0, der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.element(0x24, b"\x04\x00"))),
        ),
        wrap_response(der.sequence(*basic_fields(), der.explicit(2, b"\x30\x00"))),
    ],
)
def test_each_field_is_where_it_belongs(octets: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_ocsp_response(octets)


def test_another_type_of_response_is_refused() -> None:
    octets = response(authority()).replace(der.oid("1.3.6.1.5.5.7.48.1.1"), der.oid("1.3.6.1.5.5.7.48.1.3"))
    with pytest.raises(MalformedMessage, match="basic"):
        parse_ocsp_response(octets)


def test_a_response_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        parse_ocsp_response(b"\x30" * (MAX_OCSP_RESPONSE_BYTES + 1))
    with pytest.raises(LimitExceeded):
        parse_ocsp_response(response(authority(), *([single()] * (MAX_OCSP_SINGLE_RESPONSES + 1))))
    with pytest.raises(LimitExceeded):
        parse_ocsp_response(response(authority(), certificates=[leaf()] * 11))
