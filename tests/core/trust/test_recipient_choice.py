"""The choice of recipients' certificates: address, dates, use and path must pass, and each reason is reported."""

from __future__ import annotations

import dataclasses
import datetime
import functools

import pytest

from smime_core import Identity, RevocationPolicy, TrustAnchor, TrustStore
from smime_core.blocking import run
from smime_core.ca import demo as demo_ca
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.ca.extensions import build_subject_alt_name
from smime_core.errors import (
    CertificateRevoked,
    LimitExceeded,
    MalformedMessage,
    PathError,
    RevocationUnknown,
)
from smime_core.limits import MAX_FOUND_CERTIFICATES
from smime_core.pkix import PathTrail, RevocationState, RevocationStatus, ValidatedPath
from smime_core.provider import NewKey
from smime_core.trust.contacts import NO_CONTACTS, CertificateSource, Contact, Contacts, KnownCertificate
from smime_core.trust.judging import Judging
from smime_core.trust.recipient_choice import (
    CHOICE_REASONS,
    WARNINGS,
    FoundCertificate,
    RecipientCheck,
    RecipientChoice,
    check_recipient,
    check_without_path,
    choose_recipient,
    find_in_contacts,
)
from smime_core.x509.certificate import ANY_EXTENDED_KEY_USAGE, Certificate
from tests.support.people import NOW, PROVIDER, anchor, authority, person, trust

BOB = "bob@example.test"
DAY = datetime.timedelta(days=1)
SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
CHOICE = "smime_core.trust.recipient_choice.validate_path"


@functools.cache
def bob(
    *,
    from_days: int = -1,
    until_days: int = 700,
    usages: tuple[str, ...] = (),
    key: NewKey = NewKey.P256,
    issuer: Authority | None = None,
    is_ca: bool = False,
) -> Identity:
    return run(
        issue_identity(
            issuer or authority(),
            BOB,
            provider=PROVIDER,
            at=NOW,
            key=key,
            details=Details(
                not_before=NOW + from_days * DAY,
                not_after=NOW + until_days * DAY,
                is_ca=is_ca,
                extended_key_usage=usages or (ANY_EXTENDED_KEY_USAGE,),
            ),
        )
    )


def found(
    identity: Identity | Certificate,
    source: CertificateSource = CertificateSource.LDAP,
    *,
    intermediates: tuple[Certificate, ...] = (),
    is_preferred: bool = False,
) -> FoundCertificate:
    certificate = identity.certificate if isinstance(identity, Identity) else identity
    return FoundCertificate(
        certificate=certificate, source=source, intermediates=intermediates, is_preferred=is_preferred
    )


def check(one: Identity, address: str = BOB, *, store: TrustStore | None = None, contacts: Contacts = NO_CONTACTS,
          at: datetime.datetime = NOW) -> RecipientCheck:  # fmt: skip
    judging = Judging(trust_store=store or trust(), at=at, contacts=contacts)
    return run(check_recipient(found(one), address, judging, PROVIDER))


def choose(*candidates: FoundCertificate, store: TrustStore | None = None) -> RecipientChoice:
    return run(choose_recipient(BOB, candidates, Judging(trust_store=store or trust(), at=NOW), PROVIDER))


def codes(checked: RecipientCheck) -> list[str]:
    return [reason.code for reason in checked.reasons]


def warned(checked: RecipientCheck) -> list[str]:
    return [warning.code for warning in checked.warnings]


def test_a_good_certificate_is_usable_and_its_path_is_told() -> None:
    checked = check(bob())
    assert checked.is_usable
    assert warned(checked) == ["revocation-not-checked"]
    assert checked.trail is not None
    assert checked.trail.certificates == (bob().certificate, anchor())


@pytest.mark.parametrize("address", ["BOB@Example.TEST", "bob@example.test"])
def test_addresses_are_compared_as_elsewhere(address: str) -> None:
    assert check(bob(), address).is_usable


@pytest.mark.parametrize(
    "address", ["alice@example.test", "bob@example.test.evil.test", "bob@", "", "xbob@example.test"]
)
def test_a_certificate_for_another_address_is_never_used(address: str) -> None:
    checked = check(bob(), address)
    assert codes(checked) == ["other-address"]
    assert BOB in checked.reasons[0].sentence


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (bob(until_days=-1, from_days=-20), ["certificate-expired"]),
        (bob(from_days=5), ["certificate-not-yet-valid"]),
        (bob(usages=(SERVER_AUTHENTICATION,)), ["not-for-encryption"]),
        (bob(key=NewKey.ED25519), ["key-cannot-receive"]),
        (bob(is_ca=True), ["is-authority"]),
    ],
    ids=["expired", "not yet", "for servers", "only signs", "authority"],
)
def test_each_fault_is_told_by_its_own_reason(identity: Identity, expected: list[str]) -> None:
    assert codes(check(identity)) == expected


