"""Old mail. A timestamp proves that the mail was signed while the signer's certificate was valid. The revocation data
in the message says whether the certificate was revoked by then."""

from __future__ import annotations

import datetime
import functools

import pytest
from cryptography import x509

from smime_core import Identity, MessageReport, RevocationPolicy, SignatureForm, State, TrustStore, blocking, stream
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.cades import add_validation_data, timestamp_when_signed
from smime_core.cms.attributes import SIGNATURE_TIME_STAMP, build_attribute
from smime_core.cms.signing import SignerOptions, Signing
from smime_core.pkix.evidence import Evidence, parse_evidence
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.path_tree import explain_signer
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, authority, trust
from tests.support.timestamp_service import (
    YEAR,
    answer,
    build_list,
    clock_anchors,
    make_token,
    root,
    service,
    token_der,
    tst_info,
)

DAY = datetime.timedelta(days=1)
LATER = NOW + 5 * YEAR
FROM = "alice@example.test"


@functools.cache
def alice() -> Identity:
    """Alice with a certificate that is valid for 30 days from NOW."""
    return run(issue_identity(authority(), FROM, provider=PROVIDER, at=NOW, details=Details(not_after=NOW + 30 * DAY)))


def store(
    *, revocation: RevocationPolicy = RevocationPolicy.NOT_CHECKED, clocks: bool = True, crls: tuple[bytes, ...] = ()
) -> TrustStore:
    return TrustStore(
        anchors=trust().anchors,
        revocation=revocation,
        timestamp_anchors=clock_anchors() if clocks else (),
        evidence=parse_evidence(revocation_lists=crls) if crls else Evidence(),
    )


def stamped_at(moment: datetime.datetime, *, by: Identity | None = None) -> SignerOptions:
    async def attributes(signature: bytes) -> tuple[bytes, ...]:
        return (build_attribute(SIGNATURE_TIME_STAMP, make_token(signature, gen_time=moment, by=by)),)

    return SignerOptions(unsigned_attributes=attributes)


def sign(options: SignerOptions | None = None) -> bytes:
    return blocking.sign_bytes(
        MESSAGE,
        Signing(identities=[alice()], signing_time=NOW, form=SignatureForm.OPAQUE, options=options or SignerOptions()),
        provider=PROVIDER,
    )


def examine(cms: bytes, trust_store: TrustStore | None = None, *, at: datetime.datetime = LATER) -> MessageReport:
    return blocking.examine_message(
        cms, Judging(trust_store=trust_store or store(), at=at), provider=PROVIDER, sender=FROM
    )


def codes(report: MessageReport) -> list[str]:
    return [why.code for why in report.reasons]


def issuer() -> Identity:
    return authority().identity


# A certificate that has expired since the signature.


def test_without_a_timestamp_an_expired_certificate_is_only_said_to_have_been_valid() -> None:
    report = examine(sign())
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["certificate-expired-since"])


def test_a_timestamp_keeps_a_signature_verified_after_its_certificate_expired() -> None:
    report = examine(sign(stamped_at(NOW)))
    assert (report.state, codes(report)[0]) == (State.VERIFIED, "proved-by-timestamp")
    assert "2026-06-01T12:00:00Z, by Clock" in report.reasons[0].sentence
    assert report.signers[0].path[-1] == issuer().certificate


def test_the_sentence_says_what_proves_it() -> None:
    (signer,) = examine(sign(stamped_at(NOW))).signers
    sentence = explain_signer(signer).sentence
    assert "vouched for alice@example.test until 2026-07-01" in sentence
    assert sentence.endswith("A timestamp proves that this was signed in time. (2026-06-01T12:00:00Z, by Clock)")


def test_the_same_in_a_stream(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("old") / "signed.cms"
    path.write_bytes(sign(stamped_at(NOW)))
    with path.open("rb") as file:
        examined = stream.examine_file(
            file, Judging(trust_store=store(), at=LATER), provider=NativeStreamingProvider(), sender=FROM
        )
    assert (examined.report.state, codes(examined.report)[0]) == (State.VERIFIED, "proved-by-timestamp")


def test_while_the_certificate_is_valid_a_timestamp_is_told() -> None:
    report = examine(sign(stamped_at(NOW)), at=NOW + DAY)
    assert (report.state, codes(report)[0]) == (State.VERIFIED, "timestamped")


def test_a_timestamp_of_after_the_certificate_expired_proves_nothing() -> None:
    """A thief of the key can set back their own clock, but not the clock of a timestamp service."""
    report = examine(sign(stamped_at(NOW + 31 * DAY)))
    assert report.state is State.SIGNED_UNVERIFIED
    assert codes(report) == ["certificate-expired-since", "timestamped"]


def test_the_accuracy_of_the_clock_counts_against_the_signature() -> None:
    expiry = alice().certificate.not_after

    async def attributes(signature: bytes) -> tuple[bytes, ...]:
        accuracy = b"\x30\x03\x02\x01\x3c"  # a minute
        moment = f"{expiry - datetime.timedelta(seconds=30):%Y%m%d%H%M%SZ}".encode()
        return (
            build_attribute(SIGNATURE_TIME_STAMP, token_der(tst_info(signature, gen_time=moment, further=(accuracy,)))),
        )

    report = examine(sign(SignerOptions(unsigned_attributes=attributes)))
    assert report.state is State.SIGNED_UNVERIFIED


def test_nobody_is_trusted_for_timestamps_by_default() -> None:
    report = examine(sign(stamped_at(NOW)), store(clocks=False))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["certificate-expired-since"])


