"""Revocation along a path (RFC 5280 section 6.1.3 (a)(3), MUSTS 38 and 39): its effect, and the signers of lists."""

from __future__ import annotations

import datetime
from typing import Final

import pytest

from smime_core import blocking
from smime_core.ca.extensions import build_basic_constraints, build_crl_distribution_points, build_key_usage
from smime_core.errors import CertificateRevoked, PathError, RevocationUnknown
from smime_core.limits import MAX_REVOCATION_SIGNATURES
from smime_core.pkix import (
    Evidence,
    LookupKind,
    Outcome,
    PathRules,
    Purpose,
    RevocationPolicy,
    RevocationState,
    TrustAnchor,
    TrustStore,
    ValidatedPath,
    trail_of,
)
from smime_core.x509.certificate import Certificate, KeyUsage
from smime_core.x509.revocation_list import RevocationList
from tests.support.path_pki import Rig, issue, revocation_list, root
from tests.support.people import NOW, PROVIDER

STEP: Final = "6.1.3 (a)(3)"
ROOT: Final = root()
ISSUING: Final = ROOT.issue("Issuing CA", build_crl_distribution_points(("http://pki.example.test/root.crl",)))
ALICE: Final = ISSUING.certify(
    "alice@example.test", build_crl_distribution_points(("http://pki.example.test/issuing.crl",))
)


def validate(
    *lists: RevocationList,
    policy: RevocationPolicy = RevocationPolicy.REQUIRED,
    further: tuple[Certificate, ...] = (),
    certificate: Certificate = ALICE,
    evidence: Evidence | None = None,
) -> ValidatedPath:
    store = TrustStore(
        anchors=(TrustAnchor(certificate=ROOT.certificate),),
        revocation=policy,
        evidence=evidence or Evidence(revocation_lists=lists),
    )
    return blocking.validate_path(
        certificate, Purpose.SIGN, PathRules(store, NOW, known=(ISSUING.certificate, *further)), PROVIDER
    )


def test_a_path_holds_when_every_certificate_below_the_anchor_is_known_to_be_good() -> None:
    path = validate(revocation_list(ROOT), revocation_list(ISSUING))
    assert [status.certificate for status in path.trail.revocation] == [ISSUING.certificate, ALICE]
    assert {status.state for status in path.trail.revocation} == {RevocationState.GOOD}
    assert [(step.position, step.outcome) for step in path.trail.steps if step.label == STEP] == [
        (1, Outcome.PASSED),
        (0, Outcome.PASSED),
    ]


@pytest.mark.parametrize("policy", [RevocationPolicy.REQUIRED, RevocationPolicy.IF_KNOWN])
@pytest.mark.parametrize("position", [0, 1])
def test_a_revoked_certificate_refuses_the_path_wherever_it_stands(policy: RevocationPolicy, position: int) -> None:
    of_root = revocation_list(ROOT, *([ISSUING.certificate] if position else []))
    of_issuing = revocation_list(ISSUING, *([] if position else [ALICE]))
    with pytest.raises(CertificateRevoked, match="was revoked on 2026-06-01") as raised:
        validate(of_root, of_issuing, policy=policy)
    assert raised.value.rfc5280_step == STEP
    trail = trail_of(raised.value)
    assert trail is not None
    assert trail.steps[-1].position == position


def test_required_but_unknown_revocation_fails_and_names_the_look_ups() -> None:
    with pytest.raises(RevocationUnknown, match="no authority was asked yet") as raised:
        validate()
    trail = trail_of(raised.value)
    assert trail is not None
    assert [lookup.url for lookup in trail.lookups] == [
        "http://pki.example.test/issuing.crl",
        "http://pki.example.test/root.crl",
    ]
    assert {lookup.kind for lookup in trail.lookups} == {LookupKind.CRL}
    assert len(trail.revocation) == 2