def test_a_key_that_cannot_receive_is_named_with_its_kind() -> None:
    (reason,) = check(bob(key=NewKey.ED25519)).reasons
    assert reason.sentence == "This kind of key cannot be used for encryption. (Ed25519)"


def test_all_reasons_are_told_at_once() -> None:
    checked = check(bob(until_days=-1, from_days=-20, usages=(SERVER_AUTHENTICATION,)), "alice@example.test")
    assert codes(checked) == ["other-address", "certificate-expired", "not-for-encryption"]


@pytest.mark.parametrize(("days", "expected"), [(29, ["expires-soon"]), (31, [])])
def test_expiry_within_thirty_days_is_reported(days: int, expected: list[str]) -> None:
    checked = check(bob(until_days=days))
    assert checked.is_usable
    assert [code for code in warned(checked) if code == "expires-soon"] == expected


@functools.cache
def stranger() -> Authority:
    return run(create_authority("Stranger CA", provider=PROVIDER, at=NOW))


def test_nobody_who_is_trusted_vouches_for_it() -> None:
    assert codes(check(bob(issuer=stranger()))) == ["untrusted-anchor"]


def test_an_authority_above_that_has_expired_is_told_apart() -> None:
    old = run(
        create_authority(
            "Old CA", provider=PROVIDER, at=NOW, issuer=authority(), details=Details(not_after=NOW - DAY / 2)
        )
    )
    person_of_old = bob(issuer=old)
    checked = run(
        check_recipient(
            found(person_of_old, intermediates=(old.identity.certificate,)),
            BOB,
            Judging(trust_store=trust(), at=NOW),
            PROVIDER,
        )
    )
    assert codes(checked) == ["issuer-expired"]


def test_a_missing_intermediate_is_what_intermediates_are_for() -> None:
    middle = run(create_authority("Middle CA", provider=PROVIDER, at=NOW, issuer=authority()))
    identity = bob(issuer=middle)
    assert codes(check(identity)) == ["untrusted-anchor"]
    above = choose(found(identity, intermediates=(middle.identity.certificate,)))
    assert above.chosen is not None
    # The same certificate comes from an earlier source too, but without its intermediates.
    both = choose(
        found(identity, CertificateSource.HARVEST), found(identity, intermediates=(middle.identity.certificate,))
    )
    assert both.chosen is not None
    assert both.chosen.found.source is CertificateSource.HARVEST


def test_an_anchor_for_other_addresses_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    store = TrustStore(
        anchors=(TrustAnchor(certificate=anchor(), addresses=("@other.test",)),),
        revocation=RevocationPolicy.NOT_CHECKED,
    )

    async def covers_nothing(certificate: Certificate, *_provider: object, **_: object) -> ValidatedPath:
        return ValidatedPath(
            certificates=(certificate, anchor()), trail=PathTrail(certificates=(certificate,)), addresses=()
        )

    monkeypatch.setattr(CHOICE, covers_nothing)
    assert codes(check(bob(), store=store)) == ["address-not-covered"]


def test_addresses_that_the_path_does_not_count_for_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    own = build_subject_alt_name((BOB, "carol@other.test"))
    monkeypatch.setattr(demo_ca, "build_subject_alt_name", lambda _: own)
    identity = bob.__wrapped__()
    limited = TrustStore(
        anchors=(TrustAnchor(certificate=anchor(), addresses=("@example.test",)),),
        revocation=RevocationPolicy.NOT_CHECKED,
    )
    assert check(identity).covered == (BOB, "carol@other.test")
    assert check(identity, store=limited).covered == (BOB,)
    refused = check(identity, "carol@other.test", store=limited)
    assert (codes(refused), refused.covered) == (["address-not-covered"], (BOB,))
    assert check(bob(issuer=stranger())).covered == ()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CertificateRevoked("revoked on 2026-05-01: keyCompromise"), "certificate-revoked"),
        (RevocationUnknown("nobody could be asked"), "revocation-unknown"),
        (PathError("the path is too long"), "path-error"),
        (MalformedMessage("a damaged name"), "path-error"),
        (LimitExceeded("path candidates", 201, 200), "path-too-costly"),
    ],
)
def test_the_error_of_the_path_is_reported(monkeypatch: pytest.MonkeyPatch, error: Exception, code: str) -> None:
    async def refuse(certificate: Certificate, *_provider: object, **_: object) -> ValidatedPath:
        raise error

    monkeypatch.setattr(CHOICE, refuse)
    checked = check(bob())
    assert codes(checked) == [code]
    assert str(error) in checked.reasons[0].sentence