def test_a_timestamp_that_is_not_trusted_is_told_with_its_reason() -> None:
    report = examine(sign(stamped_at(NOW, by=service("Stranger", under="Strangers"))))
    assert (report.state, codes(report)) == (
        State.SIGNED_UNVERIFIED,
        ["certificate-expired-since", "timestamp-not-counted"],
    )


def test_a_timestamp_of_another_signature_proves_nothing() -> None:
    async def attributes(_: bytes) -> tuple[bytes, ...]:
        return (build_attribute(SIGNATURE_TIME_STAMP, make_token(b"another signature")),)

    report = examine(sign(SignerOptions(unsigned_attributes=attributes)))
    assert codes(report) == ["certificate-expired-since", "timestamp-not-counted"]


def test_a_timestamp_helps_nobody_whom_no_one_vouches_for() -> None:
    report = examine(sign(stamped_at(NOW)), TrustStore(anchors=clock_anchors(), timestamp_anchors=clock_anchors()))
    assert (report.state, codes(report)[0]) == (State.SIGNED_UNVERIFIED, "untrusted-anchor")


def test_a_timestamp_does_not_mend_a_broken_signature() -> None:
    cms = sign(stamped_at(NOW))
    assert examine(cms.replace(b"Greetings", b"greetings")).state is State.INVALID


def test_a_timestamp_counts_as_long_as_its_service() -> None:
    cms = sign(stamped_at(NOW, by=service("Short", not_after=NOW + YEAR)))
    assert examine(cms, at=NOW + YEAR / 2).state is State.VERIFIED
    report = examine(cms)
    assert codes(report) == ["certificate-expired-since", "timestamp-not-counted"]


# Revocation before and after the proved time.


@pytest.mark.parametrize("revocation", [RevocationPolicy.IF_KNOWN, RevocationPolicy.REQUIRED])
def test_a_revocation_after_the_proved_time_does_not_undo_it(revocation: RevocationPolicy) -> None:
    lists = (build_list(root(), NOW), build_list(issuer(), NOW + 10 * DAY, alice(), revoked_at=NOW + 5 * DAY))
    report = examine(sign(stamped_at(NOW)), store(revocation=revocation, crls=lists), at=NOW + 11 * DAY)
    assert (report.state, codes(report)[0]) == (State.VERIFIED, "proved-by-timestamp")


def test_without_a_timestamp_the_same_revocation_does() -> None:
    lists = (build_list(issuer(), NOW + 10 * DAY, alice(), revoked_at=NOW + 5 * DAY),)
    report = examine(sign(), store(revocation=RevocationPolicy.IF_KNOWN, crls=lists), at=NOW + 11 * DAY)
    assert (report.state, codes(report)[0]) == (State.SIGNED_UNVERIFIED, "certificate-revoked")


def test_a_revocation_before_the_proved_time_counts() -> None:
    lists = (build_list(issuer(), NOW + 10 * DAY, alice(), revoked_at=NOW - DAY / 2),)
    report = examine(sign(stamped_at(NOW)), store(revocation=RevocationPolicy.IF_KNOWN, crls=lists), at=NOW + 11 * DAY)
    assert (report.state, codes(report)[0]) == (State.SIGNED_UNVERIFIED, "certificate-revoked")


def test_a_key_that_was_out_before_the_proved_time_counts_although_it_was_told_later() -> None:
    lists = (
        build_list(
            issuer(),
            NOW + 10 * DAY,
            alice(),
            revoked_at=NOW + 5 * DAY,
            why=x509.ReasonFlags.key_compromise,
            invalid_since=NOW - DAY / 2,
        ),
    )
    report = examine(sign(stamped_at(NOW)), store(revocation=RevocationPolicy.IF_KNOWN, crls=lists), at=NOW + 11 * DAY)
    assert (report.state, codes(report)[0]) == (State.SIGNED_UNVERIFIED, "certificate-revoked")


