"""The memory of contacts: only their own verified messages count, the first certificate is pinned, and changes are
reported (MUSTS 16)."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from smime_core import Identity, MessageReport, State, blocking
from smime_core.algorithms import AES_256_GCM
from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.cms.capabilities import OUR_CAPABILITIES, Capabilities, Capability, with_header_protection
from smime_core.cms.signed_attributes import build_key_preference
from smime_core.cms.signing import AttributesForm, SignerOptions, Signing
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_CAPABILITIES, MAX_CONTACT_CERTIFICATES
from smime_core.mail import ProtectionMode
from smime_core.provider import NewKey
from smime_core.trust.contacts import (
    NO_CONTACTS,
    CertificateSource,
    Contact,
    Contacts,
    Harvest,
    KnownCertificate,
    accept,
    confirm_preferred,
    find_change,
    forget_service,
    harvest,
    merge,
    remember_certificate,
)
from smime_core.trust.contacts_json import build_contacts, parse_contacts
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate, parse_certificate
from tests.support.people import MESSAGE, NOW, PROVIDER, anchor, authority, person, trust

ALICE = person("alice")
DAY = datetime.timedelta(days=1)


@functools.cache
def other_authority() -> Authority:
    return run(create_authority("Other CA", provider=PROVIDER, at=NOW))


@functools.cache
def again(name: str = "alice", issuer: str = "same", key: NewKey = NewKey.P256) -> Identity:
    """Another certificate, with another key, for the same person."""
    return run(
        issue_identity(
            authority() if issuer == "same" else other_authority(),
            f"{name}@example.test",
            provider=PROVIDER,
            at=NOW,
            key=key,
        )
    )


def report(
    identity: Identity = ALICE,
    *,
    signing_time: datetime.datetime = NOW,
    options: SignerOptions | None = None,
    carried: tuple[Certificate, ...] = (),
    trusted: bool = True,
    message: bytes = MESSAGE,
    protection: ProtectionMode | None = None,
) -> MessageReport:
    signed = blocking.sign_message(
        message,
        Signing(
            identities=[dataclasses.replace(identity, chain=(*identity.chain, *carried))],
            signing_time=signing_time,
            options=options or SignerOptions(),
        ),
        provider=PROVIDER,
        protection=protection,
    )
    anchors = [other_authority().identity.certificate, *([anchor()] if trusted else [])]
    return blocking.examine_message(signed, Judging(trust_store=trust(*anchors), at=NOW), provider=PROVIDER)


def harvested(identity: Identity = ALICE, **changes: Any) -> Harvest:
    mail_harvest = harvest(report(identity, **changes), at=NOW)
    assert mail_harvest is not None
    return mail_harvest


def known(certificate: Certificate, *, last_seen: datetime.datetime = NOW) -> KnownCertificate:
    return KnownCertificate(
        certificate=certificate, source=CertificateSource.CONTACTS, first_seen=last_seen, last_seen=last_seen
    )


def test_a_verified_mail_teaches_certificate_and_capabilities() -> None:
    mail_harvest = harvested()
    assert (mail_harvest.address, mail_harvest.certificate, mail_harvest.preferred) == (
        "alice@example.test",
        ALICE.certificate,
        ALICE.certificate,
    )
    assert mail_harvest.capabilities is not None
    assert mail_harvest.capabilities.entries == OUR_CAPABILITIES
    merged = merge(NO_CONTACTS, mail_harvest)
    assert not merged.changes
    contact = merged.contacts.find("ALICE@example.test")
    assert contact is not None
    assert contact.preferred == ALICE.certificate
    assert contact.said_at == NOW
    assert contact.capabilities is not None
    assert AES_256_GCM in contact.capabilities.content_ciphers
    assert [certificate.source for certificate in contact.certificates] == [CertificateSource.HARVEST]


@pytest.mark.parametrize("mode", [None, *ProtectionMode])
def test_a_verified_mail_with_protected_headers_teaches_that_its_sender_reads_them(mode: ProtectionMode | None) -> None:
    harvested = harvest(report(protection=mode), NOW)
    assert harvested is not None
    assert harvested.capabilities is not None
    assert harvested.capabilities.reads_header_protection is (mode is not None)
    assert harvested.capabilities.content_ciphers[0] is AES_256_GCM
    contacts = accept(NO_CONTACTS, harvested)
    assert parse_contacts(build_contacts(contacts)) == contacts


def test_a_later_mail_without_protected_headers_takes_that_back() -> None:
    first, second = (
        harvest(report(protection=ProtectionMode.CLEAR), NOW),
        harvest(report(signing_time=NOW + DAY), NOW + DAY),
    )
    assert first is not None
    assert second is not None
    contact = accept(accept(NO_CONTACTS, first), second).find("alice@example.test")
    assert contact is not None
    assert contact.capabilities is not None
    assert not contact.capabilities.reads_header_protection


def test_the_longest_list_of_capabilities_stays_readable() -> None:
    entries = tuple(Capability(oid=f"1.2.3.{number}", parameters=None) for number in range(MAX_CAPABILITIES))
    capabilities = with_header_protection(Capabilities(entries=entries))
    contacts = Contacts(people=(Contact(address="alice@example.test", capabilities=capabilities),))
    assert parse_contacts(build_contacts(contacts)) == contacts


def test_header_protection_is_noted_once() -> None:
    capabilities = with_header_protection(None)
    assert capabilities.reads_header_protection
    assert with_header_protection(capabilities) == capabilities


def test_nothing_is_learned_from_what_nobody_vouches_for() -> None:
    unverified = report(trusted=False)
    assert unverified.state is State.SIGNED_UNVERIFIED
    assert harvest(unverified, at=NOW) is None


@pytest.mark.parametrize("field", [b"Auto-Submitted: auto-generated", b"Auto-Submitted: x", b"Sealwax-Service: notice"])
def test_a_program_that_signs_is_no_person(field: bytes) -> None:
    signed = report(message=field + b"\r\n" + MESSAGE, protection=ProtectionMode.CLEAR)
    assert signed.state is State.VERIFIED
    assert harvest(signed, at=NOW) is None


@pytest.mark.parametrize("field", [b"Auto-Submitted: no", b"X-Service: notice"])
def test_a_person_may_say_that_no_program_wrote(field: bytes) -> None:
    assert harvest(report(message=field + b"\r\n" + MESSAGE, protection=ProtectionMode.CLEAR), at=NOW) is not None


def test_nobody_on_the_way_makes_a_program_of_a_person() -> None:
    added = report(message=b"Auto-Submitted: auto-generated\r\nSealwax-Service: notice\r\n" + MESSAGE)
    assert harvest(added, at=NOW) is not None
    assert forget_service(merge(NO_CONTACTS, harvested()).contacts, added) is None


def test_a_service_that_was_learnt_as_a_person_is_forgotten() -> None:
    learnt = merge(NO_CONTACTS, harvested()).contacts
    notice = report(message=b"Sealwax-Service: notice\r\n" + MESSAGE, protection=ProtectionMode.CLEAR)
    left = forget_service(learnt, notice)
    assert left is not None
    assert left.find("alice@example.test") is None
    assert forget_service(left, notice) is None
    # The choice of the user stays.
    chosen = NO_CONTACTS.with_contact(Contact(address="alice@example.test", certificates=(known(ALICE.certificate),)))
    assert forget_service(chosen, notice) is None


@pytest.mark.parametrize("state", [state for state in State if state is not State.VERIFIED])
def test_no_other_state_teaches_anything(state: State) -> None:
    assert harvest(dataclasses.replace(report(), state=state), at=NOW) is None


def test_nothing_is_learned_about_an_address_that_the_certificate_does_not_name() -> None:
    forged = dataclasses.replace(report(), sender="bob@example.test")
    assert harvest(forged, at=NOW) is None
    assert harvest(dataclasses.replace(report(), sender=None), at=NOW) is None


@pytest.mark.parametrize("ahead", [2 * DAY, 400 * DAY])
def test_capabilities_signed_in_the_future_are_not_kept(ahead: datetime.timedelta) -> None:
    """RFC 8551 section 2.7.1: otherwise no later message could replace these capabilities."""
    mail_harvest = harvested(signing_time=NOW + ahead)
    assert (mail_harvest.capabilities, mail_harvest.signed_at) == (None, None)
    assert mail_harvest.certificate == ALICE.certificate
    contact = accept(NO_CONTACTS, mail_harvest).find(mail_harvest.address)
    assert contact is not None
    assert contact.said_at is None
    assert contact.certificates[0].last_seen == NOW


def test_without_signing_time_only_the_certificate_is_kept() -> None:
    mail_harvest = harvested(options=SignerOptions(attributes=AttributesForm.NONE))
    assert (mail_harvest.capabilities, mail_harvest.signed_at) == (None, None)
    assert mail_harvest.preferred == ALICE.certificate


def test_the_preferred_certificate_is_the_one_to_encrypt_to() -> None:
    signing, receiving = again(key=NewKey.ED25519), again(key=NewKey.X25519)
    mail_harvest = harvested(
        signing,
        options=SignerOptions(further_attributes=(build_key_preference(receiving.certificate),)),
        carried=(receiving.certificate,),
    )
    assert (mail_harvest.certificate, mail_harvest.preferred) == (signing.certificate, receiving.certificate)
    assert not merge(NO_CONTACTS, mail_harvest).changes, "a first mail with two certificates changes nothing"


def test_without_preference_one_of_the_same_name_is_taken() -> None:
    """RFC 8551 section 2.5.3.1, second rule: a certificate in the message with the signer's name."""
    signing, receiving = again(key=NewKey.ED25519), again(key=NewKey.X25519)
    assert harvested(signing, carried=(receiving.certificate,)).preferred == receiving.certificate
    assert harvested(signing, carried=(person("bob").certificate,)).preferred is None


