"""Laws of trust that hold for any input: order of certificates, more evidence, decisions, constraints and JSON."""

from __future__ import annotations

import datetime
import functools

from hypothesis import given, settings, strategies as st

from smime_core import RevocationPolicy, TrustAnchor, TrustStore, blocking
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.errors import UntrustedAnchor
from smime_core.own_content.trust_list import MAX_LIFETIME, TrustList, sign_trust_list, verify_trust_list
from smime_core.pkix import PathRules, PolicyRequirements, Purpose, TrustSource
from smime_core.pkix.constrained_names import ConstrainedName
from smime_core.pkix.name_constraints import find_violation, parse_name_constraints
from smime_core.pkix.statements import HOLD
from smime_core.text.mail_address import parse_address
from smime_core.trust.contacts import CertificateSource, Contact, Contacts, KnownCertificate
from smime_core.trust.contacts_json import build_contacts, parse_contacts
from smime_core.trust.decisions import Decision, DecisionKind, decision_anchors
from smime_core.trust.decisions_json import build_decisions, parse_decisions
from smime_core.x509.certificate import Certificate
from tests.support import path_pki, revocations
from tests.support.people import NOW, PROVIDER, anchor, person
from tests.support.revocations import DAY, HOUR, Reason
from tools.fuzz.trust_targets import operator

SECONDS = st.datetimes(
    datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31), timezones=st.just(datetime.UTC)
).map(lambda moment: moment.replace(microsecond=0))
LABELS = st.sampled_from(["a", "b", "example", "test", "mail"])
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ADDRESSES = st.builds("{}@{}".format, LABELS, HOSTS)


# Paths


@functools.cache
def root() -> path_pki.Rig:
    return path_pki.root()


@functools.cache
def authorities() -> tuple[path_pki.Rig, path_pki.Rig]:
    upper = root().issue("Upper")
    return upper, upper.issue("Lower")


@functools.cache
def bag() -> tuple[Certificate, ...]:
    """The two authorities of alice's path, then others: namesakes, cross-certificates, an expired one, strangers."""
    upper, lower = authorities()
    other = path_pki.root("Other root")
    return (
        upper.certificate,
        lower.certificate,
        path_pki.root("Upper").certificate,
        other.issue("Upper").certificate,
        other.issue("Lower", key_name="another key").certificate,
        upper.issue("Lower", not_after=NOW - DAY).certificate,
        lower.issue("Upper", key_name="Upper").certificate,
        other.certificate,
        person("bob").certificate,
    )


@functools.cache
def alice() -> Certificate:
    return authorities()[1].certify("alice@example.test")


@settings(max_examples=60)
@given(order=st.permutations(range(9)), strangers=st.integers(0, 7))
def test_a_path_is_found_in_any_order_of_the_bag_and_among_strangers(order: list[int], strangers: int) -> None:
    members = [bag()[number] for number in order if number < 2 + strangers]
    path = blocking.validate_path(
        alice(),
        Purpose.SIGN,
        PathRules(TrustStore.of(root().certificate, revocation=RevocationPolicy.NOT_CHECKED), NOW, known=members),
        PROVIDER,
    )
    assert path.certificates == (alice(), bag()[1], bag()[0], root().certificate)


# Revocation