def test_unknown_revocation_is_noted_where_it_is_not_required() -> None:
    path = validate(revocation_list(ROOT), policy=RevocationPolicy.IF_KNOWN)
    assert [(step.position, step.outcome) for step in path.trail.steps if step.label == STEP] == [
        (1, Outcome.PASSED),
        (0, Outcome.NOTED),
    ]
    assert len(path.trail.lookups) == 1


def test_nothing_is_looked_at_where_it_is_not_to_be_checked() -> None:
    path = validate(revocation_list(ISSUING, ALICE), policy=RevocationPolicy.NOT_CHECKED)
    assert path.trail.revocation == ()
    assert path.trail.lookups == ()


@pytest.mark.parametrize("own", list(RevocationPolicy))
@pytest.mark.parametrize("policy", list(RevocationPolicy))
def test_an_anchor_may_have_a_policy_of_its_own(policy: RevocationPolicy, own: RevocationPolicy) -> None:
    anchor = TrustAnchor(certificate=ROOT.certificate, revocation=own)
    store = TrustStore(anchors=(anchor,), revocation=policy)
    effective = policy if policy is RevocationPolicy.NOT_CHECKED else own
    assert store.policy_for(anchor) is effective
    # `with_revocation` replaces the anchors' own policies. `softened` accepts an unknown status after the same checks.
    assert store.with_revocation(policy).policy_for(TrustAnchor(certificate=ROOT.certificate)) is policy
    (softened,) = store.softened().anchors
    assert store.softened().policy_for(softened) is not RevocationPolicy.REQUIRED
    if effective is RevocationPolicy.REQUIRED:
        with pytest.raises(RevocationUnknown):
            validate_by(store)
    else:
        validate_by(store)


def validate_by(store: TrustStore) -> None:
    blocking.validate_path(ALICE, Purpose.SIGN, PathRules(store, NOW, known=(ISSUING.certificate,)), PROVIDER)


def test_a_known_revocation_fails_under_the_policy_if_known() -> None:
    anchor = TrustAnchor(certificate=ROOT.certificate, revocation=RevocationPolicy.IF_KNOWN)
    lists = (revocation_list(ROOT), revocation_list(ISSUING, ALICE))
    store = TrustStore(anchors=(anchor,), evidence=Evidence(revocation_lists=lists))
    with pytest.raises(CertificateRevoked):
        validate_by(store)


def test_other_faults_are_told_before_what_is_unknown() -> None:
    with pytest.raises(PathError) as raised:
        validate(certificate=ISSUING.certify("late@example.test", not_after=NOW - datetime.timedelta(days=1)))
    assert raised.value.rfc5280_step == "6.1.3 (a)(2)"
    trail = trail_of(raised.value)
    assert trail is not None
    assert trail.lookups == ()


def crl_signer(*, usage: KeyUsage = KeyUsage.CRL_SIGN, issuer: Rig = ROOT) -> Rig:
    """A signer of lists with the issuing authority's name, but with a key of its own."""
    extensions = (build_basic_constraints(is_ca=False), build_key_usage(usage))
    certificate = issue("Issuing CA", "list key", issuer, extensions)
    return Rig(name="Issuing CA", certificate=certificate, key_name="list key")


def test_a_list_by_another_key_of_the_authority_counts_when_its_own_path_holds() -> None:
    signer = crl_signer()
    assert validate(revocation_list(ROOT), revocation_list(signer), further=(signer.certificate,)).policies is not None
    with pytest.raises(RevocationUnknown):
        validate(revocation_list(ROOT), revocation_list(signer))


@pytest.mark.parametrize("policy", [RevocationPolicy.REQUIRED, RevocationPolicy.IF_KNOWN])
def test_a_bag_full_of_namesakes_hides_no_revocation(policy: RevocationPolicy) -> None:
    signer = crl_signer()
    stranger = root("Stranger")
    namesakes = tuple(crl_signer(issuer=stranger).certificate for _ in range(MAX_REVOCATION_SIGNATURES))
    known = Evidence(
        revocation_lists=(revocation_list(ROOT), revocation_list(signer, ALICE)), certificates=(signer.certificate,)
    )
    with pytest.raises(CertificateRevoked):
        validate(evidence=known, further=namesakes, policy=policy)
    # If the signer's certificate only comes with the message, behind its namesakes, the status stays unknown. Both
    # policies refuse that.
    with pytest.raises(RevocationUnknown, match="more evidence about its revocation than this program looks through"):
        validate(
            revocation_list(ROOT),
            revocation_list(signer, ALICE),
            further=(*namesakes, signer.certificate),
            policy=policy,
        )


