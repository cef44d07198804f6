"""Lasting signatures: their timestamps, the data to validate them, and the time at which they are proved to exist."""

from __future__ import annotations

import datetime
import hashlib

import pytest

from smime_core import TrustStore
from smime_core.algorithms import HashName, build_hash_identifier
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cades import (
    CadesLevel,
    LongTermValues,
    add_signature_timestamp,
    add_validation_data,
    cades_level,
    find_long_term_values,
    judge_timestamps,
    proved_time,
    signature_value,
    timestamp_when_signed,
)
from smime_core.cms.attributes import (
    ARCHIVE_TIME_STAMP_V3,
    CERTIFICATE_VALUES,
    REVOCATION_VALUES,
    SIGNATURE_TIME_STAMP,
    build_attribute,
)
from smime_core.cms.content_info import parse_content_info
from smime_core.cms.signed_data import read_signed_data_fields
from smime_core.cms.signed_data_editing import add_unsigned_attribute
from smime_core.cms.signer_info import SignerInfo, parse_signer_info
from smime_core.cms.signing import AttributesForm, SignerOptions
from smime_core.errors import (
    AlgorithmForbidden,
    LimitExceeded,
    MalformedMessage,
    SmimeError,
    TimestampMismatch,
    UntrustedAnchor,
)
from smime_core.limits import MAX_TIMESTAMPS
from smime_core.pkix import PathRules
from smime_core.timestamp import Timestamp, parse_timestamp_token
from tests.support.people import NOW, PROVIDER, build_revocation_list, person, trust
from tests.support.signed_structures import parse, signed_attrs, signer_info, signer_of, verify
from tests.support.timestamp_service import (
    YEAR,
    answer,
    clock_anchors,
    clock_trust,
    make_token,
    response,
    service,
    token,
    token_der,
    tst_info,
)
from tests.support.timestamped_signatures import sign, stamp

LATER = NOW + datetime.timedelta(days=30)


STORE = TrustStore(anchors=trust().anchors, revocation=trust().revocation, timestamp_anchors=clock_anchors())


def proved(cms: bytes, *, at: datetime.datetime = LATER, trust_store: TrustStore = STORE) -> Timestamp | None:
    return run(proved_time(signer_of(parse(cms)), PathRules(trust_store, at), PROVIDER))


def judged(cms: bytes, *, at: datetime.datetime = LATER) -> tuple[Timestamp | SmimeError, ...]:
    return run(judge_timestamps(signer_of(parse(cms)), PathRules(STORE, at), PROVIDER))


def members(cms: bytes) -> list[set[bytes]]:
    fields = read_signed_data_fields(parse_content_info(cms).content)
    return [
        {bytes(member.encoded) for member in each} for each in (fields.certificates, fields.crls, fields.signer_infos)
    ]


def with_unsigned(*attributes: bytes, signed: list[bytes] | None = None) -> SignerInfo:
    attributes_der = signed_attrs() if signed is None else signed
    return parse_signer_info(der.read_one(signer_info(attributes_der, unsigned=list(attributes))))


# Making lasting signatures.


def test_a_signature_gets_its_timestamp_while_it_is_made() -> None:
    options = SignerOptions(unsigned_attributes=timestamp_when_signed(answer, provider=PROVIDER))
    cms = sign(person("alice"), person("bob"), options=options)
    for number in (0, 1):
        verify(cms, number=number)
        (attribute,) = signer_of(parse(cms), number).unsigned_attributes[SIGNATURE_TIME_STAMP]
        assert parse_timestamp_token(attribute).info.gen_time == NOW
    assert proved(cms) is not None


def test_a_signature_without_attributes_can_have_one_too() -> None:
    timestamper = timestamp_when_signed(answer, provider=PROVIDER)
    cms = sign(options=SignerOptions(attributes=AttributesForm.NONE, unsigned_attributes=timestamper))
    assert proved(cms) is not None


def test_refuses_an_answer_to_another_request() -> None:
    async def replay(_: bytes) -> bytes:
        return response(0, make_token(b"another signature"))

    with pytest.raises(TimestampMismatch):
        sign(options=SignerOptions(unsigned_attributes=timestamp_when_signed(replay, provider=PROVIDER)))


def test_a_timestamp_that_is_added_leaves_every_signed_octet() -> None:
    cms = sign(person("alice"), person("bob"))
    stamped = stamp(cms, number=1)
    before, after = members(cms), members(stamped)
    assert before[:2] == after[:2]
    assert len(before[2] & after[2]) == 1
    verify(stamped)
    verify(stamped, number=1)


