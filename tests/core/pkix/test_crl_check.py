"""The status of a certificate by revocation lists (RFC 5280 section 6.3.3). For each step, one case has a list that
counts and one a list that does not."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509

from smime_core.limits import MAX_LIST_SIGNERS
from smime_core.pkix import statements
from smime_core.policy import Policy
from tests.support.people import NOW
from tests.support.revocations import (
    DAY,
    HOUR,
    Holder,
    Reason,
    anybody,
    ask,
    authority,
    crl,
    entry,
    generalized,
    issue,
    outcome,
    point,
    points,
    response,
    root,
    scope,
    usage,
    with_sha1,
)

GOOD = ("good", "")
SERIAL = 0x1234
HERE, ELSEWHERE = "http://lists.example.test/here.crl", "http://lists.example.test/elsewhere.crl"
SOME = (Reason.key_compromise, Reason.ca_compromise)
REST = tuple(set(Reason) - {*SOME, Reason.unspecified, Reason.remove_from_crl})


def pointing(*members: object, is_ca: bool = False) -> Holder:
    """A holder whose certificate names these distribution points."""
    return issue("Pointing", authority(), serial_number=SERIAL, is_ca=is_ca, extensions=[points(*members)])  # type: ignore[arg-type]


def test_must_39_a_full_list_by_the_issuer_says_good() -> None:
    status = ask(crl(authority(), entry(1), entry(2)))
    assert outcome(status) == GOOD
    assert (status.source, status.this_update, status.next_update) == ("crl", NOW - HOUR, NOW + DAY)


@pytest.mark.parametrize("reason", [Reason.key_compromise, Reason.certificate_hold, Reason.superseded])
def test_must_39_a_listed_certificate_is_revoked(reason: Reason) -> None:
    status = ask(crl(authority(), entry(1), entry(SERIAL, reason=reason), entry(3)))
    assert outcome(status) == ("revoked", reason.value)
    assert status.revoked_at == NOW - DAY


def test_without_a_reason_it_is_unspecified() -> None:
    assert outcome(ask(crl(authority(), entry(SERIAL)))) == ("revoked", "unspecified")


def test_without_evidence_nobody_was_asked() -> None:
    assert outcome(ask()) == ("unknown", "nobody-to-ask")
    assert outcome(ask(about=pointing(point(HERE)))) == ("unknown", "not-asked")


class TestFreshness:
    @pytest.mark.parametrize(
        ("this_update", "next_update", "expected"),
        [
            (NOW - DAY, NOW - HOUR, ("unknown", "stale")),
            (NOW - DAY, NOW + HOUR, GOOD),
            (NOW + HOUR, NOW + DAY, ("unknown", "not-yet-valid")),
            # Clocks may differ a little, in both directions.
            (NOW + datetime.timedelta(minutes=4), NOW + DAY, GOOD),
            (NOW - DAY, NOW - datetime.timedelta(minutes=4), GOOD),
            (NOW - 6 * DAY, None, GOOD),
            (NOW - 8 * DAY, None, ("unknown", "stale")),
        ],
    )
    def test_a_list_counts_between_its_dates(
        self, this_update: datetime.datetime, next_update: datetime.datetime | None, expected: tuple[str, str]
    ) -> None:
        assert outcome(ask(crl(authority(), this_update=this_update, next_update=next_update))) == expected

    def test_a_revocation_does_not_grow_old(self) -> None:
        stale = {"this_update": NOW - 3 * DAY, "next_update": NOW - 2 * DAY}
        final = crl(authority(), entry(SERIAL, reason=Reason.superseded, at=NOW - 4 * DAY), **stale)  # type: ignore[arg-type]
        hold = crl(authority(), entry(SERIAL, reason=Reason.certificate_hold, at=NOW - 4 * DAY), **stale)  # type: ignore[arg-type]
        assert outcome(ask(final)) == ("revoked", "superseded")
        assert outcome(ask(hold)) == ("unknown", "stale")


class TestThePast:
    """The status is wanted for a time before the list was made."""

    AT = NOW - 30 * DAY

    def test_a_later_list_counts_when_it_was_gathered_later(self) -> None:
        assert outcome(ask(crl(authority()), at=self.AT)) == ("unknown", "not-yet-valid")
        assert outcome(ask(crl(authority()), at=self.AT, gathered_at=NOW)) == GOOD
        assert outcome(ask(crl(authority()), at=self.AT, gathered_at=NOW - DAY)) == ("unknown", "not-yet-valid")

    @pytest.mark.parametrize(
        ("reason", "revoked_at", "invalid_since", "expected"),
        [
            (Reason.superseded, NOW - 40 * DAY, None, "revoked"),
            (Reason.superseded, NOW - 20 * DAY, None, "good"),
            (Reason.superseded, NOW - 20 * DAY, NOW - 40 * DAY, "good"),
            (Reason.key_compromise, NOW - 20 * DAY, None, "good"),
            (Reason.key_compromise, NOW - 20 * DAY, NOW - 40 * DAY, "revoked"),
            (Reason.key_compromise, NOW - 20 * DAY, NOW - 25 * DAY, "good"),
        ],
    )
    def test_a_revocation_counts_only_from_its_time(
        self,
        reason: Reason,
        revoked_at: datetime.datetime,
        invalid_since: datetime.datetime | None,
        expected: str,
    ) -> None:
        listed = crl(authority(), entry(SERIAL, reason=reason, at=revoked_at, invalid_since=invalid_since))
        assert ask(listed, at=self.AT, gathered_at=NOW).state == expected

    def test_a_list_made_after_the_expiry_may_have_forgotten_the_certificate(self) -> None:
        expired = issue("Expired", authority(), days=(-90, -10))
        assert outcome(ask(crl(authority()), about=expired, at=self.AT, gathered_at=NOW)) == (
            "unknown", "not-yet-valid",
        )  # fmt: skip
        before = crl(authority(), this_update=NOW - 11 * DAY)
        assert outcome(ask(before, about=expired, at=self.AT, gathered_at=NOW)) == GOOD

    @pytest.mark.parametrize(("since", "expected"), [(NOW - 100 * DAY, "good"), (NOW - 5 * DAY, "unknown")])
    def test_a_list_that_keeps_expired_certificates_counts_for_them(
        self, since: datetime.datetime, expected: str
    ) -> None:
        expired = issue("Expired", authority(), days=(-90, -10))
        own = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), generalized(since))
        listed = crl(authority(), extensions=[own])
        assert ask(listed, about=expired, at=self.AT, gathered_at=NOW).state == expected

    def test_a_list_of_the_time_counts_as_ever(self) -> None:
        listed = crl(authority(), this_update=self.AT - DAY, next_update=self.AT + DAY)
        assert outcome(ask(listed, at=self.AT)) == GOOD
        revoking = crl(
            authority(), entry(SERIAL, at=self.AT + HOUR), this_update=self.AT - DAY, next_update=self.AT + DAY
        )
        # The list was made before the time in question, so the later date in its entry does not matter.
        assert ask(revoking, at=self.AT).state == "revoked"


class TestScope:
    """Step (b): the scope of a list."""

    def test_another_issuers_list_says_nothing(self) -> None:
        assert outcome(ask(crl(root(), entry(SERIAL)))) == ("unknown", "nobody-to-ask")

    @pytest.mark.parametrize(
        ("named", "listed", "expected"),
        [
            (point(HERE), scope(HERE), "good"),
            (point(HERE, ELSEWHERE), scope(ELSEWHERE), "good"),
            (point(HERE), scope(ELSEWHERE), "unknown"),
            (point(relative="part"), scope(relative="part"), "good"),
            (point(relative="part"), scope(relative="whole"), "unknown"),
            (point(HERE), scope(users=True), "good"),
            (point(HERE), scope(authorities=True), "unknown"),
            (point(HERE), scope(attributes=True), "unknown"),
            (point(HERE), scope(indirect=True), "good"),
        ],
    )
    def test_must_39_the_list_covers_what_the_certificate_points_to(
        self, named: object, listed: object, expected: str
    ) -> None:
        assert ask(crl(authority(), extensions=[listed]), about=pointing(named)).state == expected  # type: ignore[list-item]

    def test_a_list_of_authorities_is_for_authorities(self) -> None:
        subordinate = pointing(point(HERE), is_ca=True)
        assert ask(crl(authority(), extensions=[scope(authorities=True)]), about=subordinate).state == "good"
        assert ask(crl(authority(), extensions=[scope(users=True)]), about=subordinate).state == "unknown"

    def test_a_list_that_no_point_names_is_taken_too(self) -> None:
        assert ask(crl(authority()), about=pointing(point(HERE))).state == "good"

    @pytest.mark.parametrize("critical", [True, False])
    def test_an_extension_that_is_not_understood_matters_when_critical(self, critical: bool) -> None:
        expected = ("unknown", "not-understood") if critical else GOOD
        assert outcome(ask(crl(authority(), unknown=critical))) == expected
        # RFC 5280 section 5.3: one such entry, about any certificate, makes the whole list unusable.
        assert outcome(ask(crl(authority(), entry(7, unknown=critical)))) == expected


class TestReasons:
    """Steps (d), (e) and (l): the reasons that a list covers."""

    def test_lists_by_reason_cover_all_of_them_together(self) -> None:
        person = pointing(point(HERE, reasons=SOME), point(ELSEWHERE, reasons=REST))
        some = crl(authority(), extensions=[scope(HERE, reasons=SOME)])
        rest = crl(authority(), extensions=[scope(ELSEWHERE, reasons=REST)])
        assert ask(some, rest, about=person).state == "good"
        assert outcome(ask(some, about=person)) == ("unknown", "reasons-not-covered")

    def test_a_list_for_some_reasons_is_not_enough_and_revokes(self) -> None:
        some = scope(reasons=SOME)
        assert outcome(ask(crl(authority(), extensions=[some]))) == ("unknown", "reasons-not-covered")
        revoking = crl(authority(), entry(SERIAL, reason=Reason.key_compromise), extensions=[some])
        assert outcome(ask(revoking)) == ("revoked", "keyCompromise")

    def test_a_point_that_asks_for_some_reasons_of_a_full_list_does_not_narrow_it(self) -> None:
        # The end of section 6.3.3 uses the same list again, as one that no distribution point names.
        assert ask(crl(authority()), about=pointing(point(HERE, reasons=SOME))).state == "good"


class TestIndirectLists:
    def list_issuer(self) -> Holder:
        return issue("Lists", root(), key_usage=usage(crl_sign=True))

    def person(self) -> Holder:
        return pointing(point(HERE, crl_issuer="Lists"))

    def test_the_issuer_of_the_entry_decides(self) -> None:
        lists, person = self.list_issuer(), self.person()
        for entries, expected in (
            ([entry(SERIAL, issuer="Authority")], "revoked"),
            ([entry(SERIAL, issuer="Somebody")], "good"),
            # Section 5.3.3: the certificate issuer counts for the entries that follow, too.
            ([entry(1, issuer="Authority"), entry(2), entry(SERIAL)], "revoked"),
            ([entry(1, issuer="Authority"), entry(2, issuer="Somebody"), entry(SERIAL)], "good"),
            ([entry(SERIAL, issuer="Somebody"), entry(SERIAL, issuer="Authority")], "revoked"),
            # Entries before the first such extension are about certificates of the list's own issuer.
            ([entry(SERIAL), entry(1, issuer="Authority")], "good"),
        ):
            listed = crl(lists, *entries, extensions=[scope(HERE, indirect=True)])
            status = ask(listed, about=person, certificates=[lists], is_valid_crl_issuer=anybody)
            assert status.state == expected

    def test_the_issuer_of_the_list_needs_a_path_to_the_anchor(self) -> None:
        lists, person = self.list_issuer(), self.person()
        listed = crl(lists, extensions=[scope(HERE, indirect=True)])
        status = ask(listed, about=person, certificates=[lists])
        assert outcome(status) == ("unknown", "not-authorised")

    def test_must_39_a_list_that_does_not_say_so_is_not_indirect(self) -> None:
        lists, person = self.list_issuer(), self.person()
        listed = crl(lists, extensions=[scope(HERE)])
        assert ask(listed, about=person, certificates=[lists], is_valid_crl_issuer=anybody).state == "unknown"

    def test_an_entry_with_an_issuer_in_a_direct_list_is_not_understood(self) -> None:
        listed = crl(authority(), entry(7, issuer="Somebody"))
        assert outcome(ask(listed)) == ("unknown", "not-understood")


class TestSigner:
    """Steps (f) and (g): the signer of a list."""

    def test_a_signature_by_another_key_does_not_count(self) -> None:
        assert outcome(ask(crl(root(), issuer="Authority"))) == ("unknown", "unsigned")

    def test_an_altered_list_does_not_count(self) -> None:
        octets = crl(authority(), entry(1))
        assert outcome(ask(octets.replace(b"\x02\x01\x01\x17", b"\x02\x01\x02\x17"))) == ("unknown", "unsigned")

    def test_an_issuer_without_crl_sign_may_not_sign_lists(self) -> None:
        mute = issue("Authority", root(), is_ca=True, key_usage=usage(key_cert_sign=True))
        person = issue("Leaf", mute)
        assert outcome(ask(crl(mute), about=person, issuer=mute)) == ("unknown", "not-authorised")

    def test_the_other_key_of_an_authority_may_sign_once_it_has_a_path(self) -> None:
        newer = issue("Authority", root(), is_ca=True)
        listed = crl(newer, entry(SERIAL))
        assert ask(listed, certificates=[newer], is_valid_crl_issuer=anybody).state == "revoked"
        assert outcome(ask(listed, certificates=[newer])) == ("unknown", "not-authorised")

    def test_a_weak_signature_counts_by_policy_archive_alone(self) -> None:
        listed = with_sha1(crl(authority()), authority())
        assert outcome(ask(listed)) == ("unknown", "weak-signature")
        assert outcome(ask(listed, policy=Policy.ARCHIVE)) == GOOD

    def test_the_key_identifier_tells_two_keys_of_one_name_apart(self) -> None:
        newer = issue("Authority", root(), is_ca=True)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(newer.key.public_key())
        tried: list[object] = []

        async def note(candidate: object) -> bool:
            tried.append(candidate)
            return True

        assert ask(crl(newer, extensions=[own]), certificates=[newer], is_valid_crl_issuer=note).state == "good"
        assert tried == [newer.certificate]

    def test_a_signer_with_another_key_identifier_is_not_tried(self) -> None:
        other = x509.AuthorityKeyIdentifier(b"another", None, None)
        assert outcome(ask(crl(authority(), extensions=[other]))) == ("unknown", "not-authorised")

    def test_more_lists_than_are_looked_through_end_in_unknown(self) -> None:
        forged = [crl(root(), entry(number), issuer="Authority") for number in range(1, 110)]
        assert outcome(ask(*forged)) == ("unknown", "too-much")
        assert ask(crl(authority(), entry(SERIAL)), *forged).state == "revoked"
        # One of the lists that were not looked at could revoke the certificate.
        assert outcome(ask(crl(authority()), *forged)) == ("unknown", "too-much")
        assert outcome(ask(*forged, responses=[response(authority())])) == ("unknown", "too-much")

    def test_the_paths_of_few_signers_are_followed(self) -> None:
        twins = [issue("Authority", root(), is_ca=True) for _ in range(MAX_LIST_SIGNERS + 1)]
        candidates: list[object] = []

        async def refuse(candidate: object) -> bool:
            candidates.append(candidate)
            return False

        # The second list of each twin causes no second question about its signer.
        lists = [crl(twin, entry(number)) for twin in twins for number in (1, 2)]
        assert outcome(ask(*lists, certificates=twins, is_valid_crl_issuer=refuse)) == ("unknown", "too-much")
        assert len(candidates) == MAX_LIST_SIGNERS

    def test_the_bytes_hashed_for_signatures_are_limited(self, monkeypatch: pytest.MonkeyPatch) -> None:
        listed = crl(authority())
        monkeypatch.setattr(statements, "MAX_REVOCATION_SIGNED_BYTES", 50)
        assert outcome(ask(listed)) == ("unknown", "too-much")


class TestDeltas:
    """Steps (c) and (h) to (k): delta lists."""

    def base(self, *entries: object, **options: object) -> bytes:
        return crl(authority(), *entries, **{"number": 5, **options})  # type: ignore[arg-type]

    def delta(self, *entries: object, **options: object) -> bytes:
        return crl(authority(), *entries, **{"number": 6, "base": 5, **options})  # type: ignore[arg-type]

    def test_a_delta_adds_revocations(self) -> None:
        assert outcome(ask(self.base(), self.delta(entry(SERIAL, reason=Reason.superseded)))) == (
            "revoked", "superseded",
        )  # fmt: skip

    def test_a_delta_lifts_a_hold(self) -> None:
        hold = self.base(entry(SERIAL, reason=Reason.certificate_hold))
        assert ask(hold).state == "revoked"
        assert outcome(ask(hold, self.delta(entry(SERIAL, reason=Reason.remove_from_crl)))) == GOOD

    @pytest.mark.parametrize("reason", [Reason.remove_from_crl, Reason.certificate_hold])
    def test_a_delta_takes_no_final_revocation_back(self, reason: Reason) -> None:
        final = self.base(entry(SERIAL, reason=Reason.key_compromise))
        assert outcome(ask(final, self.delta(entry(SERIAL, reason=reason)))) == ("revoked", "keyCompromise")

    def test_a_delta_alone_says_nothing(self) -> None:
        assert ask(self.delta(entry(SERIAL))).state == "unknown"

    def test_a_delta_brings_an_old_list_up_to_date(self) -> None:
        old = self.base(this_update=NOW - 3 * DAY, next_update=NOW - DAY)
        assert outcome(ask(old)) == ("unknown", "stale")
        status = ask(old, self.delta())
        assert outcome(status) == GOOD
        assert status.this_update == NOW - HOUR

    @pytest.mark.parametrize(
        "options",
        [
            {"number": 5},
            {"number": 4},
            {"base": 6, "number": 7},
            {"extensions": [scope(users=True)]},
            {"next_update": NOW - HOUR, "this_update": NOW - DAY},
            {"unknown": True},
        ],
        ids=["same number", "older", "later base", "another scope", "stale", "not understood"],
    )
    def test_must_39_a_delta_that_does_not_fit_is_left_out(self, options: dict[str, object]) -> None:
        assert ask(self.base(), self.delta(entry(SERIAL), **options)).state == "good"

    def test_forged_deltas_do_not_hide_what_the_complete_list_says(self) -> None:
        forged = [crl(root(), issuer="Authority", number=number, base=5) for number in range(6, 116)]
        assert ask(self.base(entry(SERIAL)), *forged).state == "revoked"

    def test_a_delta_by_another_key_is_left_out(self) -> None:
        forged = crl(root(), entry(SERIAL), issuer="Authority", number=6, base=5)
        assert ask(self.base(), forged).state == "good"


class TestSeveralLists:
    def test_a_revocation_in_any_of_them_counts(self) -> None:
        older = crl(authority(), this_update=NOW - DAY)
        newer = crl(authority(), entry(SERIAL))
        assert ask(older, newer).state == ask(newer, older).state == "revoked"

    def test_a_hold_is_lifted_by_a_newer_list_and_nothing_else_is(self) -> None:
        newer = crl(authority())
        hold = crl(authority(), entry(SERIAL, reason=Reason.certificate_hold), this_update=NOW - DAY)
        final = crl(authority(), entry(SERIAL, reason=Reason.key_compromise), this_update=NOW - DAY)
        assert ask(hold, newer).state == "good"
        assert ask(final, newer).state == "revoked"
        older = crl(authority(), this_update=NOW - 2 * DAY)
        assert ask(hold, older).state == "revoked"

    def test_a_final_revocation_overrides_a_hold(self) -> None:
        hold = crl(authority(), entry(SERIAL, reason=Reason.certificate_hold, at=NOW - 9 * DAY))
        final = crl(authority(), entry(SERIAL, reason=Reason.superseded, at=NOW - 2 * DAY), this_update=NOW - DAY)
        later = crl(authority(), entry(SERIAL, reason=Reason.key_compromise, at=NOW - DAY))
        for lists in ((hold, final, later), (later, final, hold)):
            assert outcome(ask(*lists)) == ("revoked", "keyCompromise")

    def test_a_graver_reason_is_not_hidden_by_an_earlier_one(self) -> None:
        # The reason decides whether an earlier timestamp counts. An attacker may put an old list into the message.
        mild = entry(SERIAL, reason=Reason.superseded, at=NOW - 9 * DAY)
        grave = entry(SERIAL, reason=Reason.key_compromise, at=NOW - 2 * DAY)
        old, new = crl(authority(), mild, this_update=NOW - 5 * DAY), crl(authority(), grave)
        for lists in ((old, new), (new, old), (crl(authority(), mild, grave),), (crl(authority(), grave, mild),)):
            status = ask(*lists)
            assert (outcome(status), status.revoked_at) == (("revoked", "keyCompromise"), NOW - 2 * DAY)


def test_an_authority_is_asked_about_like_anybody() -> None:
    assert ask(crl(root()), about=authority(), issuer=root()).state == "good"
    listed = crl(root(), entry(authority().certificate.serial_number))
    assert ask(listed, about=authority(), issuer=root()).state == "revoked"
