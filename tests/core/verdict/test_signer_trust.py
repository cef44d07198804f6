"""The effect of a signer's certification path on the verdict: doubts, notes, and the words for people."""

from __future__ import annotations

import datetime
import io

import pytest

from smime_core import Identity, RevocationPolicy, SignatureForm, State, TrustAnchor, TrustStore, blocking, stream
from smime_core.blocking import run
from smime_core.ca.demo import Authority, create_authority, issue_identity
from smime_core.cms import SignerInfo
from smime_core.cms.content_info import parse_content_info
from smime_core.cms.signed_data import parse_signed_data
from smime_core.cms.signing import Signing
from smime_core.errors import CertificateRevoked, LimitExceeded, PathError, RevocationUnknown, SmimeError
from smime_core.pkix import Outcome, PathTrail, RevocationState, RevocationStatus, Step, ValidatedPath
from smime_core.pkix.evidence import parse_evidence
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.path_tree import Mark, explain_signer
from smime_core.report.report import MessageReport, SignerReport
from smime_core.trust.contacts import CertificateSource, Contact, Contacts, KnownCertificate
from smime_core.trust.judging import Judging
from smime_core.verdict import signer_trust
from smime_core.verdict.examiner import Examiner
from smime_core.verdict.walk import examine
from smime_core.x509.certificate import Certificate
from tests.support.people import MESSAGE, NOW, PROVIDER, anchor, authority, build_revocation_list, person, trust

ALICE = person("alice")
LEAF, ROOT = ALICE.certificate, anchor()
DAY = datetime.timedelta(days=1)
STORE = trust()


def sign(*, signing_time: datetime.datetime = NOW, identity: Identity = ALICE, message: bytes = MESSAGE) -> bytes:
    return blocking.sign_message(message, Signing(identities=[identity], signing_time=signing_time), provider=PROVIDER)


def judge(message: bytes | None = None, *, store: TrustStore = STORE, at: datetime.datetime = NOW,
          contacts: Contacts | None = None) -> MessageReport:  # fmt: skip
    examiner = Examiner(provider=PROVIDER, judging=Judging(trust_store=store, at=at, contacts=contacts or Contacts()))
    return run(examine(message or sign(), examiner=examiner))


def only_signer(report: MessageReport) -> SignerReport:
    (signer,) = report.signers
    return signer


def codes(report: MessageReport) -> list[str]:
    return [why.code for why in report.reasons]


def with_path(monkeypatch: pytest.MonkeyPatch, found: PathTrail | SmimeError, addresses: tuple[str, ...] = ()) -> None:
    """Make path validation give this path, or raise this error."""

    async def validate_path(certificate: Certificate, *_provider: object, **_: object) -> ValidatedPath:
        if isinstance(found, SmimeError):
            raise found
        own = addresses or certificate.email_addresses
        return ValidatedPath(certificates=found.certificates, trail=found, addresses=own)

    monkeypatch.setattr(signer_trust, "validate_path", validate_path)


def trail(*statuses: RevocationStatus, steps: tuple[Step, ...] = ()) -> PathTrail:
    return PathTrail(certificates=(LEAF, ROOT), anchor=TrustAnchor(certificate=ROOT), revocation=statuses, steps=steps)


GOOD = RevocationStatus(certificate=LEAF, state=RevocationState.GOOD, source="crl", this_update=NOW)
UNKNOWN = RevocationStatus(certificate=LEAF, state=RevocationState.UNKNOWN, why="nobody-to-ask")


def revoked(reason: str, *, at: datetime.datetime = NOW - DAY) -> CertificateRevoked:
    status = RevocationStatus(certificate=LEAF, state=RevocationState.REVOKED, revoked_at=at, reason=reason)
    return CertificateRevoked("revoked", trail=trail(status))


def test_a_verified_signer_carries_path_trail_and_the_addresses_vouched_for() -> None:
    signer = only_signer(judge())
    assert signer.state is State.VERIFIED
    assert signer.path == (LEAF, ROOT)
    assert signer.trail is not None
    assert signer.trail.anchor is not None
    assert signer.trail.anchor.certificate == ROOT
    assert signer.addresses == ("alice@example.test",)


def test_known_to_be_good_satisfies_the_default_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    with_path(monkeypatch, trail(GOOD))
    report = judge(store=trust(revocation=RevocationPolicy.REQUIRED))
    assert (report.state, report.reasons) == (State.VERIFIED, ())