def test_a_second_timestamp_stands_beside_the_first() -> None:
    cms = stamp(stamp(sign()), gen_time=NOW + datetime.timedelta(days=1))
    assert len(signer_of(parse(cms)).unsigned_attributes[SIGNATURE_TIME_STAMP]) == 2


def test_refuses_to_add_a_timestamp_of_something_else() -> None:
    with pytest.raises(TimestampMismatch):
        run(add_signature_timestamp(sign(), token(b"something else"), provider=PROVIDER))


@pytest.mark.parametrize("number", [1, -1])
def test_refuses_to_add_a_timestamp_to_nobodys_signature(number: int) -> None:
    cms = sign()
    with pytest.raises(MalformedMessage, match="there is no signer"):
        signature_value(cms, number=number)
    with pytest.raises(MalformedMessage, match="there is no signer"):
        add_unsigned_attribute(cms, build_attribute(SIGNATURE_TIME_STAMP, make_token(b"")), number=number)


def test_validation_data_is_carried_once() -> None:
    crl, response = build_revocation_list(1), der.sequence(b"\x0a\x01\x00")
    cms = sign()
    for _ in range(2):
        cms = add_validation_data(cms, certificates=[service().certificate], crls=[crl], ocsp_responses=[response])
    certificates, crls, _ = members(cms)
    assert service().certificate.der in certificates
    assert crls == {crl, der.element(0xA1, der.oid("1.3.6.1.5.5.7.16.2"), response)}
    assert parse(cms).version == 5, "RFC 5652 section 5.1, for another format of revocation data"
    verify(cms)


# The CAdES levels.


def test_our_signature_has_level_b_b() -> None:
    signer = signer_of(parse(sign()))
    assert cades_level(signer, has_revocation_data=False) is CadesLevel.B
    assert cades_level(signer, has_revocation_data=True) is CadesLevel.B


def test_a_signature_that_names_no_certificate_or_time_has_no_level() -> None:
    assert cades_level(with_unsigned(), has_revocation_data=True) is None
    bare = signer_of(parse(sign(options=SignerOptions(attributes=AttributesForm.NONE))))
    assert cades_level(bare, has_revocation_data=True) is None


def test_levels_grow_with_what_is_added() -> None:
    cms = stamp(sign())
    assert cades_level(signer_of(parse(cms)), has_revocation_data=False) is CadesLevel.T
    assert cades_level(signer_of(parse(cms)), has_revocation_data=True) is CadesLevel.LT
    old = add_unsigned_attribute(cms, build_attribute(REVOCATION_VALUES, der.sequence()))
    assert cades_level(signer_of(parse(old)), has_revocation_data=False) is CadesLevel.LT
    archived = add_unsigned_attribute(cms, build_attribute(ARCHIVE_TIME_STAMP_V3, der.sequence()))
    assert cades_level(signer_of(parse(archived)), has_revocation_data=True) is CadesLevel.LTA
    assert cades_level(signer_of(parse(archived)), has_revocation_data=False) is CadesLevel.T


# Proofs of time.


def test_a_timestamp_proves_when_a_signature_existed() -> None:
    proof = proved(stamp(sign()))
    assert proof is not None
    assert (proof.time, proof.latest) == (NOW, NOW)


def test_without_a_timestamp_nothing_is_proved() -> None:
    assert proved(sign()) is None
    assert judged(sign()) == ()


def test_the_earliest_timestamp_that_holds_counts() -> None:
    day = datetime.timedelta(days=1)
    cms = stamp(stamp(sign(), gen_time=NOW + 2 * day), gen_time=NOW + day)
    proof = proved(cms)
    assert proof is not None
    assert proof.time == NOW + day


def test_no_more_paths_are_searched_than_it_takes() -> None:
    """The earliest timestamp that holds ends the search; later ones are not looked at."""
    cms = stamp(stamp(sign(), gen_time=NOW), gen_time=NOW + datetime.timedelta(days=1))
    (only,) = judged(cms)
    assert isinstance(only, Timestamp)
    assert only.time == NOW


def test_a_search_beyond_the_limits_is_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = []

    async def search(*_: object, **__: object) -> None:
        searches.append(1)
        raise LimitExceeded("path candidates", 2, 1)

    monkeypatch.setattr("smime_core.timestamp.verifying.validate_path", search)
    (why,) = judged(stamp(stamp(sign())))
    assert isinstance(why, LimitExceeded)
    assert len(searches) == 1


