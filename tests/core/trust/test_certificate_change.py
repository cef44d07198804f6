"""Two certificates of one person, one to sign and one to receive, are no change. Every door into the contacts asks the
same questions, in whatever order the certificates arrive."""

from __future__ import annotations

import datetime
import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from smime_core.ca.extensions import build_key_usage
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.own_content.trust_state import TrustState
from smime_core.trust.certificate_change import change_from
from smime_core.trust.contact_texts import join_contact
from smime_core.trust.contacts import (
    NO_CONTACTS,
    CertificateSource,
    Contact,
    Contacts,
    Harvest,
    KnownCertificate,
    accept,
    merge,
)
from smime_core.trust.people_files.importing import import_changed_people, import_people
from smime_core.trust.people_files.reading import parse_people_file
from smime_core.x509.certificate import Certificate, KeyUsage
from tests.support import path_pki
from tests.support.people import NOW

DORA: Final = "dora@example.test"
HOUR: Final = datetime.timedelta(hours=1)
SIGN, RECEIVE = KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT


class Kind(NamedTuple):
    """A certificate by what counts: its uses, its authority and its key. `number` tells two of one kind apart."""

    usage: KeyUsage
    issuer: str = "One"
    key: str = "k"
    number: int = 0


@functools.cache
def rig(name: str) -> path_pki.Rig:
    return path_pki.root(name)


@functools.cache
def certificate(kind: Kind) -> Certificate:
    usage = build_key_usage(kind.usage)
    extensions = [extension for extension in path_pki.person_extensions(DORA) if extension.oid != usage.oid]
    start = NOW - path_pki.YEAR + kind.number * HOUR
    return path_pki.issue(DORA, kind.key, rig(kind.issuer), (*extensions, usage), not_before=start)


SIGNING, RECEIVING = Kind(SIGN, key="s"), Kind(RECEIVE, key="r")
BOTH: Final = Kind(SIGN | RECEIVE, key="b")
KINDS: Final = tuple(
    Kind(usage, issuer, key, number)
    for usage, issuer, key, number in itertools.product(
        (SIGN, RECEIVE, SIGN | RECEIVE), ("One", "Two"), ("k", "l"), (0, 1)
    )
)


def known(one: Certificate, at: datetime.datetime = NOW) -> KnownCertificate:
    return KnownCertificate(certificate=one, source=CertificateSource.HARVEST, first_seen=at, last_seen=at)


def harvested(one: Certificate, preferred: Certificate | None = None, at: datetime.datetime = NOW) -> Harvest:
    return Harvest(
        address=DORA,
        certificate=one,
        preferred=preferred,
        intermediates=(),
        capabilities=None,
        signed_at=at,
        at=at,
    )


class Learned(NamedTuple):
    """The certificates that are known after all have come, and whether the person was asked."""

    known: frozenset[Certificate]
    asked: bool


def learned(contacts: Contacts, *, asked: bool) -> Learned:
    contact = contacts.find(DORA)
    return Learned(frozenset(contact.known if contact else ()), asked)


def by_mails(certificates: Sequence[Certificate]) -> Learned:
    contacts, asked = NO_CONTACTS, False
    for number, newcomer in enumerate(certificates):
        merged = merge(contacts, harvested(newcomer, at=NOW + number * HOUR))
        contacts, asked = merged.contacts, asked or merged.asks
    return learned(contacts, asked=asked)


def by_mails_with_a_preference(certificates: Sequence[Certificate]) -> Learned:
    contacts, asked = NO_CONTACTS, False
    for number, newcomer in enumerate(certificates):
        preferred = certificates[number - 1] if number else None
        merged = merge(contacts, harvested(newcomer, preferred, at=NOW + number * HOUR))
        contacts, asked = merged.contacts, asked or merged.asks
    return learned(contacts, asked=asked)


def by_files(certificates: Sequence[Certificate]) -> Learned:
    contacts, asked = NO_CONTACTS, False
    for newcomer in certificates:
        done = import_people(contacts, parse_people_file(build_certificates_only([newcomer])), NOW)
        contacts, asked = done.contacts, asked or bool(done.changes)
    return learned(contacts, asked=asked)


def by_one_file(certificates: Sequence[Certificate]) -> Learned:
    done = import_people(NO_CONTACTS, parse_people_file(build_certificates_only(list(certificates))), NOW)
    return learned(done.contacts, asked=bool(done.changes))