def test_a_list_signer_about_whom_not_all_was_read_leaves_the_status_open() -> None:
    signer = crl_signer()
    forged = tuple(
        revocation_list(ROOT, signer.certificate, key_name=f"forger {number}")
        for number in range(MAX_REVOCATION_SIGNATURES)
    )
    with pytest.raises(RevocationUnknown, match="more evidence about its revocation than this program looks through"):
        validate(
            revocation_list(ROOT),
            *forged,
            revocation_list(signer, ALICE),
            further=(signer.certificate,),
            policy=RevocationPolicy.IF_KNOWN,
        )


def test_a_list_signer_who_was_revoked_or_is_unknown_says_nothing() -> None:
    signer = crl_signer()
    with pytest.raises(RevocationUnknown):
        validate(revocation_list(ROOT, signer.certificate), revocation_list(signer), further=(signer.certificate,))


def test_a_list_signer_needs_the_key_usage_and_the_same_anchor() -> None:
    for signer in (crl_signer(usage=KeyUsage.DIGITAL_SIGNATURE), crl_signer(issuer=root("Stranger"))):
        with pytest.raises(RevocationUnknown):
            validate(revocation_list(ROOT), revocation_list(signer), further=(signer.certificate,))


def test_another_authority_below_the_anchor_certifies_no_list_signer_for_this_one() -> None:
    """The issuer's name is not enough, because any authority below the anchor could certify a key by that name."""
    sibling = ROOT.issue("Sibling CA")
    impostor = crl_signer(issuer=sibling)
    authority = sibling.issue("Issuing CA", key_name="impostor")
    below = crl_signer(issuer=authority)
    lists = (revocation_list(ROOT), revocation_list(sibling), revocation_list(authority))
    further = (sibling.certificate, authority.certificate)
    for signer in (impostor, below, authority):
        with pytest.raises(RevocationUnknown):
            validate(*lists, revocation_list(signer), further=(*further, signer.certificate))


def test_a_signer_of_mail_says_nothing_about_their_own_certificate() -> None:
    """This holds even if the certificate has the authority's name and may sign lists."""
    extensions = (build_basic_constraints(is_ca=False), build_key_usage(KeyUsage.DIGITAL_SIGNATURE | KeyUsage.CRL_SIGN))
    certificate = issue("Issuing CA", "own key", ISSUING, extensions)
    signer = Rig(name="Issuing CA", certificate=certificate, key_name="own key")
    assert validate(revocation_list(ROOT), revocation_list(ISSUING), certificate=certificate).policies is not None
    renewed = issue("Issuing CA", "own key", ISSUING, extensions)
    for further in ((), (renewed,)):
        with pytest.raises(RevocationUnknown):
            validate(revocation_list(ROOT), revocation_list(signer), certificate=certificate, further=further)


def test_a_list_may_be_about_its_own_signer() -> None:
    """PKITS 4.14.30: the status of a list's signer may be known only from that list."""
    extensions = (build_basic_constraints(is_ca=False), build_key_usage(KeyUsage.CRL_SIGN))
    certificate = issue("Root", "list key of the root", ROOT, extensions)
    signer = Rig(name="Root", certificate=certificate, key_name="list key of the root")
    path = validate(revocation_list(signer), revocation_list(ISSUING), further=(certificate,))
    assert path.certificates[-1] == ROOT.certificate
    with pytest.raises(RevocationUnknown):
        validate(revocation_list(signer, certificate), revocation_list(ISSUING), further=(certificate,))