def test_nobody_slips_in_a_certificate_of_his_own() -> None:
    """No signature covers the certificates in a message. The forged one has alice's name and a stranger's key."""
    signing, receiving = again(key=NewKey.ED25519), again(key=NewKey.X25519)
    stranger = run(create_authority("Test CA", provider=PROVIDER, at=NOW))
    forged = run(issue_identity(stranger, "alice@example.test", provider=PROVIDER, at=NOW, key=NewKey.X25519))

    def confirmed(mail_harvest: Harvest) -> Harvest:
        return run(confirm_preferred(mail_harvest, trust_store=trust(), provider=PROVIDER))

    slipped_in = harvested(signing, carried=(forged.certificate,))
    assert slipped_in.preferred == forged.certificate
    assert confirmed(slipped_in).certificates == (signing.certificate,)
    own = harvested(signing, carried=(receiving.certificate,))
    assert confirmed(own) == own
    assert confirmed(harvested()) == harvested()


def test_a_preference_for_somebody_elses_certificate_is_not_followed() -> None:
    mallory = person("mallory")
    mail_harvest = harvested(
        options=SignerOptions(further_attributes=(build_key_preference(mallory.certificate),)),
        carried=(mallory.certificate,),
    )
    assert mail_harvest.preferred is None


def test_a_preference_for_a_certificate_that_only_signs_is_not_followed() -> None:
    signing = again(key=NewKey.ED25519)
    options = SignerOptions(further_attributes=(build_key_preference(signing.certificate),))
    assert harvested(signing, options=options).preferred is None


