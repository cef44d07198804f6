"""The status of a certificate by OCSP responses (RFC 6960 sections 3.2 and 4.2.2): valid and refused ones."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.people import NOW
from tests.support.revocations import (
    DAY,
    HOUR,
    UNKNOWN,
    Holder,
    Reason,
    ask,
    authority,
    certificate_id,
    crl,
    delegate,
    entry,
    extension_der,
    generalized,
    issue,
    leaf,
    outcome,
    pyca_response,
    response,
    revoked,
    root,
    single,
    usage,
)

SERIAL = 0x1234
ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"


def answers(*responses: bytes, **options: object) -> tuple[str, str]:
    return outcome(ask(responses=responses, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("by_key", [True, False])
def test_must_39_a_response_by_the_issuer_says_good(by_key: bool) -> None:
    status = ask(responses=[response(authority(), by_key=by_key)])
    assert outcome(status) == ("good", "")
    assert (status.source, status.this_update, status.next_update) == ("ocsp", NOW - HOUR, NOW + DAY)


@pytest.mark.parametrize(
    ("number", "reason"), [(None, "unspecified"), (1, "keyCompromise"), (6, "certificateHold"), (7, "unspecified")]
)
def test_must_39_a_revocation_tells_its_time_and_reason(number: int | None, reason: str) -> None:
    status = ask(responses=[response(authority(), single(revoked(NOW - 3 * DAY, number)))])
    assert outcome(status) == ("revoked", reason)
    assert status.revoked_at == NOW - 3 * DAY


def test_must_39_unknown_is_not_good() -> None:
    assert answers(response(authority(), single(UNKNOWN))) == ("unknown", "responder-does-not-know")


@pytest.mark.parametrize(
    ("status", "expected"),
    [(ocsp.OCSPCertStatus.GOOD, ("good", "")), (ocsp.OCSPCertStatus.REVOKED, ("revoked", "keyCompromise"))],
)
def test_a_response_of_another_implementation_is_read(status: ocsp.OCSPCertStatus, expected: tuple[str, str]) -> None:
    assert answers(pyca_response(leaf(), authority(), status)) == expected


class TestCertificateId:
    @pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
    def test_it_names_the_certificate_by_either_hash(self, hash_name: str) -> None:
        about = certificate_id(leaf().certificate, authority(), hash_name=hash_name)
        assert answers(response(authority(), single(about=about))) == ("good", "")

    def test_must_39_an_answer_about_another_certificate_says_nothing(self) -> None:
        other = certificate_id(leaf().certificate, authority(), serial_number=7)
        assert answers(response(authority(), single(about=other))) == ("unknown", "nobody-to-ask")

    def test_the_name_and_the_key_of_the_issuer_both_count(self) -> None:
        twin = issue("Authority", root(), is_ca=True)
        other_key = certificate_id(leaf().certificate, twin)
        renamed = issue("Renamed", root(), is_ca=True, key=authority().key)
        other_name = certificate_id(issue("Leaf", renamed).certificate, authority(), serial_number=SERIAL)
        for about in (other_key, other_name):
            assert answers(response(authority(), single(about=about))) == ("unknown", "other-certificate")

    def test_of_several_answers_those_about_the_certificate_count(self) -> None:
        other = certificate_id(leaf().certificate, authority(), serial_number=7)
        about_other = single(revoked(), about=other)
        assert answers(response(authority(), about_other, single())) == ("good", "")
        assert answers(response(authority(), single(), single(revoked())))[0] == "revoked"


class TestFreshness:
    @pytest.mark.parametrize(
        ("this_update", "next_update", "expected"),
        [
            (NOW - DAY, NOW - HOUR, ("unknown", "stale")),
            (NOW + HOUR, NOW + DAY, ("unknown", "not-yet-valid")),
            (NOW + datetime.timedelta(minutes=4), NOW + DAY, ("good", "")),
            (NOW - 6 * DAY, None, ("good", "")),
            (NOW - 8 * DAY, None, ("unknown", "stale")),
        ],
    )
    def test_must_39_an_answer_counts_between_its_dates(
        self, this_update: datetime.datetime, next_update: datetime.datetime | None, expected: tuple[str, str]
    ) -> None:
        assert answers(response(authority(), single(this_update=this_update, next_update=next_update))) == expected

    def test_a_revocation_does_not_grow_old(self) -> None:
        stale = {"this_update": NOW - 3 * DAY, "next_update": NOW - 2 * DAY}
        assert answers(response(authority(), single(revoked(reason=4), **stale)))[0] == "revoked"  # type: ignore[arg-type]
        assert answers(response(authority(), single(revoked(reason=6), **stale))) == ("unknown", "stale")  # type: ignore[arg-type]

    def test_a_later_answer_covers_a_moment_in_the_past(self) -> None:
        at = NOW - 30 * DAY
        later = {"at": at, "gathered_at": NOW}
        assert answers(response(authority()), **later) == ("good", "")
        assert answers(response(authority()), at=at) == ("unknown", "not-yet-valid")
        assert answers(response(authority(), single(revoked(NOW - 20 * DAY, 1))), **later) == ("good", "")
        assert answers(response(authority(), single(revoked(NOW - 40 * DAY, 1))), **later)[0] == "revoked"

    def test_an_expired_certificate_counts_within_the_archive_cutoff(self) -> None:
        expired = issue("Expired", authority(), days=(-90, -10))
        about = certificate_id(expired.certificate, authority())
        later = {"about": expired, "at": NOW - 30 * DAY, "gathered_at": NOW}
        assert answers(response(authority(), single(about=about)), **later) == ("unknown", "not-yet-valid")
        for cutoff, expected in ((NOW - 100 * DAY, "good"), (NOW - 5 * DAY, "unknown")):
            archived = single(about=about, extensions=[extension_der(ARCHIVE_CUTOFF, generalized(cutoff))])
            assert answers(response(authority(), archived), **later)[0] == expected


class TestSignature:
    def test_must_39_an_altered_response_does_not_count(self) -> None:
        altered = bytearray(response(authority(), single(revoked())))
        position = altered.index(generalized(NOW - DAY)) + 10
        altered[position] ^= 1
        assert answers(bytes(altered)) == ("unknown", "unsigned")

    def test_a_signature_by_somebody_else_in_the_issuers_name_does_not_count(self) -> None:
        assert answers(response(root(), responder=authority())) == ("unknown", "unsigned")

    def test_a_response_in_another_name_does_not_count(self) -> None:
        assert answers(response(authority(), responder=root())) == ("unknown", "not-authorised")
        assert answers(response(authority(), responder=root(), by_key=True)) == ("unknown", "not-authorised")

    def test_it_must_have_been_made_while_the_issuer_was_valid(self) -> None:
        young = issue("Authority", root(), is_ca=True, days=(-1, 30))
        person = issue("Leaf", young)
        about = certificate_id(person.certificate, young)
        old = response(young, single(about=about), produced_at=NOW - 2 * DAY)
        assert answers(old, about=person, issuer=young) == ("unknown", "not-authorised")

    @pytest.mark.parametrize("critical", [True, False])
    def test_extensions_that_are_not_understood_matter_when_critical(self, critical: bool) -> None:
        expected = ("unknown", "not-understood") if critical else ("good", "")
        unknown = extension_der("1.2.3.4", b"\x05\x00", critical=critical)
        assert answers(response(authority(), extensions=[unknown])) == expected
        assert answers(response(authority(), single(extensions=[unknown]))) == expected

    def test_more_responses_than_are_looked_through_end_in_unknown(self) -> None:
        forged = [response(root(), responder=authority()) for _ in range(110)]
        assert answers(*forged) == ("unknown", "too-much")
        listed = crl(authority(), entry(SERIAL))
        assert ask(listed, responses=[response(authority()), *forged]).state == "revoked"


class TestDelegates:
    """Responders to which an issuer has delegated the signing of responses (RFC 6960 section 4.2.2.2)."""

    def by(self, responder: Holder, *, issuer: Holder | None = None, **options: object) -> tuple[str, str]:
        carried = (responder, issuer) if issuer else (responder,)
        return answers(response(responder, certificates=carried), **options)

    def test_must_39_a_delegate_of_the_issuer_may_answer(self) -> None:
        assert self.by(delegate(authority())) == ("good", "")
        assert self.by(delegate(authority(), key_usage=usage(digital_signature=True))) == ("good", "")

    def test_must_39_who_is_no_delegate_may_not(self) -> None:
        twin = issue("Authority", root(), is_ca=True)
        for responder in (
            delegate(root()),
            delegate(twin),
            delegate(authority(), purposes=()),
            delegate(authority(), purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION]),
            delegate(authority(), purposes=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
            delegate(authority(), key_usage=usage(key_encipherment=True)),
            delegate(authority(), days=(-30, -1)),
            delegate(authority(), days=(1, 30)),
        ):
            assert self.by(responder) == ("unknown", "not-authorised")

    def test_a_delegate_of_a_delegate_may_not(self) -> None:
        middle = issue("Middle", authority(), is_ca=True)
        assert self.by(delegate(middle), issuer=middle) == ("unknown", "not-authorised")

    def test_an_authority_is_no_delegate(self) -> None:
        # Many issuing authorities were certified for OCSP signing by mistake, beside the purposes that they issue for.
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
        signing = usage(digital_signature=True, key_cert_sign=True, crl_sign=True)
        sibling = issue("Sibling", authority(), is_ca=True, key_usage=signing, extensions=[purposes])
        assert self.by(sibling) == ("unknown", "not-authorised")

    def test_nobody_answers_about_their_own_certificate(self) -> None:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
        own = issue("Both", authority(), extensions=[purposes])
        renewed = issue("Renewed", authority(), extensions=[purposes], key=own.key)
        about = single(about=certificate_id(own.certificate, authority()))
        for responder in (own, renewed):
            answer = response(responder, about, certificates=[responder])
            assert answers(answer, about=own) == ("unknown", "not-authorised")
        other = delegate(authority())
        assert answers(response(other, about, certificates=[other]), about=own) == ("good", "")

    def test_its_certificate_may_come_from_elsewhere(self) -> None:
        responder = delegate(authority())
        assert answers(response(responder)) == ("unknown", "not-authorised")
        assert answers(response(responder), certificates=[responder]) == ("good", "")

    @pytest.mark.parametrize(("no_check", "expected"), [(False, "unknown"), (True, "good")])
    def test_a_delegate_that_a_list_revokes_may_not_unless_it_need_not_be_checked(
        self, no_check: bool, expected: str
    ) -> None:
        responder = delegate(authority(), no_check=no_check)
        revoking = crl(
            authority(), entry(responder.certificate.serial_number),
            this_update=NOW - 2 * DAY, next_update=NOW - DAY,
        )  # fmt: skip
        assert ask(revoking, responses=[response(responder, certificates=[responder])]).state == expected

    @pytest.mark.parametrize("count", range(95, 101))
    def test_a_delegate_whose_revocation_was_not_looked_at_may_not(self, count: int) -> None:
        responder = delegate(authority(), no_check=False)
        stale = {"this_update": NOW - 2 * DAY, "next_update": NOW - DAY}
        revoking = crl(authority(), entry(responder.certificate.serial_number), **stale)  # type: ignore[arg-type]
        forged = [response(root(), responder=authority(), produced_at=NOW - index * HOUR) for index in range(count)]
        answer = response(responder, certificates=[responder])
        assert outcome(ask(revoking, responses=[*forged, answer]))[0] == "unknown"

    def test_a_delegate_that_nobody_revokes_may(self) -> None:
        responder = delegate(authority(), no_check=False)
        assert self.by(responder) == ("good", "")


class TestTogetherWithLists:
    def test_a_revocation_in_either_counts(self) -> None:
        assert ask(crl(authority(), entry(SERIAL)), responses=[response(authority())]).state == "revoked"
        assert ask(crl(authority()), responses=[response(authority(), single(revoked()))]).state == "revoked"

    def test_a_newer_response_lifts_a_hold(self) -> None:
        hold = crl(authority(), entry(SERIAL, reason=Reason.certificate_hold), this_update=NOW - DAY)
        assert ask(hold, responses=[response(authority())]).state == "good"
        older = response(authority(), single(this_update=NOW - 2 * DAY))
        assert ask(hold, responses=[older]).state == "revoked"

    def test_a_list_helps_where_the_responder_does_not_know(self) -> None:
        assert ask(crl(authority()), responses=[response(authority(), single(UNKNOWN))]).state == "good"
