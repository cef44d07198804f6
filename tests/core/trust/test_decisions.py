"""The user's own decisions: the certificates and addresses that they may accept, and the form that stores them."""

from __future__ import annotations

import base64
import datetime
import functools
import json
from typing import Any

import pytest

from smime_core import Identity, RevocationPolicy, State, TrustAnchor, TrustStore, blocking
from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.cms.signing import Signing
from smime_core.errors import DecisionRefused, LimitExceeded, MalformedMessage
from smime_core.limits import MAX_DECISION_ADDRESSES, MAX_DECISIONS, MAX_DECISIONS_BYTES
from smime_core.pkix import TrustSource
from smime_core.provider import NewKey
from smime_core.trust.decisions import (
    Decision,
    DecisionKind,
    add_decision,
    decision_anchors,
    find_decision,
    make_decision,
)
from smime_core.trust.decisions_json import build_decisions, parse_decisions
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust

DAY = datetime.timedelta(days=1)
NOBODY = TrustStore(anchors=())
ALICE = "alice@example.test"


@functools.cache
def partner() -> Authority:
    """An authority of an unrelated PKI."""
    return run(create_authority("Partner CA", provider=PROVIDER, at=NOW, key=NewKey.P256))


@functools.cache
def alice(**options: Any) -> Identity:
    return run(issue_identity(partner(), ALICE, provider=PROVIDER, at=NOW, key=NewKey.P256, details=Details(**options)))


def decide(certificate: Certificate, kind: DecisionKind = DecisionKind.EXACT, *addresses: str,
           store: TrustStore = NOBODY, at: datetime.datetime = NOW,
           intermediates: tuple[Certificate, ...] = ()) -> Decision:  # fmt: skip
    return run(
        make_decision(
            certificate,
            kind=kind,
            addresses=addresses or (ALICE,),
            at=at,
            trust_store=store,
            provider=PROVIDER,
            intermediates=intermediates,
        )
    )


def root() -> Certificate:
    return partner().identity.certificate


def verdict(*decisions: Decision, signer: Identity | None = None, message: bytes = MESSAGE) -> tuple[State, list[str]]:
    store = TrustStore(anchors=decision_anchors(decisions), revocation=RevocationPolicy.IF_KNOWN)
    signed = blocking.sign_message(
        message, Signing(identities=[signer or alice()], signing_time=NOW), provider=PROVIDER
    )
    report = blocking.examine_message(signed, Judging(trust_store=store, at=NOW), provider=PROVIDER)
    return report.state, [why.code for why in report.reasons]


def test_without_a_decision_nobody_vouches() -> None:
    assert verdict() == (State.SIGNED_UNVERIFIED, ["untrusted-anchor"])


def test_an_accepted_certificate_is_verified_and_nothing_else_of_its_authority() -> None:
    decision = decide(alice().certificate)
    assert verdict(decision)[0] is State.VERIFIED
    other = run(issue_identity(partner(), ALICE, provider=PROVIDER, at=NOW, key=NewKey.P256))
    assert verdict(decision, signer=other) == (State.SIGNED_UNVERIFIED, ["untrusted-anchor"])


def test_an_accepted_authority_vouches_for_its_domain_alone() -> None:
    assert verdict(decide(root(), DecisionKind.AUTHORITY, "@example.test"))[0] is State.VERIFIED
    elsewhere = decide(root(), DecisionKind.AUTHORITY, "@partner.example")
    assert verdict(elsewhere) == (State.SIGNED_UNVERIFIED, ["untrusted-anchor"])


def test_a_decision_says_who_decided_what_for_whom_and_when() -> None:
    at = NOW.replace(microsecond=7)
    decision = decide(root(), DecisionKind.AUTHORITY, "@example.test", "@Example.Test", " bob@b.test ", at=at)
    assert decision.anchor == TrustAnchor(
        certificate=root(),
        source=TrustSource.USER,
        addresses=("@Example.Test", "bob@b.test"),
        is_exact=False,
        accepted_at=NOW,
        revocation=RevocationPolicy.IF_KNOWN,
    )
    assert decide(alice().certificate).anchor.is_exact


