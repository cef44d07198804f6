"""The trust state: a person's contacts, decisions on trust and address book, as web pages keep them.

The pages keep the state in the browser's storage. The state is signed, with a content type of its own, by one of the
person's keys and encrypted for all of them. Other people can therefore neither read the state, nor replace it, nor pass
it off as mail. An older state is recognised by its counter. The signed content is JSON:

    {"version": "sealwax-trust-state-1", "account": address, "counter", "contacts": the text of `contacts_json`,
    "decisions": the text of `decisions_json`}

A state with an address book has version 2 and one more member: `"book"`, the text of `book_json`. A state without a
book stays of version 1, so that earlier pages can read it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms import Encrypting, KeyHolder, Signing
from smime_core.cms.content_info import SIGNED_TRUST_STATE, TRUST_STATE
from smime_core.errors import MalformedMessage, NoMatchingRecipient, TrustStateOlder, TrustStateRefused
from smime_core.limits import MAX_TRUST_STATE_BYTES, check_limit
from smime_core.own_content.own_content import ContentKind, build_members, protect_content, was_opened
from smime_core.own_content.pinned_signer import examine_as_own
from smime_core.provider import CryptoProvider
from smime_core.report.report import State
from smime_core.text import JsonObject, address_key, parse_json
from smime_core.trust import (
    BookEntry,
    Decision,
    add_decision,
    build_book,
    build_contacts,
    build_decisions,
    parse_book,
    parse_contacts,
    parse_decisions,
)
from smime_core.trust.contacts import NO_CONTACTS, Contact, Contacts, add_unasked
from smime_core.x509.certificate import Certificate

VERSION: Final = "sealwax-trust-state-1"
VERSION_WITH_BOOK: Final = "sealwax-trust-state-2"

_WHERE: Final = "trust state"
_KIND: Final = ContentKind(name=_WHERE, content_type=TRUST_STATE, encrypted_signed_type=SIGNED_TRUST_STATE)
_MEMBERS: Final = ("version", "account", "counter", "contacts", "decisions")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustState:
    """A parsed state. `account` is the mail address of its owner. `counter` grows by one with each new state."""

    account: str
    counter: int
    contacts: Contacts = NO_CONTACTS
    decisions: tuple[Decision, ...] = ()
    book: tuple[BookEntry, ...] = ()

    def with_unknown(self, contacts: Contacts, decisions: Sequence[Decision]) -> TrustState:
        """This state, plus those `contacts` and `decisions` that it lacks. Those that it already has stay unchanged.

        A known contact gets further certificates if the user need not be asked about them. Raises LimitExceeded.
        """
        people, decided = self.contacts, self.decisions
        for contact in contacts.people:
            own = people.find(contact.address)
            people = people.with_contact(_add_unknown(own, contact) if own else contact)
        known = {decision.certificate for decision in self.decisions}
        for decision in decisions:
            if decision.certificate not in known:
                decided = add_decision(decided, decision)
        return replace(self, contacts=people, decisions=decided)


async def seal_trust_state(
    state: TrustState,
    provider: CryptoProvider,
    *,
    identity: KeyHolder,
    recipients: Sequence[Certificate],
    signing_time: datetime.datetime,
) -> bytes:
    """DER of the state, signed by `identity` and encrypted for the person's own certificates.

    Raises NoMatchingRecipient without `recipients`, UnsupportedAlgorithm for a certificate that may not be used for
    encryption, or LimitExceeded.
    """
    if not recipients:
        raise NoMatchingRecipient(())
    book = {"book": build_book(state.book).decode("ascii")} if state.book else {}
    content = build_members(
        version=VERSION_WITH_BOOK if book else VERSION,
        account=state.account,
        counter=state.counter,
        contacts=build_contacts(state.contacts).decode("ascii"),
        decisions=build_decisions(state.decisions).decode("ascii"),
        **book,
    )
    check_limit(f"bytes of {_WHERE}", len(content), MAX_TRUST_STATE_BYTES)
    signing = Signing(identities=[identity], signing_time=signing_time)
    return await protect_content(content, _KIND, provider, signing, Encrypting(recipients=recipients))


async def open_trust_state(
    cms: Buffer,
    provider: CryptoProvider,
    *,
    account: str,
    identities: Sequence[KeyHolder],
    at: datetime.datetime,
    least_counter: int = 0,
) -> TrustState:
    """Verify that the state is the person's own and return it parsed.

    (0) It is encrypted for one of `identities` and signed with its content type by one of them. (1) Its JSON has the
    right members. (2) It belongs to `account`. (3) Its counter is not below `least_counter`, the counter of the newest
    known state. Raises TrustStateRefused, TrustStateOlder, NoMatchingRecipient, DecryptionError, ContentTypeMismatch or
    MalformedMessage.
    """
    # (0) The encryption and the signature.
    check_limit(f"bytes of {_WHERE}", len(cms), MAX_TRUST_STATE_BYTES)
    report = await examine_as_own(cms, _KIND, provider, identities=identities, at=at)
    if not was_opened(report):
        raise NoMatchingRecipient(())
    if report.state is not State.VERIFIED or not report.is_encrypted:
        raise TrustStateRefused("it is not signed and encrypted by the person's own key", report=report)
    # (1) The JSON.
    state = _parse(report.content)
    # (2) The account.
    if address_key(state.account) != address_key(account):
        raise TrustStateRefused("it belongs to another account", report=report)
    # (3) The counter.
    if state.counter < least_counter:
        raise TrustStateOlder(
            f"it is number {state.counter}, and number {least_counter} was seen already", report=report
        )
    return state


def _add_unknown(own: Contact, contact: Contact) -> Contact:
    known = {certificate.certificate for certificate in own.certificates}
    return add_unasked(
        own, (certificate for certificate in contact.certificates if certificate.certificate not in known)
    )


def _parse(content: bytes) -> TrustState:
    value = parse_json(content, where=_WHERE, max_bytes=MAX_TRUST_STATE_BYTES)
    has_book = isinstance(value, dict) and value.get("version") == VERSION_WITH_BOOK
    members = JsonObject.of(value, (*_MEMBERS, "book") if has_book else _MEMBERS, where=_WHERE)
    if not has_book and members.text("version") != VERSION:
        raise MalformedMessage(f"this is not of version {VERSION} or {VERSION_WITH_BOOK}", where=_WHERE)
    return TrustState(
        account=members.text("account"),
        counter=members.number("counter"),
        contacts=parse_contacts(members.text("contacts").encode()),
        decisions=parse_decisions(members.text("decisions").encode()),
        book=parse_book(members.text("book").encode()) if has_book else (),
    )