def test_a_preference_for_a_certificate_that_is_not_for_mail_is_not_followed() -> None:
    details = Details(extended_key_usage=("1.3.6.1.5.5.7.3.1",))
    for_servers = run(issue_identity(authority(), "alice@example.test", PROVIDER, at=NOW, details=details))
    mail_harvest = harvested(
        options=SignerOptions(further_attributes=(build_key_preference(for_servers.certificate),)),
        carried=(for_servers.certificate,),
    )
    assert mail_harvest.preferred is None


def test_authorities_between_signer_and_anchor_are_kept_and_no_roots() -> None:
    middle = run(create_authority("Middle CA", provider=PROVIDER, at=NOW, issuer=authority()))
    further = run(create_authority("Further CA", provider=PROVIDER, at=NOW, issuer=other_authority()))
    signer = run(issue_identity(middle, "alice@example.test", provider=PROVIDER, at=NOW, key=NewKey.P256))
    own, roots = middle.identity.certificate, (anchor(), other_authority().identity.certificate)
    mail_harvest = harvested(signer, carried=(*roots, further.identity.certificate))
    assert mail_harvest.intermediates == (own, further.identity.certificate)


def test_the_same_certificate_again_is_no_change_and_is_seen_later() -> None:
    first = merge(NO_CONTACTS, harvested()).contacts
    merged = merge(first, dataclasses.replace(harvested(signing_time=NOW + DAY / 2), at=NOW + DAY))
    assert not merged.changes
    contact = merged.contacts.find("alice@example.test")
    assert contact is not None
    assert [(certificate.first_seen, certificate.last_seen) for certificate in contact.certificates] == [
        (NOW, NOW + DAY / 2)
    ]


