"""The paths that are found, their order, and the clear error that a hostile pool ends in (MUSTS 38)."""

from __future__ import annotations

import dataclasses

import pytest

from smime_core import blocking
from smime_core.asn1 import der
from smime_core.ca.extensions import build_authority_information_access
from smime_core.errors import CertificateExpired, LimitExceeded, PathError, UntrustedAnchor
from smime_core.pkix import (
    Evidence,
    LookupKind,
    PathRules,
    PathTrail,
    Purpose,
    RevocationPolicy,
    TrustAnchor,
    TrustStore,
    ValidatedPath,
    trail_of,
)
from smime_core.x509.certificate import Certificate, Extension
from tests.support.path_pki import YEAR, Rig, authority_extensions, clique, issue, root
from tests.support.people import NOW, PROVIDER

ALICE = "alice@example.test"


def validate(
    certificate: Certificate,
    *intermediates: Certificate,
    anchors: tuple[Certificate, ...],
    evidence: Evidence | None = None,
) -> ValidatedPath:
    return blocking.validate_path(
        certificate,
        Purpose.SIGN,
        PathRules(
            TrustStore(
                anchors=tuple(TrustAnchor(certificate=anchor) for anchor in anchors),
                revocation=RevocationPolicy.NOT_CHECKED,
                evidence=evidence or Evidence(),
            ),
            NOW,
            known=intermediates,
        ),
        PROVIDER,
    )


def followed_until(error: PathError) -> PathTrail:
    trail = trail_of(error)
    assert trail is not None
    return trail


def test_certificates_of_the_evidence_complete_a_path() -> None:
    top = root()
    middle = top.issue("Middle")
    alice = middle.certify(ALICE)
    evidence = Evidence(certificates=(middle.certificate,))
    assert validate(alice, anchors=(top.certificate,), evidence=evidence).certificates[1] == middle.certificate


def test_a_key_rollover_is_followed_from_the_new_key_to_the_old() -> None:
    top = root("Rolling root")
    new_with_old = issue("Rolling root", "Rolling root's next key", top, authority_extensions())
    renewed = Rig(name="Rolling root", certificate=new_with_old, key_name="Rolling root's next key")
    path = validate(renewed.certify(ALICE), new_with_old, anchors=(top.certificate,))
    assert path.certificates[1:] == (new_with_old, top.certificate)


def test_a_cross_certificate_leads_to_another_root() -> None:
    old, new = root("Old root"), root("New root")
    cross = issue("New root", "New root", old, authority_extensions())
    middle = new.issue("Middle")
    alice = middle.certify(ALICE)
    path = validate(alice, cross, middle.certificate, new.certificate, anchors=(old.certificate,))
    assert path.certificates == (alice, middle.certificate, cross, old.certificate)


def test_another_path_is_tried_when_the_likeliest_fails() -> None:
    top = root()
    broken = top.issue("Middle", Extension(oid="1.2.3.4", critical=True, value=b"\x05\x00"))
    whole = top.issue("Middle")
    for order in ((broken, whole), (whole, broken)):
        path = validate(
            whole.certify(ALICE), *(authority.certificate for authority in order), anchors=(top.certificate,)
        )
        assert path.certificates[1] == whole.certificate


def test_authorities_that_certify_each_other_end_the_search() -> None:
    first, other = root("One"), root("Other")
    loop = (issue("One", "One", other, authority_extensions()), issue("Other", "Other", first, authority_extensions()))
    with pytest.raises(UntrustedAnchor):
        validate(first.certify(ALICE), *loop, anchors=(root("Third").certificate,))


def test_an_anchor_below_another_one_does_not_hide_it() -> None:
    top = root()
    middle = top.issue("Middle")
    store = TrustStore(
        anchors=(
            TrustAnchor(certificate=middle.certificate, addresses=("@elsewhere.test",)),
            TrustAnchor(certificate=top.certificate),
        ),
        revocation=RevocationPolicy.NOT_CHECKED,
    )
    path = blocking.validate_path(middle.certify(ALICE), Purpose.SIGN, PathRules(store, NOW), PROVIDER)
    assert path.certificates[-1] == top.certificate