@functools.cache
def statements() -> tuple[tuple[str, bytes], ...]:
    """Lists and responses about the leaf: current, old and forged ones."""
    authority, stranger = revocations.authority(), revocations.issue("Authority", is_ca=True)
    old = {"this_update": NOW - 5 * DAY, "next_update": NOW - 4 * DAY}
    entry, single, response = revocations.entry, revocations.single, revocations.response
    lists = (
        revocations.crl(authority, number=1),
        revocations.crl(authority, entry(0x1234, reason=Reason.key_compromise), number=2),
        revocations.crl(authority, entry(0x1234, reason=Reason.superseded), number=3, this_update=NOW - 2 * DAY),
        revocations.crl(authority, entry(0x1234, reason=Reason.certificate_hold), number=4, this_update=NOW - DAY),
        revocations.crl(authority, entry(0x1234), number=5, **old),  # type: ignore[arg-type]
        revocations.crl(authority, number=6, **old),  # type: ignore[arg-type]
        revocations.crl(authority, number=7, base=3, this_update=NOW - HOUR / 2),
        revocations.crl(authority, entry(0x1234, reason=Reason.remove_from_crl), number=8, base=4),
        revocations.crl(stranger, number=9),
    )
    responses = (
        response(authority),
        response(authority, single(revocations.revoked(reason=1))),
        response(authority, single(revocations.revoked(reason=6), this_update=NOW - DAY)),
        response(authority, single(revocations.UNKNOWN)),
        response(stranger),
    )
    return (*(("list", statement) for statement in lists), *(("response", statement) for statement in responses))


@settings(max_examples=150)
@given(order=st.permutations(range(14)), fewer=st.integers(0, 14), more=st.integers(0, 14))
def test_more_evidence_never_takes_a_revocation_back_unless_it_was_a_hold(
    order: list[int], fewer: int, more: int
) -> None:
    chosen = [statements()[number] for number in order]
    before, after = (status_by(chosen[:count]) for count in sorted((fewer, more)))
    if before == ("revoked", HOLD):
        assert after[0] in ("revoked", "good")
    elif before[0] == "revoked" and "remove" not in before[1]:
        assert after[0] == "revoked"


def status_by(chosen: list[tuple[str, bytes]]) -> tuple[str, str]:
    lists = [octets for kind, octets in chosen if kind == "list"]
    responses = [octets for kind, octets in chosen if kind == "response"]
    return revocations.outcome(revocations.ask(*lists, responses=responses))


# Decisions


@settings(max_examples=100)
@given(own=ADDRESSES, accepted=st.lists(st.one_of(ADDRESSES, HOSTS.map("@{}".format)), min_size=1, max_size=4))
def test_a_decision_counts_for_its_addresses_alone(own: str, accepted: list[str]) -> None:
    stranger = path_pki.root("Stranger")
    certificate = stranger.certify(own)
    decisions = [
        Decision(certificate=stranger.certificate, kind=DecisionKind.AUTHORITY, addresses=(condition,), accepted_at=NOW)
        for condition in accepted
    ]
    is_meant = any(condition in (own, "@" + own.partition("@")[2]) for condition in accepted)
    try:
        path = blocking.validate_path(
            certificate,
            Purpose.SIGN,
            PathRules(TrustStore(anchors=decision_anchors(decisions), revocation=RevocationPolicy.NOT_CHECKED), NOW),
            PROVIDER,
        )
    except UntrustedAnchor:
        assert not is_meant
    else:
        assert is_meant
        assert path.addresses == (own,)


# Name constraints (RFC 5280 section 4.2.1.10)


def is_within(address: str, base: str) -> bool:
    """An independent check. The base is a mailbox, a host, or after a leading dot a domain with all hosts below it."""
    host = address.partition("@")[2]
    if "@" in base:
        return address == base
    return host.endswith(base) if base.startswith(".") else host == base


BASES = st.one_of(ADDRESSES, HOSTS, HOSTS.map(".{}".format))


@settings(max_examples=200)
@given(address=ADDRESSES, permitted=st.lists(BASES, max_size=3), excluded=st.lists(BASES, max_size=3))
def test_a_name_is_allowed_when_it_is_permitted_and_not_excluded(
    address: str, permitted: list[str], excluded: list[str]
) -> None:
    name = ConstrainedName(form="rfc822Name", value=parse_address(address), text=address)
    expected = (not permitted or any(is_within(address, base) for base in permitted)) and not any(
        is_within(address, base) for base in excluded
    )
    if permitted or excluded:
        constraints = parse_name_constraints(constraints_der(permitted, excluded), critical=True)
        assert (find_violation([name], constraints) is None) is expected