@pytest.mark.parametrize("address", ["alice", "@", "", "a b@example.test", "a@b@c.test", "x" * 330 + "@a.test"])
def test_text_that_is_no_address_or_domain_is_refused(address: str) -> None:
    with pytest.raises(DecisionRefused, match="neither an address nor a domain"):
        run(
            make_decision(
                root(), kind=DecisionKind.AUTHORITY, addresses=[address], at=NOW, trust_store=NOBODY, provider=PROVIDER
            )
        )


def test_a_decision_for_everybody_is_refused() -> None:
    with pytest.raises(DecisionRefused, match="say for which address"):
        run(
            make_decision(
                root(), kind=DecisionKind.AUTHORITY, addresses=(), at=NOW, trust_store=NOBODY, provider=PROVIDER
            )
        )


def test_too_many_addresses_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        decide(root(), DecisionKind.AUTHORITY, *(f"@d{number}.test" for number in range(MAX_DECISION_ADDRESSES + 1)))


def test_a_person_is_accepted_only_for_addresses_of_the_certificate() -> None:
    assert decide(alice().certificate, DecisionKind.EXACT, "@example.test").addresses == ("@example.test",)
    with pytest.raises(DecisionRefused, match=r"not for bob@example\.test: it names alice@example\.test"):
        decide(alice().certificate, DecisionKind.EXACT, ALICE, "bob@example.test")


@pytest.mark.parametrize(
    ("kind", "match"), [(DecisionKind.EXACT, "an authority's"), (DecisionKind.AUTHORITY, "no authority's")]
)
def test_person_and_authority_are_not_mixed_up(kind: DecisionKind, match: str) -> None:
    certificate = root() if kind is DecisionKind.EXACT else alice().certificate
    with pytest.raises(DecisionRefused, match=match):
        decide(certificate, kind)


@pytest.mark.parametrize(("at", "match"), [(NOW + 800 * DAY, "expired on"), (NOW - 2 * DAY, "not valid before")])
def test_a_certificate_that_is_not_valid_now_is_refused(at: datetime.datetime, match: str) -> None:
    with pytest.raises(DecisionRefused, match=match):
        decide(alice().certificate, at=at)


def test_a_certificate_that_is_not_for_mail_is_refused() -> None:
    server = alice(extended_key_usage=("1.3.6.1.5.5.7.3.1",)).certificate
    with pytest.raises(DecisionRefused, match="not for mail"):
        decide(server)


def test_a_certificate_for_encryption_alone_may_be_accepted() -> None:
    receiver = run(issue_identity(partner(), ALICE, provider=PROVIDER, at=NOW, key=NewKey.X25519))
    assert decide(receiver.certificate).kind is DecisionKind.EXACT


@pytest.mark.parametrize("store", [trust(), trust(revocation=RevocationPolicy.REQUIRED)], ids=["path holds", "unknown"])
def test_a_certificate_under_an_anchor_is_refused_whether_its_path_holds_or_not(store: TrustStore) -> None:
    certificate = person("alice").certificate
    with pytest.raises(DecisionRefused, match=r"need not be accepted|cannot be accepted"):
        decide(certificate, store=store)


def test_an_authority_that_an_anchor_certified_is_refused() -> None:
    below = run(create_authority("Issuing CA", provider=PROVIDER, at=NOW, key=NewKey.P256, issuer=partner()))
    with pytest.raises(DecisionRefused, match="need not be accepted: Partner CA"):
        decide(below.identity.certificate, DecisionKind.AUTHORITY, "@example.test", store=trust(root()))
    with pytest.raises(DecisionRefused, match="need not be accepted: Partner CA"):
        decide(root(), DecisionKind.AUTHORITY, "@example.test", store=trust(root()))


def test_an_authority_that_the_user_has_imported_is_refused() -> None:
    imported = TrustStore(
        anchors=(TrustAnchor(certificate=root(), source=TrustSource.USER),), revocation=RevocationPolicy.NOT_CHECKED
    )
    with pytest.raises(DecisionRefused, match="need not be accepted: Partner CA"):
        decide(root(), DecisionKind.AUTHORITY, "@example.test", store=imported)