@pytest.mark.parametrize(
    ("why", "state"),
    [
        (x509.ReasonFlags.superseded, State.VERIFIED),
        (x509.ReasonFlags.cessation_of_operation, State.VERIFIED),
        (x509.ReasonFlags.key_compromise, State.SIGNED_UNVERIFIED),
        (None, State.SIGNED_UNVERIFIED),
    ],
)
def test_a_service_that_was_revoked_since_counts_only_where_its_key_was_safe(
    why: x509.ReasonFlags | None, state: State
) -> None:
    """RFC 3161 section 4: a stolen key can make timestamps of any time. A missing reason may mean a stolen key."""
    lists = (build_list(root(), NOW + YEAR, service(), revoked_at=NOW + YEAR / 2, why=why),)
    cms, judged = sign(stamped_at(NOW)), store(revocation=RevocationPolicy.IF_KNOWN, crls=lists)
    assert examine(cms, judged, at=NOW + YEAR + DAY).state is state


def test_a_service_that_was_revoked_before_is_refused() -> None:
    lists = (build_list(root(), NOW + YEAR, service(), revoked_at=NOW - DAY, why=x509.ReasonFlags.superseded),)
    report = examine(
        sign(stamped_at(NOW)), store(revocation=RevocationPolicy.IF_KNOWN, crls=lists), at=NOW + YEAR + DAY
    )
    assert codes(report)[:2] == ["certificate-expired-since", "timestamp-not-counted"]


# Level B-LT: the message carries all the data needed, and no service can be asked any more.


def test_a_message_brings_along_what_it_is_judged_by_years_later() -> None:
    cms = sign(stamped_at(NOW))
    strict = store(revocation=RevocationPolicy.REQUIRED)
    bare = examine(cms, strict)
    assert bare.state is State.SIGNED_UNVERIFIED
    lasting = add_validation_data(cms, crls=[build_list(issuer(), NOW - DAY / 4), build_list(root(), NOW - DAY / 4)])
    report = examine(lasting, strict)
    assert (report.state, codes(report)) == (State.VERIFIED, ["proved-by-timestamp"])


def test_lists_that_were_issued_after_the_timestamp_count_as_well() -> None:
    lists = [build_list(issuer(), NOW + DAY), build_list(root(), NOW + DAY)]
    lasting = add_validation_data(sign(stamped_at(NOW)), crls=lists)
    report = examine(lasting, store(revocation=RevocationPolicy.REQUIRED))
    assert (report.state, codes(report)) == (State.VERIFIED, ["proved-by-timestamp"])


def test_lists_of_long_before_the_timestamp_do_not_count() -> None:
    lists = [build_list(issuer(), NOW - 20 * DAY), build_list(root(), NOW - 20 * DAY)]
    report = examine(
        add_validation_data(sign(stamped_at(NOW)), crls=lists), store(revocation=RevocationPolicy.REQUIRED)
    )
    assert report.state is State.SIGNED_UNVERIFIED


def test_a_list_that_a_stranger_made_does_not_count() -> None:
    forged = build_list(service("Test CA", under="Strangers"), NOW)
    report = examine(
        add_validation_data(sign(stamped_at(NOW)), crls=[forged, build_list(root(), NOW)]),
        store(revocation=RevocationPolicy.REQUIRED),
    )
    assert report.state is State.SIGNED_UNVERIFIED


def test_a_crl_in_a_message_may_revoke_its_own_signer() -> None:
    lists = [build_list(issuer(), NOW, alice(), revoked_at=NOW - DAY / 2)]
    report = examine(add_validation_data(sign(), crls=lists), store(revocation=RevocationPolicy.IF_KNOWN), at=NOW + DAY)
    assert codes(report)[0] == "certificate-revoked"


def test_old_mail_is_judged_as_of_then_by_what_it_carries() -> None:
    """As by `sealwax verify --at`: the mail has no timestamp, and the reader gives the time."""
    lasting = add_validation_data(sign(), crls=[build_list(issuer(), NOW - DAY / 4)])
    strict = store(revocation=RevocationPolicy.REQUIRED, clocks=False)
    assert examine(lasting, strict, at=NOW + DAY).state is State.VERIFIED
    assert examine(lasting, strict).state is State.SIGNED_UNVERIFIED


def test_damaged_data_in_a_message_hides_nothing_else() -> None:
    lasting = add_validation_data(
        sign(stamped_at(NOW)),
        crls=[build_list(issuer(), NOW), build_list(root(), NOW), b"\x30\x00"],
        ocsp_responses=[b"\x30\x00"],
    )
    assert examine(lasting, store(revocation=RevocationPolicy.REQUIRED)).state is State.VERIFIED


def test_the_answer_of_a_service_lasts() -> None:
    options = SignerOptions(unsigned_attributes=timestamp_when_signed(answer, provider=PROVIDER))
    assert examine(sign(options)).state is State.VERIFIED
