"""SignedData: each check of MUSTS 1 to 10 has a test that fails when the check is gone."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable

import pytest

from smime_core import blocking
from smime_core.algorithms import (
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.cms.attributes import MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2, SIGNING_TIME, build_attribute
from smime_core.cms.content_info import FIELD, ID_DATA, parse_content_info, unarmor
from smime_core.cms.signed_attributes import build_time
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import MalformedMessage
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust
from tests.support.signed_structures import CONTENT, DIGEST, signed_attrs, signed_data, signer_info


def examine(cms: bytes, content_type: str = ID_DATA) -> MessageReport:
    return blocking.verify_bytes(
        cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, content_type=content_type
    )


def codes(report: MessageReport) -> list[str]:
    return [reason.code for reason in report.reasons]


def test_a_signature_by_hand_holds() -> None:
    assert examine(signed_data(signer_info(signed_attrs()))).state is State.VERIFIED


@pytest.mark.parametrize("form", list(SignatureForm))
@pytest.mark.parametrize(
    ("key", "scheme"),
    [
        (NewKey.RSA_2048, None),
        (NewKey.RSA_2048, SignatureScheme.RSA_PSS),
        (NewKey.P256, None),
        (NewKey.P384, None),
    ],
)
def test_our_signature_verifies(key: NewKey, scheme: SignatureScheme | None, form: SignatureForm) -> None:
    cms = blocking.sign_bytes(
        CONTENT,
        Signing(identities=[person("alice", key)], signing_time=NOW, form=form, scheme=scheme),
        provider=PROVIDER,
    )
    detached = CONTENT if form is SignatureForm.DETACHED else None
    report = blocking.verify_bytes(
        cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, detached_content=detached
    )
    assert report.state is State.VERIFIED
    assert report.content == CONTENT
    assert report.signers[0].signing_time == NOW


def test_content_is_digested_once_for_all_signers_with_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    digested: list[bytes] = []
    digest = type(PROVIDER).digest

    async def count(self: NativeProvider, name: HashName, data: Buffer) -> bytes:
        digested.append(bytes(data))
        return await digest(self, name, data)

    monkeypatch.setattr(type(PROVIDER), "digest", count)
    signers = [person("alice"), person("bob"), person("carol")]
    blocking.sign_bytes(CONTENT, Signing(identities=signers, signing_time=NOW), provider=PROVIDER)
    assert digested.count(CONTENT) == 1


def test_must_1_the_signature_covers_the_set_of_form() -> None:
    body = b"".join(sorted(signed_attrs()))
    wrong = signer_info(signed_attrs(), signed=der.element(0xA0, body))
    assert codes(examine(signed_data(wrong))) == ["signature-mismatch"]


@pytest.mark.parametrize("missing", [0, 1], ids=["content-type", "message-digest"])
def test_must_2_refuses_signed_attrs_without(missing: int) -> None:
    attributes = signed_attrs()
    del attributes[missing]
    assert codes(examine(signed_data(signer_info(attributes)))) == ["malformed-message"]


def test_must_2_refuses_an_attribute_with_two_values() -> None:
    values = der.set_of([der.octet_string(DIGEST), der.octet_string(b"x" * 32)])
    attributes = [signed_attrs()[0], der.sequence(der.oid(MESSAGE_DIGEST), values)]
    assert examine(signed_data(signer_info(attributes))).state is State.INVALID


def test_must_2_refuses_an_attribute_that_stands_twice() -> None:
    attributes = [*signed_attrs(), build_attribute(MESSAGE_DIGEST, der.octet_string(b"x" * 32))]
    assert examine(signed_data(signer_info(attributes))).state is State.INVALID


def test_attributes_of_an_unknown_type_may_stand_twice() -> None:
    twice = [build_attribute("1.2.3.4", der.integer(number)) for number in (1, 2)]
    report = examine(signed_data(signer_info(signed_attrs(DIGEST, *twice))))
    assert report.state is State.VERIFIED
    assert report.signers[0].signed_attributes["1.2.3.4"] == (der.integer(1), der.integer(2))


def test_must_2_demands_signed_attrs_for_other_content_than_data() -> None:
    assert examine(signed_data(signer_info(None), content_type=FIELD), FIELD).state is State.INVALID


def test_must_3_refuses_a_content_type_attribute_that_differs() -> None:
    field = signed_data(signer_info(signed_attrs()), content_type=FIELD)
    assert codes(examine(field, FIELD)) == ["content-type-mismatch"]


def test_must_3_refuses_content_of_another_kind_than_expected() -> None:
    assert codes(examine(signed_data(signer_info(signed_attrs())), FIELD)) == ["content-type-mismatch"]


def test_must_4_computes_the_digest_from_the_content() -> None:
    altered = signed_data(signer_info(signed_attrs()), content=CONTENT + b"!")
    assert codes(examine(altered)) == ["message-digest-mismatch"]


def test_must_4_checks_the_signature_even_when_the_digest_fits() -> None:
    forged = signer_info(signed_attrs(), signed=b"something else")
    assert codes(examine(signed_data(forged))) == ["signature-mismatch"]


def test_a_signature_without_signed_attrs_holds() -> None:
    assert examine(signed_data(signer_info(None))).state is State.VERIFIED


def test_must_5_refuses_signed_attributes_presented_as_content() -> None:
    stripped = der.set_of(signed_attrs())
    cms = signed_data(signer_info(None, signed=stripped), content=stripped)
    assert codes(examine(cms)) == ["signature-mismatch"]


def test_must_6_refuses_signed_attrs_that_are_not_der() -> None:
    """One length is in the long form, where DER demands the short one."""
    content_type = signed_attrs()[0]
    padded = content_type[:1] + b"\x81" + content_type[1:]
    assert codes(examine(signed_data(signer_info([padded, signed_attrs()[1]])))) == ["malformed-message"]


def test_must_6_accepts_signed_attrs_out_of_order_as_they_were_signed() -> None:
    attributes = sorted(signed_attrs(), reverse=True)
    covered = der.element(der.SET, *attributes)
    report = examine(signed_data(signer_info(attributes, sort=False, signed=covered)))
    assert report.state is State.VERIFIED


def test_must_6_accepts_signed_attrs_out_of_order_that_were_signed_in_order() -> None:
    attributes = sorted(signed_attrs(), reverse=True)
    covered = der.set_of(attributes)
    report = examine(signed_data(signer_info(attributes, sort=False, signed=covered)))
    assert report.state is State.VERIFIED


def test_must_7_certificates_alone_are_never_signed() -> None:
    report = examine(signed_data())
    assert (report.state, codes(report)) == (State.PLAIN, ["certificates-only"])


def test_must_9_takes_the_certificate_that_sid_names_not_one_whose_key_fits() -> None:
    cms = signed_data(signer_info(signed_attrs(), identity=person("alice"), named=person("bob")))
    assert codes(examine(cms)) == ["signature-mismatch"]


def test_must_9_every_signer_has_its_own_verdict() -> None:
    good = signer_info(signed_attrs())
    bad = signer_info(signed_attrs(b"x" * 32), identity=person("bob"))
    report = examine(signed_data(good, bad))
    assert sorted(signer.state for signer in report.signers) == [State.INVALID, State.VERIFIED]
    assert report.state is State.INVALID


def test_must_10_reads_two_different_hashes() -> None:
    digest = hashlib.sha384(CONTENT).digest()
    report = examine(signed_data(signer_info(signed_attrs(digest), digest=HashName.SHA384)))
    assert report.state is State.VERIFIED


def test_refuses_sha1_as_too_weak() -> None:
    sha1 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA1)
    attributes = signed_attrs(hashlib.sha1(CONTENT, usedforsecurity=False).digest())
    report = examine(signed_data(signer_info(attributes, algorithm=sha1)))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["algorithm-forbidden"])


@pytest.mark.parametrize(
    ("written", "state", "code"),
    [
        (b"20260601120000.5Z", State.VERIFIED, "signing-time-loose"),
        (b"20260601120000", State.SIGNED_UNVERIFIED, "signing-time-unreadable"),
    ],
)
def test_must_15_a_signing_time_of_another_form_is_no_forgery(written: bytes, state: State, code: str) -> None:
    time = build_attribute(SIGNING_TIME, der.element(0x18, written))
    report = examine(signed_data(signer_info(signed_attrs(DIGEST, time))))
    assert (report.state, codes(report)[0]) == (state, code)
    forged = examine(signed_data(signer_info(signed_attrs(bytes(32), time))))
    assert (forged.state, codes(forged)) == (State.INVALID, ["message-digest-mismatch"])


@pytest.mark.parametrize(("year", "tag"), [(1949, 0x18), (1950, 0x17), (2049, 0x17), (2050, 0x18)])
def test_must_15_writes_utc_time_from_1950_through_2049(year: int, tag: int) -> None:
    moment = datetime.datetime(year, 3, 1, 2, 3, 4, tzinfo=datetime.UTC)
    assert build_time(moment)[0] == tag


def test_must_17_refuses_a_signing_certificate_attribute_for_another_certificate() -> None:
    other = hashlib.sha256(person("bob").certificate.der).digest()
    attribute = build_attribute(
        SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(der.sequence(der.octet_string(other))))
    )
    assert codes(examine(signed_data(signer_info(signed_attrs(DIGEST, attribute))))) == ["signing-certificate-mismatch"]


def test_must_45_an_unreadable_signer_does_not_hide_the_others() -> None:
    report = examine(signed_data(signer_info(signed_attrs()), der.sequence(der.integer(1))))
    assert sorted(signer.state for signer in report.signers) == [State.SIGNED_UNVERIFIED, State.VERIFIED]


@pytest.mark.parametrize("cut", [lambda cms: cms[:-1], lambda cms: cms[: len(cms) // 2], lambda cms: cms[:5]])
def test_truncated_structures_raise_one_error_type(cut: Callable[[bytes], bytes]) -> None:
    with pytest.raises(MalformedMessage):
        examine(cut(signed_data(signer_info(signed_attrs()))))


def test_must_8_refuses_content_inside_and_beside_the_signature() -> None:
    cms = signed_data(signer_info(signed_attrs()))
    with pytest.raises(MalformedMessage, match="both inside the signature and given apart"):
        blocking.verify_bytes(cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, detached_content=CONTENT)


@pytest.mark.parametrize(
    "octets",
    [
        der.sequence(der.oid(ID_DATA)),
        der.sequence(der.oid(ID_DATA), der.octet_string(CONTENT)),
        der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(CONTENT)), der.integer(1)),
    ],
)
def test_refuses_what_is_no_content_info(octets: bytes) -> None:
    with pytest.raises(MalformedMessage, match=r"expected a content type and \[0\]"):
        parse_content_info(octets)


@pytest.mark.parametrize("armored", [b"MIIB=", b"-----BEGIN CMS-----\nMII\n-----END CMS-----", b"plain text", b""])
def test_refuses_what_is_no_armored_structure(armored: bytes) -> None:
    with pytest.raises(MalformedMessage, match=r"base64|damaged|announced"):
        unarmor(armored)
