"""Timestamps (RFC 3161, RFC 5816): the request, the answers to it, and the conditions under which a token holds."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from smime_core import Certificate, Identity, TrustStore
from smime_core.algorithms import HashName, build_hash_identifier
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.signed_attributes import build_signing_certificate
from smime_core.cms.signed_content import OctetsContent
from smime_core.errors import (
    AlgorithmForbidden,
    CertificateExpired,
    LimitExceeded,
    MalformedMessage,
    MessageDigestMismatch,
    PathError,
    SignatureMismatch,
    TimestampMismatch,
    TimestampRefused,
    UnsupportedAlgorithm,
    UntrustedAnchor,
    VerificationError,
)
from smime_core.limits import MAX_TIMESTAMP_BYTES
from smime_core.pkix import PathRules
from smime_core.policy import Policy
from smime_core.timestamp import (
    MessageImprint,
    Timestamp,
    TimestampRequest,
    TstInfo,
    build_timestamp_request,
    check_answer,
    new_timestamp_request,
    parse_timestamp_response,
    parse_timestamp_token,
    parse_tst_info,
    verify_timestamp,
)
from tests.support.people import NOW, PROVIDER, anchor, authority, person
from tests.support.signed_structures import signer_info
from tests.support.timestamp_service import (
    ECDSA,
    POLICY,
    TIMESTAMPING,
    TRUE,
    YEAR,
    clock_trust,
    make_token,
    response,
    root,
    service,
    token_attributes,
    token_der,
    tst_info,
)

DATA = b"what existed"
INFO = tst_info(DATA)
SIGNED = signer_info(token_attributes(INFO, service()), identity=service(), algorithm=ECDSA)
LATER = NOW + datetime.timedelta(days=30)


def verify(
    token: bytes,
    data: bytes = DATA,
    *,
    trust_store: TrustStore | None = None,
    at: datetime.datetime = LATER,
    known: tuple[Certificate, ...] = (),
    policy: Policy = Policy.RECEIVE,
) -> Timestamp:
    return run(
        verify_timestamp(
            parse_timestamp_token(token),
            OctetsContent(data, provider=PROVIDER),
            PathRules(trust_store or clock_trust(), at, known=known, policy=policy),
            PROVIDER,
        )
    )


def info(*further: bytes, gen_time: bytes = b"20260601120000Z") -> TstInfo:
    return parse_tst_info(tst_info(DATA, gen_time=gen_time, further=further))


def accuracy(*fields: bytes) -> bytes:
    return der.sequence(*fields)


# The fields of a token.


def test_reads_every_field_of_tst_info() -> None:
    directory_name = der.element(0xA4, root().certificate.subject_der)
    fields = info(
        accuracy(der.integer(1), der.element(0x80, b"\x02"), der.element(0x81, b"\x03")),
        TRUE,
        der.integer(99),
        der.explicit(0, directory_name),
        der.element(0xA1, der.sequence(der.oid("1.2.3"), der.octet_string(b""))),
        gen_time=b"20260601120000.25Z",
    )
    assert fields.tsa_policy == POLICY
    assert fields.imprint == MessageImprint(hash_name=HashName.SHA256, digest=hashlib.sha256(DATA).digest())
    assert (fields.serial_number, fields.nonce, fields.ordering) == (7, 99, True)
    assert fields.gen_time == NOW + datetime.timedelta(microseconds=250_000)
    assert fields.accuracy == datetime.timedelta(seconds=1, milliseconds=2, microseconds=3)
    assert fields.latest == fields.gen_time + fields.accuracy
    assert fields.tsa is not None
    assert fields.tsa.encoded == directory_name


def test_absent_fields_get_no_value() -> None:
    fields = info()
    assert (fields.accuracy, fields.nonce, fields.tsa, fields.ordering) == (None, None, None, False)
    assert fields.latest == fields.gen_time == NOW


def test_a_serial_number_of_160_bits_is_read() -> None:
    number = 2**160 - 1
    assert parse_tst_info(tst_info(DATA, serial_number=der.integer(number))).serial_number == number


def test_digits_below_a_microsecond_are_cut_off() -> None:
    assert info(gen_time=b"20260601120000.1234567Z").gen_time.microsecond == 123_456


@pytest.mark.parametrize(
    "gen_time",
    [
        b"202606011200Z",
        b"20260601120000",
        b"20260601120000+0000",
        b"20260601120000.Z",
        b"20260601120000.0Z",
        b"20260601120000.10Z",
        b"20260601120000,1Z",
        b"20260601240000Z",
        b"20260231120000Z",
        b"99991231235959Z",
        b"20260601120000.1234567890123Z",
    ],
)
def test_refuses_a_time_that_is_not_der(gen_time: bytes) -> None:
    with pytest.raises(MalformedMessage):
        info(gen_time=gen_time)


@pytest.mark.parametrize(
    "fields",
    [
        (der.integer(-1),),
        (der.element(0x80, b"\x00"),),
        (der.element(0x80, b"\x03\xe8"),),
        (der.element(0x81, b"\x03\xe8"),),
        (der.element(0x81, b"\x01"), der.element(0x80, b"\x01")),
        (der.integer(1), der.integer(1)),
        (der.element(0x82, b"\x01"),),
        (der.element(der.INTEGER, b"\x00\x01"),),
    ],
)
def test_refuses_a_damaged_accuracy(fields: tuple[bytes, ...]) -> None:
    with pytest.raises(MalformedMessage):
        info(accuracy(*fields))


def test_refuses_an_accuracy_that_would_prove_any_time() -> None:
    info(accuracy(der.integer(86_400)))
    with pytest.raises(LimitExceeded):
        info(accuracy(der.integer(86_401)))


@pytest.mark.parametrize(
    "octets",
    [
        tst_info(DATA, version=der.integer(2)),
        tst_info(DATA, version=der.element(der.INTEGER, b"\x00\x01")),
        tst_info(DATA, further=(b"\x01\x01\x00",)),
        tst_info(DATA, further=(b"\x01\x01\x01",)),
        tst_info(DATA, further=(der.integer(1), TRUE)),
        tst_info(DATA, further=(der.integer(1), der.integer(1))),
        tst_info(DATA, further=(der.octet_string(b""),)),
        tst_info(DATA) + b"\0",
        b"\x30\x80" + tst_info(DATA)[2:] + b"\0\0",
        der.sequence(der.integer(1), der.oid(POLICY)),
    ],
)
def test_refuses_what_is_not_der(octets: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_tst_info(octets)


def test_refuses_a_digest_that_is_not_as_long_as_its_hash() -> None:
    imprint = der.sequence(build_hash_identifier(HashName.SHA256), der.octet_string(bytes(20)))
    with pytest.raises(MalformedMessage, match="20 bytes, expected 32"):
        parse_tst_info(tst_info(imprint=imprint))
    unknown = der.sequence(der.sequence(der.oid("1.2.3.4")), der.octet_string(bytes(32)))
    with pytest.raises(UnsupportedAlgorithm):
        parse_tst_info(tst_info(imprint=unknown))


def test_refuses_a_critical_extension_and_reads_past_another() -> None:
    other = der.sequence(der.oid("1.2.3"), der.octet_string(b""))
    critical = der.sequence(der.oid("1.2.3"), TRUE, der.octet_string(b""))
    info(der.element(0xA1, other))
    with pytest.raises(MalformedMessage, match="critical"):
        info(der.element(0xA1, critical))


# The request and the response.


def test_a_request_says_what_it_asks_for() -> None:
    request = run(new_timestamp_request(OctetsContent(DATA, provider=PROVIDER), provider=PROVIDER, tsa_policy=POLICY))
    assert request.nonce is not None
    assert build_timestamp_request(request) == der.sequence(
        der.integer(1),
        der.sequence(build_hash_identifier(HashName.SHA256), der.octet_string(hashlib.sha256(DATA).digest())),
        der.oid(POLICY),
        der.integer(request.nonce),
        TRUE,
    )


def test_two_requests_have_different_nonces() -> None:
    first, second = (
        run(new_timestamp_request(OctetsContent(DATA, provider=PROVIDER), provider=PROVIDER)) for _ in range(2)
    )
    assert first.nonce != second.nonce


def test_a_bare_request_leaves_out_what_it_does_not_ask_for() -> None:
    imprint = MessageImprint(hash_name=HashName.SHA256, digest=bytes(32))
    octets = build_timestamp_request(TimestampRequest(imprint=imprint, wants_certificate=False))
    assert len(der.read_sequence(octets)) == 2


@pytest.mark.parametrize("status", [0, 1])
def test_reads_the_token_of_an_answer(status: int) -> None:
    assert parse_timestamp_response(response(status, make_token(DATA))).info.serial_number == 7


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6, -1])
def test_an_answer_of_another_status_has_no_token_whatever_follows(status: int) -> None:
    with pytest.raises(TimestampRefused):
        parse_timestamp_response(response(status, make_token(DATA)))


def test_a_refusal_is_told_in_words() -> None:
    details = der.sequence(der.element(0x0C, "zu müde".encode())) + der.element(0x03, b"\x00\x80\x00\x41")
    words = '"zu müde", it does not take this hash, the additional information is not available, unknown failure 23'
    with pytest.raises(TimestampRefused, match=words):
        parse_timestamp_response(response(2, details=details))


def test_refuses_an_answer_that_grants_nothing() -> None:
    with pytest.raises(MalformedMessage, match="no token"):
        parse_timestamp_response(response(0))
    with pytest.raises(MalformedMessage):
        parse_timestamp_response(response(0, make_token(DATA)) + b"\0")


def test_refuses_an_answer_that_is_too_large() -> None:
    with pytest.raises(LimitExceeded):
        parse_timestamp_response(bytes(MAX_TIMESTAMP_BYTES + 1))
    with pytest.raises(LimitExceeded):
        parse_timestamp_token(bytes(MAX_TIMESTAMP_BYTES + 1))


def test_an_answer_must_be_to_this_request() -> None:
    nonce, other_nonce = (der.integer(5),), (der.integer(6),)
    imprint = MessageImprint(hash_name=HashName.SHA256, digest=hashlib.sha256(DATA).digest())
    request = TimestampRequest(imprint=imprint, nonce=5, tsa_policy=POLICY)
    check_answer(parse_timestamp_token(token_der(tst_info(DATA, further=nonce))), request)
    for answer in (
        tst_info(b"other", further=nonce),
        tst_info(DATA, further=other_nonce),
        tst_info(DATA),
        tst_info(DATA, further=nonce, tsa_policy=der.oid("1.2.3")),
    ):
        with pytest.raises(TimestampMismatch):
            check_answer(parse_timestamp_token(token_der(answer)), request)


# The conditions under which a timestamp holds.


def test_a_timestamp_holds() -> None:
    timestamp = verify(make_token(DATA))
    assert timestamp.time == NOW
    assert timestamp.certificate == service().certificate
    assert timestamp.tsa_policy == POLICY
    assert timestamp.trail.certificates[-1] == root().certificate


def test_refuses_other_octets() -> None:
    with pytest.raises(TimestampMismatch, match="something else"):
        verify(make_token(DATA), b"something else")


def test_refuses_a_weak_imprint_but_for_old_mail() -> None:
    digest = hashlib.sha1(DATA, usedforsecurity=False).digest()
    imprint = der.sequence(build_hash_identifier(HashName.SHA1), der.octet_string(digest))
    weak = token_der(tst_info(imprint=imprint))
    with pytest.raises(AlgorithmForbidden):
        verify(weak)
    assert verify(weak, policy=Policy.ARCHIVE).time == NOW


def test_refuses_a_signature_that_does_not_hold() -> None:
    forged = signer_info(token_attributes(INFO, service()), identity=service(), algorithm=ECDSA, signed=b"else")
    with pytest.raises(SignatureMismatch):
        verify(token_der(INFO, infos=(forged,)))


def test_refuses_info_that_was_changed_after_it_was_signed() -> None:
    attributes = token_attributes(tst_info(DATA, gen_time=b"20200601120000Z"), service())
    with pytest.raises(MessageDigestMismatch):
        verify(token_der(INFO, attributes=attributes))


def test_refuses_a_token_whose_signer_names_no_certificate() -> None:
    with pytest.raises(MalformedMessage, match="names no certificate"):
        verify(token_der(INFO, attributes=token_attributes(INFO, service())[:2]))


def test_refuses_a_token_whose_signer_names_another_certificate() -> None:
    attributes = [*token_attributes(INFO, service())[:2], build_signing_certificate(root().certificate)]
    with pytest.raises(SignatureMismatch, match="another certificate"):
        verify(token_der(INFO, attributes=attributes))


def test_a_certificate_may_stand_beside_the_token_and_must_stand_somewhere() -> None:
    bare = token_der(INFO, certificates=())
    with pytest.raises(VerificationError, match="is not here"):
        verify(bare)
    assert verify(bare, known=(service().certificate,)).time == NOW


@pytest.mark.parametrize(
    "wrong",
    [
        service("No usage", usage=()),
        service("Not critical", critical=False),
        service("Mail too", usage=(*TIMESTAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION)),
        service("Mail", usage=(ExtendedKeyUsageOID.EMAIL_PROTECTION,)),
        service("Anything", usage=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
    ],
    ids=lambda identity: str(identity.friendly_name),
)
def test_refuses_a_certificate_that_is_not_for_timestamps_alone(wrong: Identity) -> None:
    with pytest.raises(PathError, match="not only for timestamps"):
        verify(make_token(DATA, by=wrong))


def test_refuses_the_certificate_of_a_ca_without_the_usage() -> None:
    with pytest.raises(PathError, match="not only for timestamps"):
        verify(make_token(DATA, by=root()))


def test_an_anchor_for_people_does_not_vouch_for_clocks() -> None:
    with pytest.raises(UntrustedAnchor):
        verify(make_token(DATA), trust_store=clock_trust(anchor()))


def test_refuses_a_time_in_the_future() -> None:
    with pytest.raises(TimestampMismatch, match="later than the time of this check"):
        verify(make_token(DATA), at=NOW - datetime.timedelta(days=2))
    # The service's clock, or ours, may be wrong by hours.
    assert verify(make_token(DATA), at=NOW - datetime.timedelta(hours=2)).time == NOW


def test_refuses_a_time_before_the_certificate_was_valid() -> None:
    with pytest.raises(CertificateExpired, match="not valid before"):
        verify(make_token(DATA, gen_time=NOW - 2 * YEAR))


def test_a_timestamp_counts_as_long_as_its_certificate() -> None:
    short = service("Short", not_after=NOW + YEAR)
    stamped = make_token(DATA, by=short)
    assert verify(stamped, at=NOW + YEAR / 2).time == NOW
    with pytest.raises(CertificateExpired):
        verify(stamped, at=NOW + 2 * YEAR)


def test_the_name_in_the_token_is_the_one_in_the_certificate() -> None:
    def named(name: Certificate) -> bytes:
        return token_der(tst_info(DATA, further=(der.explicit(0, der.element(0xA4, name.subject_der)),)))

    assert verify(named(service().certificate)).time == NOW
    with pytest.raises(TimestampMismatch, match="names another service"):
        verify(named(root().certificate))


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (token_der(INFO, infos=()), "0 signers"),
        (
            token_der(INFO, infos=(SIGNED, SIGNED)),
            "2 signers",
        ),
        (token_der(INFO, content_type=ID_DATA), "content of type"),
        (token_der(INFO, detached=True), "detached"),
        (make_token(DATA) + b"\0", "follow the structure"),
        (der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(INFO))), "no SignedData"),
    ],
)
def test_refuses_what_is_no_token(octets: bytes, text: str) -> None:
    with pytest.raises(MalformedMessage, match=text):
        parse_timestamp_token(octets)


def test_refuses_a_signature_over_mail_as_a_token() -> None:
    """A signature of mail content that looks like a TSTInfo is no timestamp, even by the service's own key."""
    attributes = [
        build_attribute(CONTENT_TYPE, der.oid(ID_DATA)),
        build_attribute(MESSAGE_DIGEST, der.octet_string(hashlib.sha256(INFO).digest())),
        build_signing_certificate(service().certificate),
    ]
    with pytest.raises(VerificationError, match="presented as"):
        verify(token_der(INFO, attributes=attributes))


def test_refuses_a_token_by_somebody_who_signs_mail() -> None:
    alice = person("alice")
    signed = signer_info(token_attributes(INFO, alice), identity=alice)
    octets = token_der(INFO, infos=(signed,), certificates=(alice.certificate,))
    with pytest.raises(PathError):
        verify(octets, trust_store=clock_trust(authority().identity.certificate))