def by_devices(certificates: Sequence[Certificate]) -> Learned:
    joined = Contact(address=DORA)
    for number, newcomer in enumerate(certificates):
        joined = join_contact(Contact(address=DORA, certificates=(known(newcomer, NOW + number * HOUR),)), joined)
    return learned(Contacts(people=(joined,)), asked=len(joined.certificates) < len(set(certificates)))


def by_tabs(certificates: Sequence[Certificate]) -> Learned:
    state = TrustState(account="me@example.test", counter=0)
    for newcomer in certificates:
        other = Contacts(people=(Contact(address=DORA, certificates=(known(newcomer),)),))
        state = state.with_unknown(other, ())
    taken = learned(state.contacts, asked=False).known
    return learned(state.contacts, asked=len(taken) < len(set(certificates)))


DOORS: Final = (by_mails, by_mails_with_a_preference, by_files, by_one_file, by_devices, by_tabs)
Door = Callable[[Sequence[Certificate]], Learned]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kinds", [*itertools.permutations((SIGNING, RECEIVING))])
def test_a_certificate_to_sign_and_one_to_receive_are_both_known_without_a_question(
    door: Door, kinds: tuple[Kind, ...]
) -> None:
    both = [certificate(kind) for kind in kinds]
    assert door(both) == Learned(frozenset(both), asked=False)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kinds", [*itertools.permutations((SIGNING, RECEIVING._replace(issuer="Two")))])
def test_a_second_certificate_by_another_authority_is_asked_about(door: Door, kinds: tuple[Kind, ...]) -> None:
    outcome = door([certificate(kind) for kind in kinds])
    assert outcome.asked
    assert len(outcome.known) == 1 or door is by_mails_with_a_preference


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True).flatmap(st.permutations))
@settings(deadline=None, max_examples=120)
def test_every_door_and_order_asks_alike(kinds: Sequence[Kind]) -> None:
    certificates = [certificate(kind) for kind in kinds]
    asked = _needs_a_question(kinds)
    for door in DOORS:
        outcome = door(certificates)
        assert outcome.asked is asked, (door.__name__, kinds)
        assert asked or outcome.known == frozenset(certificates), (door.__name__, kinds)


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True))
@settings(deadline=None, max_examples=60)
def test_once_agreed_to_every_door_leads_to_the_same_contacts(kinds: Sequence[Kind]) -> None:
    certificates = [certificate(kind) for kind in kinds]
    mails = NO_CONTACTS
    for newcomer in certificates:
        mails = accept(mails, harvested(newcomer))
    file = parse_people_file(build_certificates_only(certificates))
    imported = import_changed_people(NO_CONTACTS, file, NOW).contacts
    assert learned(mails, asked=False) == learned(imported, asked=False)
    # A device that knows them all brings the agreement along.
    (here,), (there,) = mails.people, imported.people
    assert frozenset(join_contact(here, there).known) == frozenset(certificates)
    for newcomer in certificates:
        assert change_from(here.known, newcomer, DORA) is None


def _needs_a_question(kinds: Iterable[Kind]) -> bool:
    # All certificates have one authority, and those that share a use have one key.
    kinds = list(kinds)
    return len({kind.issuer for kind in kinds}) > 1 or any(
        len({kind.key for kind in kinds if use in kind.usage}) > 1 for use in (SIGN, RECEIVE)
    )


def test_a_change_is_told_by_the_same_use() -> None:
    here = [certificate(RECEIVING), certificate(SIGNING)]
    change = change_from(here, certificate(SIGNING._replace(key="new")), DORA)
    assert change is not None
    assert (change.before, change.is_renewal) == (certificate(SIGNING), False)


def test_a_certificate_for_both_uses_is_a_change_of_either() -> None:
    here = [certificate(BOTH._replace(usage=RECEIVE)), certificate(SIGNING)]
    change = change_from(here, certificate(BOTH), DORA)
    assert change is not None
    assert (change.before, change.is_renewal) == (certificate(SIGNING), False)


def test_a_certificate_is_compared_with_one_of_its_own_authority_first() -> None:
    other = certificate(BOTH._replace(issuer="Two", key="other"))
    here = [other, certificate(BOTH)]
    renewed = change_from(here, certificate(BOTH._replace(number=1)), DORA)
    assert renewed is not None
    assert renewed.is_renewal
    changed = change_from(here, certificate(BOTH._replace(key="new")), DORA)
    assert changed is not None
    assert (changed.before, changed.same_issuer) == (certificate(BOTH), True)