def test_intermediates_are_looked_through_for_an_anchor() -> None:
    below = run(create_authority("Issuing CA", provider=PROVIDER, at=NOW, key=NewKey.P256, issuer=partner()))
    person_below = run(issue_identity(below, ALICE, provider=PROVIDER, at=NOW, key=NewKey.P256)).certificate
    assert decide(person_below, store=trust(root())).certificate == person_below
    with pytest.raises(DecisionRefused, match="need not be accepted"):
        decide(person_below, store=trust(root()), intermediates=(below.identity.certificate,))


def test_a_certificate_under_an_anchor_for_other_addresses_is_refused() -> None:
    limited = TrustAnchor(certificate=root(), source=TrustSource.OPERATOR, addresses=("@partner.example",))
    store = TrustStore(anchors=(limited,), revocation=RevocationPolicy.NOT_CHECKED)
    with pytest.raises(DecisionRefused, match="decided otherwise"):
        decide(alice().certificate, store=store)


def test_a_decision_may_be_made_again_for_other_addresses() -> None:
    first = decide(root(), DecisionKind.AUTHORITY, "@partner.example")
    store = TrustStore(anchors=(first.anchor,), revocation=RevocationPolicy.NOT_CHECKED)
    second = decide(root(), DecisionKind.AUTHORITY, "@example.test", store=store)
    assert add_decision((first,), second) == (second,)


def test_decisions_are_bounded() -> None:
    many = tuple(decide(alice().certificate) for _ in range(1)) * MAX_DECISIONS
    with pytest.raises(LimitExceeded):
        add_decision(many, decide(root(), DecisionKind.AUTHORITY))


def test_a_decision_is_found_by_its_fingerprint_or_the_beginning_of_it() -> None:
    first, other = decide(alice().certificate), decide(root(), DecisionKind.AUTHORITY)
    fingerprint = first.certificate.fingerprint
    colons = ":".join(fingerprint[start : start + 2] for start in range(0, 64, 2)).upper()
    for query in (fingerprint, colons, fingerprint[:16]):
        assert find_decision((first, other), query) is first
    for query in ("", " ", "zz", fingerprint + "0"):
        with pytest.raises(DecisionRefused, match="no such decision"):
            find_decision((first, other), query)
    with pytest.raises(DecisionRefused, match="several"):
        find_decision((first, first), fingerprint)


def some() -> tuple[Decision, ...]:
    return (decide(alice().certificate), decide(root(), DecisionKind.AUTHORITY, "@example.test", "@b.test"))


def test_decisions_come_back_from_json_as_they_were() -> None:
    assert parse_decisions(build_decisions(some())) == some()
    assert parse_decisions(build_decisions(())) == ()


def altered(**members: Any) -> bytes:
    value = json.loads(build_decisions(some()))
    value["decisions"][0] |= members
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "members",
    [
        {"addresses": []},
        {"addresses": [""]},
        {"addresses": ["everybody"]},
        {"addresses": "alice@example.test"},
        {"addresses": [ALICE, 1]},
        {"kind": "root"},
        {"kind": None},
        {"acceptedAt": "2026-06-01"},
        {"acceptedAt": "2026-13-01T00:00:00Z"},
        {"acceptedAt": 5},
        {"certificate": "%%%"},
        {"certificate": "MAA="},
        {"certificate": "ä"},
        {"certificate": base64.b64encode(root().der).decode()},
        {"source": "mozilla"},
    ],
)
def test_anything_out_of_its_place_refuses_the_whole(members: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        parse_decisions(altered(**members))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        b'{"version": "sealwax-decisions-2", "decisions": []}',
        b'{"version": "sealwax-decisions-1", "decisions": {}}',
        b'{"version": "sealwax-decisions-1", "decisions": [1]}',
        b'{"version": "sealwax-decisions-1", "decisions": [], "decisions": []}',
        b'{"version": "sealwax-decisions-1", "decisions": [], "more": 1}',
        b'{"version": "sealwax-decisions-1", "decisions": [' + b",".join([b"0"] * (MAX_DECISIONS + 1)) + b"]}",
    ],
    ids=range(12),
)
def test_hostile_json_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_decisions(data)


def test_a_text_beyond_the_limit_is_not_even_read() -> None:
    with pytest.raises(LimitExceeded, match="bytes of decisions"):
        parse_decisions(build_decisions(()) + b" " * MAX_DECISIONS_BYTES)