def test_an_older_mail_does_not_take_back_what_a_newer_one_said() -> None:
    newer = merge(NO_CONTACTS, harvested()).contacts
    older = dataclasses.replace(harvested(signing_time=NOW - DAY / 2), capabilities=None)
    contact = merge(newer, older).contacts.find("alice@example.test")
    assert contact is not None
    assert contact.capabilities is not None
    assert contact.said_at == NOW
    assert contact.certificates[0].first_seen == NOW - DAY / 2


@pytest.mark.parametrize(("issuer", "same_issuer"), [("same", True), ("other", False)])
def test_another_key_of_a_known_sender_asks_before_it_is_remembered(issuer: str, same_issuer: bool) -> None:
    pinned = merge(NO_CONTACTS, harvested()).contacts
    changed = harvested(again(issuer=issuer))
    merged = merge(pinned, changed)
    assert merged.asks
    assert merged.contacts == pinned
    (change,) = merged.changes
    assert (change.before, change.after) == (ALICE.certificate, again(issuer=issuer).certificate)
    assert (change.same_issuer, change.same_key, change.is_renewal) == (same_issuer, False, False)

    accepted = accept(pinned, changed)
    contact = accepted.find("alice@example.test")
    assert contact is not None
    assert {certificate.certificate for certificate in contact.certificates} == {change.before, change.after}
    assert not merge(accepted, changed).changes
    assert not merge(accepted, harvested()).changes, "both are known now"


def certify_again(identity: Identity, issuer: Authority) -> Certificate:
    """A new certificate by the issuer for the same key and name, with another serial number."""
    old = x509.load_der_x509_certificate(identity.certificate.der)
    key: Any = serialization.load_der_private_key(issuer.identity.private_key.pkcs8_der, None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(x509.load_der_x509_certificate(issuer.identity.certificate.der).subject)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 900 * DAY)
    )
    for extension in old.extensions:
        if extension.oid != x509.AuthorityKeyIdentifier.oid:
            builder = builder.add_extension(extension.value, critical=extension.critical)
    return parse_certificate(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def test_a_renewal_by_the_same_authority_is_only_noted() -> None:
    pinned = merge(NO_CONTACTS, harvested()).contacts
    renewed = dataclasses.replace(ALICE, certificate=certify_again(ALICE, authority()))
    merged = merge(pinned, harvested(renewed))
    assert not merged.asks
    (change,) = merged.changes
    assert change.is_renewal
    contact = merged.contacts.find("alice@example.test")
    assert contact is not None
    assert len(contact.certificates) == 2


def test_the_same_key_under_another_authority_asks() -> None:
    pinned = merge(NO_CONTACTS, harvested()).contacts
    moved = dataclasses.replace(ALICE, certificate=certify_again(ALICE, other_authority()))
    merged = merge(pinned, harvested(moved))
    assert merged.asks
    assert [(change.same_issuer, change.same_key) for change in merged.changes] == [(False, True)]


def test_an_authority_of_the_same_name_with_another_key_is_another_one() -> None:
    double = run(create_authority("Test CA", provider=PROVIDER, at=NOW))
    twin = run(issue_identity(double, "alice@example.test", provider=PROVIDER, at=NOW, key=NewKey.P256)).certificate
    contacts = Contacts(people=(Contact(address="alice@example.test", certificates=(known(ALICE.certificate),)),))
    change = find_change(contacts, "alice@example.test", twin)
    assert change is not None
    assert not change.same_issuer


def test_signing_certificates_are_compared_with_signing_ones() -> None:
    signing, receiving = again(key=NewKey.ED25519).certificate, again(key=NewKey.X25519).certificate
    contact = Contact(address="alice@example.test", certificates=(known(receiving), known(signing)))
    new = again(issuer="other", key=NewKey.ED25519).certificate
    change = find_change(Contacts(people=(contact,)), contact.address, new)
    assert change is not None
    assert change.before == signing


def test_an_unknown_address_changes_nothing() -> None:
    assert find_change(NO_CONTACTS, "alice@example.test", ALICE.certificate) is None


def test_only_so_many_certificates_of_one_contact_are_kept() -> None:
    contact = Contact(address="alice@example.test")
    for number in range(MAX_CONTACT_CERTIFICATES + 2):
        certificate = certify_again(ALICE, authority())
        contact = remember_certificate(contact, known(certificate, last_seen=NOW + number * DAY))
    assert len(contact.certificates) == MAX_CONTACT_CERTIFICATES
    assert contact.certificates[0].last_seen > contact.certificates[-1].last_seen == NOW + 2 * DAY


def test_a_certificate_that_the_user_added_stays_the_users() -> None:
    contact = Contact(address="alice@example.test", certificates=(known(ALICE.certificate),))
    contacts = merge(Contacts(people=(contact,)), harvested()).contacts
    (merged_contact,) = contacts.people
    assert merged_contact.certificates[0].source is CertificateSource.CONTACTS


def test_a_contact_can_be_removed() -> None:
    contacts = merge(NO_CONTACTS, harvested()).contacts
    assert contacts.without("Alice@EXAMPLE.test") == NO_CONTACTS


def full() -> Contacts:
    signing, receiving = again(key=NewKey.ED25519), again(key=NewKey.X25519)
    return accept(merge(NO_CONTACTS, harvested()).contacts, harvested(signing, carried=(receiving.certificate,)))


def test_contacts_come_back_from_json() -> None:
    assert parse_contacts(build_contacts(full())) == full()
    assert parse_contacts(build_contacts(NO_CONTACTS)) == NO_CONTACTS
    bare = Contacts(people=(Contact(address="jörg@bücher.example"),))
    assert parse_contacts(build_contacts(bare)) == bare


def altered(path: list[str | int], value: object) -> bytes:
    members = json.loads(build_contacts(full()))
    place = members
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(members).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["version"], "sealwax-contacts-2"),
        (["further"], 1),
        (["contacts"], {}),
        (["contacts", 0], []),
        (["contacts", 0, "address"], None),
        (["contacts", 0, "further"], None),
        (["contacts", 0, "saidAt"], "yesterday"),
        (["contacts", 0, "saidAt"], 5),
        (["contacts", 0, "saidAt"], "2026-02-30T00:00:00Z"),
        (["contacts", 0, "saidAt"], "2026-01-31T12:00:00+01:00"),
        (["contacts", 0, "preferred"], -1),
        (["contacts", 0, "preferred"], 99),
        (["contacts", 0, "preferred"], True),
        (["contacts", 0, "capabilities"], "AAAA"),
        (["contacts", 0, "capabilities"], "é"),
        (["contacts", 0, "certificates", 0, "source"], "heaven"),
        (["contacts", 0, "certificates", 0, "firstSeen"], "2026-06-01"),
        (["contacts", 0, "certificates", 0, "certificate"], "0"),
        (["contacts", 0, "certificates", 0, "intermediates"], [7.5]),
        (["certificates", 0], "AAAA"),
        (["certificates", 0], None),
    ],
)
def test_anything_out_of_place_is_refused_whole(path: list[str | int], value: object) -> None:
    with pytest.raises(MalformedMessage):
        parse_contacts(altered(path, value))


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"version": "sealwax-contacts-1"}', b'{"a": 1, "a": 1}']
)
def test_json_that_is_no_contacts_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_contacts(data)


