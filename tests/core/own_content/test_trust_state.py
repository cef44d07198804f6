"""The trust state of a person between two sessions: only their own keys decrypt it, and nothing else passes as it."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.cms.content_info import SIGNED_TRUST_STATE, TRUST_LIST, TRUST_STATE
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    SmimeError,
    TrustStateOlder,
    TrustStateRefused,
)
from smime_core.identity.identity import Identity
from smime_core.own_content.own_content import ContentKind, build_members, protect_content
from smime_core.own_content.trust_state import TrustState, open_trust_state, seal_trust_state
from smime_core.provider import NewKey
from smime_core.trust.book_json import BookEntry, build_book
from smime_core.trust.contacts import CertificateSource, Contact, Contacts, KnownCertificate
from smime_core.trust.decisions import Decision, DecisionKind
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate
from tests.support.people import NOW, PROVIDER, anchor, authority, person, trust

ALICE, BOB, CAROL = person("alice"), person("bob"), person("carol")
ACCOUNT: Final = "alice@example.test"
DAY: Final = datetime.timedelta(days=1)
BOOK: Final = (
    BookEntry(name="group:Ward 3", at=1, value='{"members":[]}'),
    BookEntry(name="person:bob@example.test", at=2, value=None),
)


def known(identity: Identity) -> Contact:
    certificate = KnownCertificate(
        certificate=identity.certificate, source=CertificateSource.HARVEST, first_seen=NOW, last_seen=NOW
    )
    return Contact(address=identity.certificate.email_addresses[0], certificates=(certificate,))


def decision(certificate: Certificate) -> Decision:
    return Decision(certificate=certificate, kind=DecisionKind.EXACT, addresses=("bob@example.test",), accepted_at=NOW)


STATE: Final = TrustState(
    account=ACCOUNT, counter=3, contacts=Contacts(people=(known(BOB),)), decisions=(decision(BOB.certificate),)
)


def seal(state: TrustState = STATE, *, signer: Identity = ALICE, readers: Sequence[Identity] = (ALICE,)) -> bytes:
    recipients = [reader.certificate for reader in readers]
    return run(seal_trust_state(state, identity=signer, recipients=recipients, provider=PROVIDER, signing_time=NOW))


def open_state(cms: bytes, *identities: Identity, **changes: Any) -> TrustState:
    arguments = {"account": ACCOUNT, "at": NOW, "provider": PROVIDER, **changes}
    return run(open_trust_state(cms, identities=identities or (ALICE,), **arguments))


def test_it_comes_back_as_it_was_kept() -> None:
    assert open_state(seal()) == STATE


def test_its_address_book_comes_back() -> None:
    with_book = dataclasses.replace(STATE, book=BOOK)
    assert open_state(seal(with_book)) == with_book


def test_nobody_else_opens_it() -> None:
    with pytest.raises(NoMatchingRecipient):
        open_state(seal(), BOB)
    with pytest.raises(NoMatchingRecipient):
        run(open_trust_state(seal(), account=ACCOUNT, identities=(), provider=PROVIDER, at=NOW))


@pytest.mark.parametrize("signer", [BOB, authority().identity])
def test_a_state_signed_by_another_is_refused(signer: Identity) -> None:
    with pytest.raises(TrustStateRefused, match="own key"):
        open_state(seal(signer=signer))


def test_an_unsigned_state_is_refused() -> None:
    cms = blocking.encrypt_bytes(
        b"{}", Encrypting(recipients=[ALICE.certificate]), provider=PROVIDER, content_type=SIGNED_TRUST_STATE
    )
    with pytest.raises(SmimeError):
        open_state(cms)
    kind = ContentKind(name="state", content_type=TRUST_STATE, encrypted_type=SIGNED_TRUST_STATE)
    with pytest.raises(SmimeError):
        open_state(
            run(protect_content(b"{}", kind, provider=PROVIDER, encrypting=Encrypting(recipients=[ALICE.certificate])))
        )


def test_an_unencrypted_state_is_refused() -> None:
    signed = blocking.sign_bytes(
        b"{}", Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER, content_type=TRUST_STATE
    )
    with pytest.raises(TrustStateRefused, match="own key"):
        open_state(signed)


@pytest.mark.parametrize(
    "kind",
    [
        ContentKind(name="list", content_type=TRUST_LIST, encrypted_signed_type=SIGNED_TRUST_STATE),
        ContentKind(name="list", content_type=TRUST_STATE, encrypted_signed_type=TRUST_STATE),
    ],
)
def test_another_content_type_is_refused(kind: ContentKind) -> None:
    cms = run(
        protect_content(
            b"{}",
            kind,
            provider=PROVIDER,
            signing=Signing(identities=[ALICE], signing_time=NOW),
            encrypting=Encrypting(recipients=[ALICE.certificate]),
        )
    )
    with pytest.raises((ContentTypeMismatch, TrustStateRefused)):
        open_state(cms)


def test_it_is_no_mail_and_a_mail_is_none() -> None:
    with pytest.raises(ContentTypeMismatch):
        blocking.examine_message(
            seal(), Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=[ALICE])
        )
    mail = blocking.encrypt_bytes(b"Hello.\r\n", Encrypting(recipients=[ALICE.certificate]), provider=PROVIDER)
    with pytest.raises(ContentTypeMismatch):
        open_state(mail)


def test_another_accounts_is_refused_and_case_makes_no_other() -> None:
    with pytest.raises(TrustStateRefused, match="another account"):
        open_state(seal(), account="alice@elsewhere.test")
    assert open_state(seal(), account="Alice@Example.test") == STATE


def test_an_older_one_than_was_seen_is_refused() -> None:
    assert open_state(seal(), least_counter=3) == STATE
    with pytest.raises(TrustStateOlder, match="number 3, and number 4"):
        open_state(seal(), least_counter=4)


def test_a_damaged_one_is_refused() -> None:
    cms = bytearray(seal())
    cms[-40] ^= 1
    with pytest.raises(SmimeError) as refused:
        open_state(bytes(cms))
    assert isinstance(refused.value, DecryptionError | MalformedMessage)


def test_a_state_signed_before_the_certificate_expired_still_counts() -> None:
    old = run(issue_identity(authority(), ACCOUNT, provider=PROVIDER, at=NOW, details=Details(not_after=NOW + DAY)))
    cms = seal(signer=old, readers=(old, ALICE))
    assert open_state(cms, old, ALICE, at=NOW + 2 * DAY) == STATE
    # The new key can decrypt the state, but without the old identity the old key's signature does not count.
    with pytest.raises(TrustStateRefused):
        open_state(cms, ALICE, at=NOW + 2 * DAY)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "2"},
        {"version": "sealwax-trust-state-2"},
        {"counter": -1},
        {"contacts": "{}"},
        {"decisions": 1},
        {"more": 1},
        {"book": build_book(BOOK).decode()},
    ],
)
def test_another_shape_is_malformed(changes: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    changed = "smime_core.own_content.trust_state.build_members"
    monkeypatch.setattr(changed, lambda **members: build_members(**(members | changes)))
    cms = seal()
    with pytest.raises(MalformedMessage):
        open_state(cms)


def test_joining_adds_the_unknown_and_changes_nothing_known() -> None:
    other = run(issue_identity(authority(), "bob@example.test", provider=PROVIDER, at=NOW, key=NewKey.P256))
    session = Contacts(people=(known(other), known(CAROL)))
    later = dataclasses.replace(decision(BOB.certificate), kind=DecisionKind.AUTHORITY)
    joined = STATE.with_unknown(session, (later, decision(anchor())))
    # A new certificate of a known contact is not added from the session, because the user must confirm it.
    assert joined.contacts.people == (known(BOB), known(CAROL))
    assert joined.decisions == (decision(BOB.certificate), decision(anchor()))
    assert joined.with_unknown(Contacts(), ()) == joined
