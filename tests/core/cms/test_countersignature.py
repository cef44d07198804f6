"""Countersignatures (MUSTS 41): the bytes they sign, the attributes they may have, and the limits on their number."""

from __future__ import annotations

import hashlib

import pytest

from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import CONTENT_TYPE, COUNTERSIGNATURE, MESSAGE_DIGEST, SIGNING_TIME, build_attribute
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.countersignature import Countersignature, find_countersignatures, verify_countersignature
from smime_core.cms.signed_data_editing import add_countersignature
from smime_core.cms.signer_info import SignerInfo, parse_signer_info
from smime_core.errors import (
    AlgorithmForbidden,
    LimitExceeded,
    MalformedMessage,
    MessageDigestMismatch,
    SignatureMismatch,
    SmimeError,
)
from smime_core.identity.identity import Identity
from smime_core.limits import MAX_COUNTERSIGNATURE_DEPTH, MAX_COUNTERSIGNATURES
from smime_core.policy import Policy
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, person
from tests.support.signed_structures import (
    DIGEST,
    parse,
    signed_attrs,
    signed_data,
    signer_info,
    signer_of,
    verify,
)

BASE = signer_info(signed_attrs())
SIGNATURE = parse_signer_info(der.read_one(BASE)).signature


def countersign(cms: bytes, identity: Identity, path: tuple[int, ...] = (0,)) -> bytes:
    return run(add_countersignature(cms, identity, signing_time=NOW, provider=PROVIDER, path=path))


def check(found: Countersignature, identity: Identity, policy: Policy = Policy.RECEIVE) -> SignatureAlgorithm:
    return run(verify_countersignature(found, certificate=identity.certificate, provider=PROVIDER, policy=policy))


def over_signature(*more: bytes, digest: bytes | None = None) -> list[bytes]:
    octets = hashlib.sha256(SIGNATURE).digest() if digest is None else digest
    return [build_attribute(MESSAGE_DIGEST, der.octet_string(octets)), *more]


def with_countersignatures(*countersignatures: bytes) -> Countersignature:
    """The first of these countersignatures, read from a message of alice that carries all of them."""
    unsigned = [build_attribute(COUNTERSIGNATURE, *countersignatures)]
    return find_countersignatures(signer_of(parse(signed_data(signer_info(signed_attrs(), unsigned=unsigned)))))[0]


def by_bob(attributes: list[bytes] | None, signed: bytes | None = None) -> bytes:
    return signer_info(attributes, identity=person("bob"), signed=signed)


@pytest.mark.parametrize("key", [NewKey.RSA_2048, NewKey.P256])
def test_must_41_a_countersignature_that_was_built_holds(key: NewKey) -> None:
    carol = person("carol", key)
    cms = countersign(signed_data(BASE), carol)
    (countersignature,) = find_countersignatures(signer_of(parse(cms)))
    check(countersignature, carol)
    assert countersignature.countersigned.signature == SIGNATURE
    assert carol.certificate in parse(cms).certificates
    verify(cms)


def test_must_41_a_built_countersignature_has_no_content_type() -> None:
    (countersignature,) = find_countersignatures(signer_of(parse(countersign(signed_data(BASE), person("bob")))))
    assert not isinstance(countersignature.signer, SmimeError)
    assert CONTENT_TYPE not in countersignature.signer.attributes
    assert countersignature.signer.signing_time == NOW


def test_must_41_several_countersignatures_stand_beside_each_other_and_on_each_other() -> None:
    cms = countersign(signed_data(BASE), person("bob"))
    cms = countersign(cms, person("carol"))
    first = find_countersignatures(signer_of(parse(cms)))[0].signer
    assert isinstance(first, SignerInfo)
    others = [someone for someone in (person("bob"), person("carol")) if not first.sid.matches(someone.certificate)]
    cms = countersign(cms, others[0], path=(0, 0))
    countersignatures = find_countersignatures(signer_of(parse(cms)))
    assert sorted(len(each.path) for each in countersignatures) == [1, 1, 2]
    for each in countersignatures:
        assert not isinstance(each.signer, SmimeError)
        signer = next(p for p in (person("bob"), person("carol")) if each.signer.sid.matches(p.certificate))
        check(each, signer)
    verify(cms)


def test_a_countersignature_leaves_every_other_octet_as_it_stands() -> None:
    other = signer_info(signed_attrs(), identity=person("bob"))
    cms = countersign(signed_data(BASE, other), person("carol"), path=(0,))
    assert other in cms or BASE in cms
    assert BASE[4:] in cms, "the fields of the countersigned signer are the same"


@pytest.mark.parametrize("path", [(), (1,), (-1,), (0, 0)])
def test_refuses_to_countersign_what_is_not_there(path: tuple[int, ...]) -> None:
    with pytest.raises(MalformedMessage, match="there is no"):
        countersign(signed_data(BASE), person("bob"), path=path)


def test_must_41_accepts_one_without_attributes() -> None:
    check(with_countersignatures(by_bob(None, signed=SIGNATURE)), person("bob"))


def test_must_41_its_digest_is_over_the_octets_of_the_signature_not_over_their_encoding() -> None:
    whole = hashlib.sha256(der.octet_string(SIGNATURE)).digest()
    with pytest.raises(MessageDigestMismatch):
        check(with_countersignatures(by_bob(over_signature(digest=whole))), person("bob"))