def test_a_member_stands_once() -> None:
    twice = build_contacts(full()).replace(b'{\n "version"', b'{\n "contacts": [],\n "version"', 1)
    with pytest.raises(MalformedMessage, match="twice"):
        parse_contacts(twice)


@pytest.mark.parametrize("limit", ["MAX_CONTACTS_BYTES", "MAX_CONTACTS", "MAX_PATH_LENGTH"])
def test_contacts_that_are_too_large_are_refused(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    members = json.loads(build_contacts(full()))
    members["contacts"][0]["certificates"][0]["intermediates"] = [0, 1]
    monkeypatch.setattr(f"smime_core.trust.contacts_json.{limit}", 1 if limit == "MAX_PATH_LENGTH" else 0)
    with pytest.raises(LimitExceeded):
        parse_contacts(json.dumps(members).encode())


def test_only_so_many_people_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime_core.trust.contacts.MAX_CONTACTS", 1)
    contacts = Contacts().with_contact(Contact(address="alice@example.test"))
    assert contacts.with_contact(Contact(address="ALICE@example.test", said_at=NOW)).people[0].said_at == NOW
    with pytest.raises(LimitExceeded, match="contacts"):
        contacts.with_contact(Contact(address="bob@example.test"))


def test_an_address_stands_once() -> None:
    members = json.loads(build_contacts(full()))
    members["contacts"] *= 2
    with pytest.raises(MalformedMessage, match="twice"):
        parse_contacts(json.dumps(members).encode())


def test_a_contact_with_too_many_certificates_is_refused() -> None:
    members = json.loads(build_contacts(full()))
    members["contacts"][0]["certificates"] *= MAX_CONTACT_CERTIFICATES + 1
    with pytest.raises(LimitExceeded, match="contacts: certificates"):
        parse_contacts(json.dumps(members).encode())