def constraints_der(permitted: list[str], excluded: list[str]) -> bytes:
    def subtrees(tag: int, bases: list[str]) -> bytes:
        members = (der.sequence(der.element(0x81, base.encode("ascii"))) for base in bases)
        return der.element(tag, *members) if bases else b""

    return der.sequence(subtrees(0xA0, permitted), subtrees(0xA1, excluded))


# Values that are written and read again

ANCHORS = st.builds(
    TrustAnchor,
    certificate=st.sampled_from([anchor(), person("bob").certificate, person("alice").certificate]),
    source=st.just(TrustSource.OPERATOR),
    addresses=st.lists(ADDRESSES, max_size=3).map(tuple),
    is_exact=st.booleans(),
    distrust_after=st.none() | SECONDS,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=25)
@given(
    anchors=st.lists(ANCHORS, max_size=4).map(tuple),
    name=TEXTS,
    serial_number=st.integers(0, (1 << 53) - 1),
    days=st.integers(1, MAX_LIFETIME.days),
    revocation=st.sampled_from(RevocationPolicy),
    requirements=st.builds(
        PolicyRequirements,
        initial_policies=st.frozensets(st.sampled_from(["1.2.3", "2.5.29.32.0", "2.23.140.1.5.1.3"])),
        require_explicit_policy=st.booleans(),
        inhibit_policy_mapping=st.booleans(),
        inhibit_any_policy=st.booleans(),
    ),
)
def test_an_operators_list_comes_back(
    anchors: tuple[TrustAnchor, ...],
    name: str,
    serial_number: int,
    days: int,
    revocation: RevocationPolicy,
    requirements: PolicyRequirements,
) -> None:
    trust_list = TrustList(
        name=name,
        serial_number=serial_number,
        issued=NOW,
        expires=NOW + datetime.timedelta(days=days),
        anchors=anchors,
        revocation=revocation,
        requirements=requirements,
    )
    cms = run(sign_trust_list(trust_list, identity=operator(), provider=PROVIDER, signing_time=NOW))
    assert run(verify_trust_list(cms, operator=operator().certificate, provider=PROVIDER, at=NOW)) == trust_list


@settings(max_examples=50)
@given(
    kinds=st.tuples(*[st.sampled_from(DecisionKind)] * 2),
    addresses=st.tuples(*[st.lists(ADDRESSES | HOSTS.map("@{}".format), min_size=1, max_size=3)] * 2),
    accepted_at=st.tuples(SECONDS, SECONDS),
)
def test_decisions_come_back(
    kinds: tuple[DecisionKind, ...], addresses: tuple[list[str], ...], accepted_at: tuple[datetime.datetime, ...]
) -> None:
    certificates = (anchor(), person("bob").certificate)
    decisions = tuple(
        Decision(certificate=certificate, kind=kind, addresses=tuple(named), accepted_at=moment)
        for certificate, kind, named, moment in zip(certificates, kinds, addresses, accepted_at, strict=True)
    )
    assert parse_decisions(build_decisions(decisions)) == decisions


@settings(max_examples=50)
@given(
    people=st.lists(
        st.builds(
            Contact,
            address=ADDRESSES,
            certificates=st.lists(
                st.builds(
                    KnownCertificate,
                    certificate=st.sampled_from([person("alice").certificate, person("bob").certificate]),
                    source=st.sampled_from(CertificateSource),
                    first_seen=SECONDS,
                    last_seen=SECONDS,
                    intermediates=st.sampled_from([(), (anchor(),)]),
                ),
                max_size=3,
            ).map(tuple),
            preferred=st.none() | st.just(person("alice").certificate),
            said_at=st.none() | SECONDS,
        ),
        max_size=4,
        unique_by=lambda contact: contact.address,
    )
)
def test_contacts_come_back(people: list[Contact]) -> None:
    contacts = Contacts(people=tuple(people))
    assert parse_contacts(build_contacts(contacts)) == contacts
