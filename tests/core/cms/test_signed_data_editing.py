"""A further signer beside the others, and the fields that are carried over (MUSTS 8, 32, 45, 50)."""

from __future__ import annotations

import pytest

from smime_core.algorithms import HashName, build_hash_identifier
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import ML_EXPANSION_HISTORY, SECURITY_LABEL, build_attribute
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info, parse_content_info
from smime_core.cms.signed_data import build_signed_data, read_signed_data_fields, signed_data_version
from smime_core.cms.signed_data_editing import add_countersignature, add_signer
from smime_core.cms.signing import AttributesForm, SignatureForm, SignerIdentifierForm, SignerOptions, Signing
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError
from smime_core.identity.identity import Identity
from smime_core.limits import MAX_CERTIFICATES, MAX_SIGNERS
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, anchor, build_revocation_list, person
from tests.support.signed_structures import (
    CONTENT,
    DIGEST,
    parse,
    signed_attrs,
    signed_data,
    signer_info,
    signer_of,
    verify,
)

CAROL = person("carol", NewKey.P384)


def sign(*holders: Identity, detached: bool = False, crls: tuple[bytes, ...] = ()) -> bytes:
    return run(
        build_signed_data(
            CONTENT,
            Signing(
                identities=holders,
                signing_time=NOW,
                form=SignatureForm.DETACHED if detached else SignatureForm.OPAQUE,
                crls=crls,
            ),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )


def add(
    cms: bytes, holder: Identity = CAROL, *, content: bytes | None = None, options: SignerOptions | None = None
) -> bytes:
    return run(
        add_signer(
            cms,
            Signing(identities=[holder], signing_time=NOW, options=options or SignerOptions()),
            provider=PROVIDER,
            detached_content=content,
        )
    )


def rebuilt(cms: bytes, **replaced: bytes) -> bytes:
    """The same SignedData with some fields replaced, or none."""
    fields = der.read_children(parse_content_info(cms).content)
    names = ["version", "digest_algorithms", "encapsulated", *("bag" for _ in fields[3:-1]), "signer_infos"]
    return build_content_info(
        ID_SIGNED_DATA,
        der.sequence(*(replaced.get(name, field.encoded) for name, field in zip(names, fields, strict=True))),
    )


def test_must_9_several_signers_sign_at_once_each_with_its_own_key() -> None:
    signers = [person("alice"), person("bob", NewKey.P256), CAROL, person("dave", NewKey.ED25519)]
    cms = sign(*signers)
    for number in range(4):
        verify(cms, number=number)
    assert {s.certificate for s in signers} <= set(parse(cms).certificates)


def test_a_further_signer_stands_beside_the_others_and_all_hold() -> None:
    before = sign(person("alice"), person("bob"))
    after = add(before)
    assert len(parse(after).signer_infos) == 3
    for number in range(3):
        verify(after, number=number)
    assert CAROL.certificate in parse(after).certificates


def test_a_further_signer_leaves_every_other_octet_as_it_stands() -> None:
    before = sign(person("alice"), crls=(build_revocation_list(3),))
    old = read_signed_data_fields(parse_content_info(before).content)
    after = add(before)
    for member in (*old.signer_infos, *old.certificates, *old.crls, old.encapsulated):
        assert bytes(member.encoded) in after


def test_a_further_signer_signs_detached_content() -> None:
    after = add(sign(person("alice"), detached=True), content=CONTENT)
    assert parse(after).e_content is None
    for number in range(2):
        verify(after, number=number, content=CONTENT)


def test_must_8_the_content_of_a_further_signature_stands_in_one_place() -> None:
    with pytest.raises(MalformedMessage, match="give its file"):
        add(sign(person("alice"), detached=True))
    with pytest.raises(MalformedMessage, match="both inside the signature and given apart"):
        add(sign(person("alice")), content=CONTENT)


def test_must_8_detached_is_absent_not_empty() -> None:
    assert parse(sign(person("alice"), detached=True)).e_content is None
    empty = parse(signed_data(signer_info(None, signed=b""), content=b"")).e_content
    assert empty is not None
    assert not len(empty)


def test_must_32_a_further_signer_named_by_its_key_raises_the_version() -> None:
    options = SignerOptions(sid_form=SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER)
    assert parse(add(sign(person("alice")))).version == 1
    assert parse(add(sign(person("alice")), options=options)).version == 3


@pytest.mark.parametrize(
    ("certificates", "crls", "signers", "content_type", "version"),
    [
        ((0x30,), (0x30,), (1,), ID_DATA, 1),
        ((), (), (1, 3), ID_DATA, 3),
        ((), (), (), "1.2.3", 3),
        ((0x30, 0xA1), (), (1,), ID_DATA, 3),
        ((0x30, 0xA2, 0xA1), (), (3,), "1.2.3", 4),
        ((0xA3,), (), (1,), ID_DATA, 5),
        ((), (0xA1,), (1,), ID_DATA, 5),
    ],
)
def test_must_32_the_version_is_computed_from_what_is_inside(
    certificates: tuple[int, ...], crls: tuple[int, ...], signers: tuple[int, ...], content_type: str, version: int
) -> None:
    assert (
        signed_data_version(
            content_type=content_type, certificate_tags=certificates, crl_tags=crls, signer_versions=signers
        )
        == version
    )


def test_the_digest_of_a_further_signer_joins_those_that_are_named() -> None:
    names = {HashName.SHA256, HashName.SHA384}
    fields = read_signed_data_fields(parse_content_info(add(sign(person("alice")))).content)
    assert {bytes(member.encoded) for member in fields.digest_algorithms} == set(map(build_hash_identifier, names))
    twice = add(add(sign(person("alice"))), person("eve", NewKey.P384))
    assert len(read_signed_data_fields(parse_content_info(twice).content).digest_algorithms) == 2


def test_must_45_incomplete_digest_algorithms_refuse_nothing() -> None:
    empty = rebuilt(sign(person("alice")), digest_algorithms=der.element(der.SET))
    verify(empty)
    other = rebuilt(sign(person("alice")), digest_algorithms=der.set_of([build_hash_identifier(HashName.MD5)]))
    verify(other)
    with pytest.raises(MalformedMessage, match="digestAlgorithms"):
        parse(rebuilt(sign(person("alice")), digest_algorithms=der.sequence()))


def test_must_45_an_unreadable_signer_stays_and_spoils_nothing() -> None:
    unreadable = der.sequence(der.integer(1), der.octet_string(b"of the future"))
    after = add(signed_data(signer_info(signed_attrs()), unreadable))
    assert unreadable in after
    readable = [n for n, info in enumerate(parse(after).signer_infos) if not isinstance(info, SmimeError)]
    assert len(readable) == 2
    for number in readable:
        verify(after, number=number)


def test_must_50_sets_in_any_order_are_read_as_they_come() -> None:
    infos = sorted([signer_info(signed_attrs()), signer_info(signed_attrs(), identity=person("bob"))], reverse=True)
    bag = sorted([person("alice").certificate.der, person("bob").certificate.der], reverse=True)
    cms = rebuilt(signed_data(*infos), signer_infos=der.element(der.SET, *infos), bag=der.element(0xA0, *bag))
    signed = parse(cms)
    assert [certificate.der for certificate in signed.certificates] == bag
    for number in range(2):
        verify(cms, number=number)


def label(value: bytes) -> bytes:
    return build_attribute(SECURITY_LABEL, der.element(der.SET, value))


def test_a_further_signer_takes_over_label_and_history() -> None:
    """RFC 2634 section 1.4."""
    history = build_attribute(ML_EXPANSION_HISTORY, der.sequence(der.integer(1)))
    after = add(signed_data(signer_info(signed_attrs(DIGEST, label(der.oid("1.2.3")), history))))
    carols = next(
        signer
        for signer in (signer_of(parse(after), number) for number in range(2))
        if signer.sid.matches(CAROL.certificate)
    )
    assert carols.attributes[SECURITY_LABEL] == (der.element(der.SET, der.oid("1.2.3")),)
    assert carols.attributes[ML_EXPANSION_HISTORY] == (der.sequence(der.integer(1)),)


def test_refuses_to_sign_beside_labels_that_differ() -> None:
    first = signer_info(signed_attrs(DIGEST, label(der.oid("1.2.3"))))
    other = signer_info(signed_attrs(DIGEST, label(der.oid("1.2.4"))), identity=person("bob"))
    with pytest.raises(MalformedMessage, match="differ"):
        add(signed_data(first, other))


def test_refuses_to_give_a_label_where_the_others_give_none() -> None:
    """RFC 2634 section 3.1.1: either all signers of a SignedData give the label, or none."""
    options = SignerOptions(further_attributes=(label(der.oid("1.2.3")),))
    with pytest.raises(MalformedMessage, match="give no label"):
        add(sign(person("alice")), options=options)


def test_a_further_signer_without_attributes_signs_the_content() -> None:
    after = add(sign(person("alice")), options=SignerOptions(attributes=AttributesForm.NONE))
    for number in range(2):
        verify(after, number=number)


def test_takes_no_more_signers_than_it_would_read() -> None:
    full = signed_data(*[signer_info(None) for _ in range(MAX_SIGNERS)])
    with pytest.raises(LimitExceeded):
        add(full)


def test_refuses_to_change_what_is_no_signed_data() -> None:
    data = build_content_info(ID_DATA, der.octet_string(CONTENT))
    with pytest.raises(MalformedMessage, match="content of type"):
        add(data)
    with pytest.raises(MalformedMessage, match="content of type"):
        run(add_countersignature(data, CAROL, signing_time=NOW, provider=PROVIDER))


def test_a_further_signer_joins_ber_of_indefinite_lengths() -> None:
    """Content in chunks, as a streaming writer makes it, is carried over unchanged."""
    chunks = b"\x24\x80" + der.octet_string(CONTENT[:10]) + der.octet_string(CONTENT[10:]) + b"\x00\x00"
    encapsulated = b"\x30\x80" + der.oid(ID_DATA) + b"\xa0\x80" + chunks + b"\x00\x00" + b"\x00\x00"
    after = add(rebuilt(sign(person("alice")), encapsulated=encapsulated))
    assert encapsulated in after
    for number in range(2):
        verify(after, number=number)


def test_revocation_lists_are_carried_and_other_formats_skipped() -> None:
    crl = build_revocation_list(3)
    assert parse(sign(person("alice"), crls=(crl, crl))).crls == (crl,)
    assert parse(sign(person("alice"))).crls == ()
    cms = sign(person("alice"))
    fields = [field.encoded for field in der.read_children(parse_content_info(cms).content)]
    ocsp = der.element(0xA1, der.oid("1.3.6.1.5.5.7.16.2"), der.sequence())
    with_both = der.sequence(*fields[:-1], der.element(0xA1, ocsp, crl), fields[-1])
    assert parse(build_content_info(ID_SIGNED_DATA, with_both)).crls == (crl,)
    verify(build_content_info(ID_SIGNED_DATA, with_both))


@pytest.mark.parametrize("order", [(0xA1, 0xA0), (0xA0, 0xA0), (0xA2,)])
def test_refuses_fields_that_do_not_belong_there(order: tuple[int, ...]) -> None:
    fields = [field.encoded for field in der.read_children(parse_content_info(sign(person("alice"))).content)]
    extra = [der.element(tag, anchor().der) for tag in order]
    with pytest.raises(MalformedMessage, match="before signerInfos"):
        parse(build_content_info(ID_SIGNED_DATA, der.sequence(*fields[:3], *extra, fields[-1])))


def test_certificates_of_others_can_be_carried_along() -> None:
    cms = run(
        build_signed_data(
            CONTENT,
            Signing(identities=[person("alice")], signing_time=NOW),
            content_type=ID_DATA,
            provider=PROVIDER,
            certificates=[person("bob").certificate, person("alice").certificate],
        )
    )
    certificates = parse(cms).certificates
    assert person("bob").certificate in certificates
    assert len(set(certificates)) == len(certificates)


@pytest.mark.parametrize(
    ("trailing", "accepted"),
    [(b"\n", True), (b"x", True), (b"\0" * 4096, True), (b"\r\nx", False), (b"\0" * 65_537, False)],
)
def test_line_ends_and_zeros_may_follow_the_structure_and_are_counted(trailing: bytes, accepted: bool) -> None:
    cms = sign(person("alice")) + trailing
    if accepted:
        assert parse_content_info(cms).trailing_bytes == len(trailing)
        verify(cms)
    else:
        with pytest.raises(MalformedMessage, match="bytes follow"):
            parse_content_info(cms)


def test_reads_no_more_signers_certificates_and_revocation_lists_than_the_limits() -> None:
    fields = [bytes(field.encoded) for field in der.read_children(parse_content_info(sign(person("alice"))).content)]
    before, bag, signers = fields[:3], fields[3], fields[4]
    too_many = {
        "signers": (bag, der.element(der.SET, *[der.sequence()] * (MAX_SIGNERS + 1))),
        "certificates": (der.element(0xA0, *[der.sequence()] * (MAX_CERTIFICATES + 1)), signers),
        "CRLs": (bag, der.element(0xA1, *[der.sequence()] * (MAX_CERTIFICATES + 1)), signers),
    }
    for name, rest in too_many.items():
        with pytest.raises(LimitExceeded, match=name):
            parse(build_content_info(ID_SIGNED_DATA, der.sequence(*before, *rest)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_refuses_a_structure_that_is_cut_short(count: int) -> None:
    fields = [bytes(field.encoded) for field in der.read_children(parse_content_info(sign(person("alice"))).content)]
    with pytest.raises(MalformedMessage, match="expected at least 4"):
        parse(build_content_info(ID_SIGNED_DATA, der.sequence(*fields[:count])))


@pytest.mark.parametrize(
    "encapsulated",
    [
        der.sequence(),
        der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(CONTENT)), der.integer(1)),
        der.sequence(der.oid(ID_DATA), der.octet_string(CONTENT)),
        der.sequence(der.oid(ID_DATA), der.explicit(0, der.integer(1))),
    ],
)
def test_refuses_damaged_encapsulated_content(encapsulated: bytes) -> None:
    with pytest.raises(MalformedMessage, match=r"encapContentInfo|eContent"):
        parse(rebuilt(sign(person("alice")), encapsulated=encapsulated))