def test_unknown_revocation_is_a_note_under_the_policy_if_known(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step(label="6.1.3 (a)(3)", position=0, outcome=Outcome.NOTED, text="unknown")
    with_path(monkeypatch, trail(UNKNOWN, steps=(step,)))
    report = judge(store=trust(revocation=RevocationPolicy.IF_KNOWN))
    assert (report.state, codes(report)) == (State.VERIFIED, ["revocation-unknown"])
    assert "alice@example.test: the certificate names no service" in report.reasons[0].sentence


@pytest.mark.parametrize("followed", [trail(UNKNOWN), None])
def test_unknown_revocation_under_the_default_policy_is_a_doubt(
    monkeypatch: pytest.MonkeyPatch, followed: PathTrail | None
) -> None:
    with_path(monkeypatch, RevocationUnknown("nobody knows", trail=followed))
    report = judge(store=trust(revocation=RevocationPolicy.REQUIRED))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["revocation-unknown"])
    assert only_signer(report).trail is followed
    assert only_signer(report).addresses == ()


@pytest.mark.parametrize("reason", ["keyCompromise", "", "unspecified", "certificateHold", "superseded"])
def test_a_revoked_certificate_leaves_the_signature_unverified_and_says_when_and_why(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    with_path(monkeypatch, revoked(reason))
    report = judge()
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["certificate-revoked"])
    assert "alice@example.test: revoked on 2026-05-31" in report.reasons[0].sentence
    assert ("may be in the hands of others" in report.reasons[0].sentence) is (reason == "keyCompromise")


def test_a_revocation_without_a_trail_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with_path(monkeypatch, CertificateRevoked("the list of the CA names it"))
    assert "the list of the CA names it" in judge().reasons[0].sentence


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("superseded", "certificate-revoked-since"),
        ("cessationOfOperation", "certificate-revoked-since"),
        ("keyCompromise", "certificate-revoked"),
        ("", "certificate-revoked"),
    ],
)
def test_only_a_harmless_revocation_after_the_signing_time_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, reason: str, code: str
) -> None:
    with_path(monkeypatch, revoked(reason, at=NOW - DAY / 2))
    report = judge(sign(signing_time=NOW - DAY / 4 * 3))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, [code])


@pytest.mark.parametrize(
    "error", [PathError("a name that is not permitted"), LimitExceeded("path candidates", 201, 200)]
)
def test_any_other_fault_of_the_path_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch, error: SmimeError) -> None:
    with_path(monkeypatch, error)
    report = judge()
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, [error.code])
    assert str(error) in report.reasons[0].sentence


@pytest.mark.parametrize("policy", list(RevocationPolicy))
def test_valid_then_and_expired_now_is_told_whatever_is_known_of_revocation(policy: RevocationPolicy) -> None:
    report = judge(store=trust(revocation=policy), at=NOW + datetime.timedelta(days=900))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["certificate-expired-since"])


def test_an_anchor_for_another_address_of_the_signer_does_not_vouch_and_is_no_forgery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_path(monkeypatch, trail(GOOD), addresses=("other@example.test",))
    report = judge()
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["address-not-covered"])


def test_the_sender_of_somebody_else_stays_a_forgery(monkeypatch: pytest.MonkeyPatch) -> None:
    with_path(monkeypatch, trail(GOOD), addresses=("other@example.test",))
    report = judge(sign(message=MESSAGE.replace(b"<alice@", b"<mallory@")))
    assert (report.state, codes(report)) == (State.INVALID, ["sender-mismatch"])


def known_as(certificate: Certificate) -> Contacts:
    seen = KnownCertificate(
        certificate=certificate, source=CertificateSource.HARVEST, first_seen=NOW - DAY, last_seen=NOW - DAY
    )
    return Contacts(people=(Contact(address="alice@example.test", certificates=(seen,)),))


def test_a_known_certificate_is_nothing_to_tell() -> None:
    assert codes(judge(contacts=known_as(LEAF))) == ["revocation-not-checked"]


def test_a_changed_certificate_of_a_known_sender_is_told_and_leaves_the_verdict() -> None:
    before = run(issue_identity(another_authority("Former CA"), "alice@example.test", provider=PROVIDER, at=NOW))
    report = judge(contacts=known_as(before.certificate))
    assert report.state is State.VERIFIED
    assert codes(report) == ["certificate-changed", "revocation-not-checked"]
    assert "before by CN=Former CA, now CN=Test CA" in report.reasons[0].sentence


def test_a_new_key_by_the_same_authority_is_told() -> None:
    other = run(issue_identity(authority(), "alice@example.test", provider=PROVIDER, at=NOW))
    assert "for a new key" in judge(contacts=known_as(other.certificate)).reasons[0].sentence


def test_a_changed_certificate_that_nobody_vouches_for_is_told_beside_the_doubt() -> None:
    stranger = run(issue_identity(another_authority("Mallory CA"), "alice@example.test", provider=PROVIDER, at=NOW))
    report = judge(sign(identity=stranger), contacts=known_as(LEAF))
    assert report.state is State.SIGNED_UNVERIFIED
    assert codes(report) == ["untrusted-anchor", "certificate-changed"]


def another_authority(name: str) -> Authority:
    return run(create_authority(name, provider=PROVIDER, at=NOW))