def test_the_error_is_that_of_the_path_which_got_furthest() -> None:
    top = root()
    not_ca = top.issue("Middle", is_ca=False, key_name="Middle")
    middle = top.issue("Middle")
    expired = middle.certify(ALICE, not_before=NOW - 2 * YEAR, not_after=NOW - YEAR)
    for order in ((not_ca, middle), (middle, not_ca)):
        with pytest.raises(CertificateExpired) as raised:
            validate(expired, *(authority.certificate for authority in order), anchors=(top.certificate,))
        assert followed_until(raised.value).certificates[1] == middle.certificate


def test_without_a_path_the_trail_goes_as_far_as_the_chain_and_says_what_to_fetch() -> None:
    top = root()
    middle = top.issue("Middle", build_authority_information_access(issuer_urls=("http://pki.example.test/root.cer",)))
    alice = middle.certify(ALICE)
    with pytest.raises(UntrustedAnchor) as raised:
        validate(alice, middle.certificate, anchors=(root("Third").certificate,))
    trail = followed_until(raised.value)
    assert trail.anchor is None
    assert trail.certificates == (alice, middle.certificate)
    (lookup,) = trail.lookups
    assert (lookup.kind, lookup.url) == (LookupKind.ISSUER, "http://pki.example.test/root.cer")
    evidence = Evidence(asked=frozenset({lookup.key}))
    with pytest.raises(UntrustedAnchor) as raised:
        validate(alice, middle.certificate, anchors=(), evidence=evidence)
    assert followed_until(raised.value).lookups == ()


def test_a_chain_to_an_unknown_root_asks_for_nothing() -> None:
    top = root("Own root", build_authority_information_access(issuer_urls=("http://pki.example.test/root.cer",)))
    with pytest.raises(UntrustedAnchor) as raised:
        validate(top.certify(ALICE), top.certificate, anchors=())
    assert followed_until(raised.value).certificates[-1] == top.certificate
    assert followed_until(raised.value).lookups == ()


def test_a_certificate_of_an_unreadable_name_spoils_nothing() -> None:
    top = root()
    alice = top.certify(ALICE)
    odd = dataclasses.replace(alice, der=alice.der + b"\0", subject_der=der.sequence(b"\x05\x00"))
    validate(alice, odd, anchors=(top.certificate,))


@pytest.mark.parametrize("names", [["Same CA"], [f"CA {number}" for number in range(32)]], ids=["one name", "32 names"])
def test_a_pool_of_a_thousand_that_certify_each_other_is_bounded(names: list[str]) -> None:
    rigs, pool = clique(names, 32)
    assert len(pool) == 992
    leaf = rigs[0].certify(ALICE)
    with pytest.raises(LimitExceeded, match="signatures to check for a path is 201, at most 200"):
        validate(leaf, *pool, anchors=(root("Stranger").certificate,))
    validate(leaf, *pool, anchors=(rigs[31].certificate,))


def test_many_copies_of_one_authority_are_one_key_to_check() -> None:
    top = root()
    middle = top.issue("Middle")
    copies = [top.issue("Middle").certificate for _ in range(300)]
    validate(middle.certify(ALICE), *copies, anchors=(top.certificate,))
    with pytest.raises(UntrustedAnchor):
        validate(middle.certify(ALICE), *copies, anchors=())


def test_an_authority_of_another_key_identifier_is_tried_last() -> None:
    top = root()
    middle = top.issue("Middle")
    others = [top.issue("Middle", key_name=f"other {number}").certificate for number in range(250)]
    path = validate(middle.certify(ALICE), *others, middle.certificate, anchors=(top.certificate,))
    assert path.certificates[1] == middle.certificate


def test_a_certificate_whose_own_names_cannot_be_read_has_no_path() -> None:
    odd = dataclasses.replace(root().certify(ALICE), issuer_der=der.sequence(b"\x05\x00"))
    with pytest.raises(UntrustedAnchor, match="unreadable: Name"):
        validate(odd, anchors=(root().certificate,))


def test_a_signature_that_does_not_fit_is_told_apart_from_an_unknown_issuer() -> None:
    alice = root().certify(ALICE)
    stranger = root("Other").issue("Root", key_name="another key")
    with pytest.raises(UntrustedAnchor, match="Root, whose key at hand has not signed this certificate"):
        validate(alice, anchors=(stranger.certificate,))
    with pytest.raises(UntrustedAnchor, match=r"vouches for CN=Root$"):
        validate(alice, anchors=())