def test_must_41_refuses_one_on_another_signature() -> None:
    elsewhere = hashlib.sha256(b"another signature").digest()
    with pytest.raises(MessageDigestMismatch):
        check(with_countersignatures(by_bob(over_signature(digest=elsewhere))), person("bob"))
    with pytest.raises(SignatureMismatch):
        check(with_countersignatures(by_bob(None, signed=b"another signature")), person("bob"))


def test_must_41_refuses_one_whose_signature_does_not_hold() -> None:
    with pytest.raises(SignatureMismatch):
        check(with_countersignatures(by_bob(over_signature(), signed=b"something else")), person("bob"))


def test_must_41_refuses_a_content_type_attribute() -> None:
    """Otherwise a signed message whose content is the bytes of this signature would pass as a countersignature."""
    as_message = over_signature(build_attribute(CONTENT_TYPE, der.oid(ID_DATA)))
    with pytest.raises(MalformedMessage, match="content-type"):
        check(with_countersignatures(by_bob(as_message)), person("bob"))


def test_must_41_demands_message_digest_where_there_are_other_attributes() -> None:
    time = build_attribute(SIGNING_TIME, der.element(0x17, b"260601120000Z"))
    with pytest.raises(MalformedMessage, match="message-digest"):
        check(with_countersignatures(by_bob([time])), person("bob"))


def test_must_41_the_rules_of_attributes_count_in_it_too() -> None:
    """RFC 2634 section 1.3.4 allows signingTime in a countersignature once, as a signed attribute."""
    time = build_attribute(SIGNING_TIME, der.element(0x17, b"260601120000Z"))
    check(with_countersignatures(by_bob(over_signature(time))), person("bob"))
    unsigned = signer_info(over_signature(), identity=person("bob"), unsigned=[time])
    with pytest.raises(MalformedMessage, match="signing-time is not signed"):
        check(with_countersignatures(unsigned), person("bob"))


def test_must_41_refuses_a_signed_countersignature_attribute() -> None:
    inside = build_attribute(COUNTERSIGNATURE, by_bob(over_signature()))
    with pytest.raises(MalformedMessage, match="countersignature"):
        verify(signed_data(signer_info(signed_attrs(DIGEST, inside))))


def test_must_5_refuses_signed_attributes_presented_as_the_countersigned_signature() -> None:
    attributes = der.set_of(signed_attrs())
    stripped = signer_info(None, identity=person("bob"), signed=attributes)
    outer = der.read_children(der.read_one(BASE))
    unsigned = der.set_of([build_attribute(COUNTERSIGNATURE, stripped)], tag=0xA1)
    bogus = der.sequence(*(field.encoded for field in outer[:-1]), der.octet_string(attributes), unsigned)
    (countersignature,) = find_countersignatures(parse_signer_info(der.read_one(bogus)))
    with pytest.raises(SignatureMismatch, match="attributes of another signature"):
        check(countersignature, person("bob"))


def test_weak_algorithms_need_policy_archive() -> None:
    sha1 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA1)
    digest = hashlib.sha1(SIGNATURE, usedforsecurity=False).digest()
    countersignature = with_countersignatures(
        signer_info(over_signature(digest=digest), identity=person("bob"), algorithm=sha1)
    )
    check(countersignature, person("bob"), Policy.ARCHIVE)
    with pytest.raises(AlgorithmForbidden):
        check(countersignature, person("bob"))


def test_must_45_an_unreadable_one_does_not_hide_the_others() -> None:
    unsigned = [build_attribute(COUNTERSIGNATURE, der.sequence(der.integer(1)), by_bob(over_signature()))]
    signer = signer_of(parse(signed_data(signer_info(signed_attrs(), unsigned=unsigned))))
    countersignatures = find_countersignatures(signer)
    assert sorted(isinstance(each.signer, SmimeError) for each in countersignatures) == [False, True]
    unreadable = next(each for each in countersignatures if isinstance(each.signer, SmimeError))
    with pytest.raises(MalformedMessage):
        check(unreadable, person("bob"))


def test_several_instances_of_the_attribute_count_together() -> None:
    attribute = build_attribute(COUNTERSIGNATURE, by_bob(over_signature()))
    other = build_attribute(COUNTERSIGNATURE, by_bob(None, signed=SIGNATURE))
    signer = signer_of(parse(signed_data(signer_info(signed_attrs(), unsigned=[attribute, other]))))
    assert len(find_countersignatures(signer)) == 2


def test_reads_no_more_countersignatures_than_the_limit() -> None:
    values = [der.sequence(der.integer(number)) for number in range(MAX_COUNTERSIGNATURES + 1)]
    unsigned = [build_attribute(COUNTERSIGNATURE, *values)]
    signer = signer_of(parse(signed_data(signer_info(signed_attrs(), unsigned=unsigned))))
    with pytest.raises(LimitExceeded):
        find_countersignatures(signer)


def nested(depth: int) -> bytes:
    unsigned = [build_attribute(COUNTERSIGNATURE, nested(depth - 1))] if depth else None
    return signer_info(signed_attrs(), unsigned=unsigned)


def test_follows_countersignatures_on_each_other_down_to_the_limit() -> None:
    deepest = find_countersignatures(parse_signer_info(der.read_one(nested(MAX_COUNTERSIGNATURE_DEPTH))))[-1]
    assert len(deepest.path) == MAX_COUNTERSIGNATURE_DEPTH
    with pytest.raises(LimitExceeded):
        find_countersignatures(parse_signer_info(der.read_one(nested(MAX_COUNTERSIGNATURE_DEPTH + 1))))