def test_a_streamed_examination_and_the_public_operations_tell_a_changed_certificate_too() -> None:
    before = run(issue_identity(another_authority("Former CA"), "alice@example.test", provider=PROVIDER, at=NOW))
    judging = Judging(trust_store=STORE, at=NOW, contacts=known_as(before.certificate))
    for report in (
        blocking.examine_message(sign(), judging, provider=PROVIDER),
        blocking.verify_message(sign(), judging, provider=PROVIDER),
        stream.examine_file(io.BytesIO(sign()), judging, provider=NativeStreamingProvider()).report,
    ):
        assert codes(report) == ["certificate-changed", "revocation-not-checked"]


def with_list(*revoked_numbers: int, revocation: RevocationPolicy = RevocationPolicy.REQUIRED) -> TrustStore:
    evidence = parse_evidence(revocation_lists=[build_revocation_list(*revoked_numbers)])
    return trust(revocation=revocation).with_evidence(evidence)


@pytest.mark.parametrize("policy", [RevocationPolicy.REQUIRED, RevocationPolicy.IF_KNOWN])
def test_a_list_of_the_authority_decides_from_message_to_sentence(policy: RevocationPolicy) -> None:
    at = NOW + DAY / 24
    good = judge(store=with_list(revocation=policy), at=at)
    assert (good.state, good.reasons) == (State.VERIFIED, ())
    assert explain_signer(only_signer(good)).sentence.endswith("not revoked, by its authority's list of 2026-06-01.")
    report = judge(store=with_list(LEAF.serial_number, revocation=policy), at=at)
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["certificate-revoked"])
    assert "revoked on 2026-06-01" in report.reasons[0].sentence
    bottom = explain_signer(only_signer(report)).tree[-1]
    assert (bottom.mark, bottom.revocation) == (Mark.BAD, "revoked on 2026-06-01")


def test_a_list_that_came_with_the_message_counts() -> None:
    crls = [build_revocation_list(LEAF.serial_number)]
    message = blocking.sign_message(
        MESSAGE, Signing(identities=[ALICE], signing_time=NOW, crls=crls), provider=PROVIDER
    )
    report = judge(message, store=trust(revocation=RevocationPolicy.IF_KNOWN), at=NOW + DAY / 24)
    assert codes(report) == ["certificate-revoked"]


def test_no_list_is_looked_at_where_nobody_is_to_be_asked() -> None:
    report = judge(store=with_list(LEAF.serial_number, revocation=RevocationPolicy.NOT_CHECKED), at=NOW + DAY / 24)
    assert (report.state, codes(report)) == (State.VERIFIED, ["revocation-not-checked"])


def test_one_search_beyond_the_limits_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[Certificate] = []

    async def validate_path(certificate: Certificate, *_provider: object, **_: object) -> ValidatedPath:
        followed.append(certificate)
        raise LimitExceeded("the number of signatures to check for a path", 201, 200)

    monkeypatch.setattr(signer_trust, "validate_path", validate_path)
    others = [person("bob"), person("carol")]
    message = blocking.sign_message(MESSAGE, Signing(identities=[ALICE, *others], signing_time=NOW), provider=PROVIDER)
    report = judge(message)
    assert len(followed) == 1
    assert report.state is State.SIGNED_UNVERIFIED
    assert [signer.reasons[0].code for signer in report.signers] == ["limit-exceeded", *["path-not-followed"] * 2]


def test_a_signature_that_does_not_fit_is_invalid_whether_its_path_is_followed_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_path(monkeypatch, LimitExceeded("the number of signatures to check for a path", 201, 200))
    form = SignatureForm.OPAQUE
    cms = blocking.sign_bytes(b"content", Signing(identities=[ALICE], signing_time=NOW, form=form), provider=PROVIDER)
    both = blocking.add_signer(cms, Signing(identities=[person("bob")], signing_time=NOW), provider=PROVIDER)
    signature = parse_signed_data(parse_content_info(both).content).signer_infos[1]
    assert isinstance(signature, SignerInfo)
    position = both.index(signature.signature)
    altered = both[:position] + bytes([both[position] ^ 1]) + both[position + 1 :]
    report = blocking.verify_bytes(altered, Judging(trust_store=STORE, at=NOW), provider=PROVIDER)
    assert report.state is State.INVALID
    assert sorted(signer.reasons[0].code for signer in report.signers) == ["limit-exceeded", "signature-mismatch"]


def test_whom_nobody_vouches_for_is_named_once() -> None:
    (why, *_) = judge(store=TrustStore(anchors=(), revocation=RevocationPolicy.NOT_CHECKED)).reasons
    assert why.sentence == "No authority that you trust vouches for this certificate. (CN=Test CA)"
    limited = TrustAnchor(certificate=ROOT, addresses=("@partner.example",))
    (why, *_) = judge(store=TrustStore(anchors=(limited,), revocation=RevocationPolicy.NOT_CHECKED)).reasons
    assert why.code == "untrusted-anchor"
    assert "partner.example" in why.sentence