def test_a_timestamp_by_nobody_known_spoils_no_other() -> None:
    day = datetime.timedelta(days=1)
    cms = stamp(stamp(sign(), by=service("Stranger", under="Strangers")), gen_time=NOW + day)
    cms = add_unsigned_attribute(cms, build_attribute(SIGNATURE_TIME_STAMP, der.sequence()))
    proof = proved(cms)
    assert proof is not None
    assert proof.time == NOW + day
    kinds = [type(each) for each in judged(cms)]
    assert sorted(kind.__name__ for kind in kinds) == ["MalformedMessage", "Timestamp", "UntrustedAnchor"]


def test_a_timestamp_by_an_old_hash_proves_nothing() -> None:
    cms = sign()
    digest = hashlib.sha1(signature_value(cms), usedforsecurity=False).digest()
    imprint = der.sequence(build_hash_identifier(HashName.SHA1), der.octet_string(digest))
    weak = build_attribute(SIGNATURE_TIME_STAMP, token_der(tst_info(imprint=imprint)))
    (why,) = judged(add_unsigned_attribute(cms, weak))
    assert isinstance(why, AlgorithmForbidden)


def test_a_timestamp_on_another_signature_proves_nothing() -> None:
    elsewhere = build_attribute(SIGNATURE_TIME_STAMP, make_token(b"another signature"))
    (why,) = judged(add_unsigned_attribute(sign(), elsewhere))
    assert isinstance(why, TimestampMismatch)


def test_nobody_is_trusted_for_timestamps_unless_said_so() -> None:
    cms = stamp(sign())
    assert proved(cms, trust_store=trust()) is None
    # A store that trusts the service's root for signers of mail does not trust it for timestamps.
    assert proved(cms, trust_store=clock_trust()) is None
    (why,) = run(judge_timestamps(signer_of(parse(cms)), PathRules(trust(), LATER), PROVIDER))
    assert isinstance(why, UntrustedAnchor)


def test_a_timestamp_whose_authority_expired_proves_nothing_any_more() -> None:
    cms = stamp(sign(), by=service("Short", not_after=NOW + YEAR))
    assert proved(cms) is not None
    assert proved(cms, at=NOW + 2 * YEAR) is None


def test_more_timestamps_than_the_limit_are_not_looked_at() -> None:
    cms = sign()
    tokens = [der.sequence(der.integer(number)) for number in range(MAX_TIMESTAMPS + 1)]
    (why,) = judged(add_unsigned_attribute(cms, build_attribute(SIGNATURE_TIME_STAMP, *tokens)))
    assert isinstance(why, LimitExceeded)


def test_the_certificate_of_the_service_may_stand_in_the_message() -> None:
    cms = sign()
    info = tst_info(signature_value(cms))
    bare = add_unsigned_attribute(cms, build_attribute(SIGNATURE_TIME_STAMP, token_der(info, certificates=())))
    signer = signer_of(parse(bare))
    for known, holds in (((), False), ((service().certificate,), True)):
        proof = run(proved_time(signer, PathRules(STORE, LATER, known=known), PROVIDER))
        assert (proof is not None) is holds


# Attributes of older signatures.


def test_reads_certificates_and_revocation_data_of_old() -> None:
    alice, crl, basic = person("alice").certificate, build_revocation_list(1), der.sequence(der.integer(1))
    crl_values, ocsp_values = der.explicit(0, der.sequence(crl)), der.explicit(1, der.sequence(basic))
    signer = with_unsigned(
        build_attribute(CERTIFICATE_VALUES, der.sequence(alice.der, der.sequence(der.integer(1)))),
        build_attribute(REVOCATION_VALUES, der.sequence(crl_values, ocsp_values)),
    )
    wrapped = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octet_string(basic))
    assert find_long_term_values(signer) == LongTermValues(
        certificates=(alice,),
        crls=(crl,),
        ocsp_responses=(der.sequence(b"\x0a\x01\x00", der.explicit(0, wrapped)),),
    )
    assert find_long_term_values(with_unsigned()) == LongTermValues()


@pytest.mark.parametrize(
    "attribute",
    [
        build_attribute(REVOCATION_VALUES, der.sequence(), der.sequence()),
        build_attribute(REVOCATION_VALUES, der.integer(1)),
        build_attribute(REVOCATION_VALUES, der.sequence(der.explicit(1, der.sequence(der.integer(1))))),
        build_attribute(CERTIFICATE_VALUES, der.octet_string(b"")),
    ],
)
def test_refuses_damaged_values(attribute: bytes) -> None:
    with pytest.raises(MalformedMessage):
        find_long_term_values(with_unsigned(attribute))