def test_an_unknown_status_is_said_where_that_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hold(certificate: Certificate, *_provider: object, **_: object) -> ValidatedPath:
        status = RevocationStatus(certificate=certificate, state=RevocationState.UNKNOWN, why="unavailable")
        trail = PathTrail(certificates=(certificate, anchor()), revocation=(status,))
        return ValidatedPath(certificates=trail.certificates, trail=trail, addresses=(BOB,))

    monkeypatch.setattr(CHOICE, hold)
    checked = check(bob(), store=trust(revocation=RevocationPolicy.IF_KNOWN))
    assert checked.is_usable
    assert warned(checked) == ["revocation-unknown"]


def contacts_with(*certificates: Certificate, preferred: Certificate | None = None) -> Contacts:
    known = [
        KnownCertificate(certificate=certificate, source=CertificateSource.HARVEST, first_seen=NOW, last_seen=NOW)
        for certificate in certificates
    ]
    return Contacts(people=(Contact(address=BOB, certificates=tuple(known), preferred=preferred),))


def test_another_certificate_than_the_known_one_is_said() -> None:
    contacts = contacts_with(person("bob").certificate)
    assert "certificate-changed" in warned(check(bob(), contacts=contacts))
    assert "certificate-changed" not in warned(check(person("bob"), contacts=contacts))


def test_contacts_are_candidates_with_their_preference() -> None:
    first, other = bob(), bob(until_days=300)
    candidates = find_in_contacts(contacts_with(first.certificate, other.certificate, preferred=other.certificate), BOB)
    assert [candidate.is_preferred for candidate in candidates] == [False, True]
    choice = choose(*candidates)
    assert choice.chosen is not None
    assert choice.chosen.found.certificate == other.certificate
    assert find_in_contacts(NO_CONTACTS, BOB) == ()


def test_contacts_are_told_from_what_mail_brought() -> None:
    known = contacts_with(bob().certificate).people[0].certificates[0]
    by_hand = dataclasses.replace(known, source=CertificateSource.CONTACTS)
    looked_up = dataclasses.replace(known, certificate=person("bob").certificate, source=CertificateSource.LDAP)
    contacts = Contacts(people=(Contact(address=BOB, certificates=(known, by_hand, looked_up)),))
    candidates = find_in_contacts(contacts, BOB)
    # A certificate from a directory that the user has kept counts as the user's own choice.
    expected = [CertificateSource.HARVEST, CertificateSource.CONTACTS, CertificateSource.CONTACTS]
    assert [candidate.source for candidate in candidates] == expected


def test_the_first_source_with_a_usable_one_is_taken_and_the_others_are_listed() -> None:
    expired = found(bob(until_days=-1, from_days=-20), CertificateSource.CONTACTS)
    directory, dns = found(bob(), CertificateSource.BRIDGE), found(person("bob"), CertificateSource.SMIMEA)
    choice = choose(dns, directory, expired)
    assert choice.chosen is not None
    assert choice.chosen.found == directory
    assert [result.found for result in choice.checks] == [expired, directory, dns]


def test_of_one_source_the_newest_is_taken() -> None:
    old, new = found(bob(from_days=-30)), found(bob(from_days=-2))
    choice = choose(old, new)
    assert choice.chosen is not None
    assert choice.chosen.found == new


def test_nothing_is_chosen_when_nothing_is_usable() -> None:
    alices = found(person("alice"), CertificateSource.CONTACTS)
    choice = choose(alices)
    assert choice.chosen is None
    assert codes(choice.checks[0]) == ["other-address"]
    assert choose().chosen is None


def test_a_certificate_of_several_sources_stands_once() -> None:
    choice = choose(found(bob(), CertificateSource.SMIMEA), found(bob(), CertificateSource.BRIDGE))
    assert [result.found.source for result in choice.checks] == [CertificateSource.BRIDGE]


def test_a_flood_of_candidates_is_cut_and_counted() -> None:
    flood = [dataclasses.replace(bob().certificate, der=number.to_bytes(4, "big")) for number in range(300)]
    good = found(bob(), CertificateSource.CONTACTS)
    choice = choose(*(found(certificate, CertificateSource.URL) for certificate in flood), good)
    assert len(choice.checks) == MAX_FOUND_CERTIFICATES
    assert choice.left_out == 301 - MAX_FOUND_CERTIFICATES
    assert choice.chosen is not None
    assert choice.chosen.found == good


def test_a_picked_certificate_is_checked_by_itself_where_nobody_is_trusted() -> None:
    result = check_without_path(found(bob(issuer=stranger())), None, at=NOW)
    assert result.is_usable
    assert warned(result) == ["path-not-checked"]
    assert codes(check_without_path(found(bob(until_days=-1, from_days=-20)), None, at=NOW)) == ["certificate-expired"]
    assert codes(check_without_path(found(bob()), "alice@example.test", at=NOW)) == ["other-address"]


def test_every_code_has_a_sentence() -> None:
    assert all(text.endswith(".") for text in (*CHOICE_REASONS.values(), *WARNINGS.values()))
