"""What a person knows and has decided, kept where others can reach it: signed and sealed by the person for themselves.

The pages keep contacts and decisions between two sessions in the browser's storage. Signed under a content type of its
own by one of the person's keys and sealed for all of them, it can be read by nobody else, passes as no mail, and is
believed only when the person's own key made it. A counter tells an older state from a newer one.

    {"version": "sealwax-trust-state-1", "account": address, "counter", "contacts": the text of `contacts_json`,
    "decisions": the text of `decisions_json`}
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.certificate import Certificate
from smime_core.contacts import NO_CONTACTS, Contacts
from smime_core.contacts_json import build_contacts, parse_contacts
from smime_core.content_info import SIGNED_TRUST_STATE, TRUST_STATE
from smime_core.decisions import Decision, add_decision
from smime_core.decisions_json import build_decisions, parse_decisions
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, NoMatchingRecipient, TrustStateOlder, TrustStateRefused
from smime_core.key_management import KeyHolder
from smime_core.limits import MAX_TRUST_STATE_BYTES, check_limit
from smime_core.mail_address import address_key
from smime_core.own_content import ContentKind, build_members, examine_content, protect_content, was_opened
from smime_core.pkix import RevocationPolicy, TrustAnchor, TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, State
from smime_core.strict_json import Members, parse_json

VERSION: Final = "sealwax-trust-state-1"

_WHERE: Final = "trust state"
_KIND: Final = ContentKind(name=_WHERE, content_type=TRUST_STATE, sealed_signed_type=SIGNED_TRUST_STATE)
_MEMBERS: Final = ("version", "account", "counter", "contacts", "decisions")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustState:
    """`account` is the mail address that it belongs to; `counter` is one more for each state that replaces another."""

    account: str
    counter: int
    contacts: Contacts = NO_CONTACTS
    decisions: tuple[Decision, ...] = ()

    def with_unknown(self, contacts: Contacts, decisions: Sequence[Decision]) -> TrustState:
        """This state with what it does not know yet: whom it knows stays as it says, whatever was seen meanwhile.

        Raises LimitExceeded.
        """
        people, decided = self.contacts, self.decisions
        for contact in contacts.people:
            if people.find(contact.address) is None:
                people = people.with_contact(contact)
        known = {decision.certificate for decision in self.decisions}
        for decision in decisions:
            if decision.certificate not in known:
                decided = add_decision(decided, decision)
        return dataclasses.replace(self, contacts=people, decisions=decided)


async def seal_trust_state(
    state: TrustState,
    *,
    identity: KeyHolder,
    recipients: Sequence[Certificate],
    provider: CryptoProvider,
    signing_time: datetime.datetime,
) -> bytes:
    """DER of the state, signed by `identity` and sealed for the person's own certificates.

    Raises NoMatchingRecipient without `recipients`, UnsupportedAlgorithm for one that may not receive, LimitExceeded.
    """
    if not recipients:
        raise NoMatchingRecipient(())
    content = build_members(
        version=VERSION,
        account=state.account,
        counter=state.counter,
        contacts=build_contacts(state.contacts).decode("ascii"),
        decisions=build_decisions(state.decisions).decode("ascii"),
    )
    check_limit(f"bytes of {_WHERE}", len(content), MAX_TRUST_STATE_BYTES)
    return await protect_content(
        content, _KIND, provider=provider, signing_time=signing_time, recipients=recipients, identity=identity
    )


async def open_trust_state(
    cms: Buffer,
    *,
    account: str,
    identities: Sequence[KeyHolder],
    provider: CryptoProvider,
    at: datetime.datetime,
    least_counter: int = 0,
) -> TrustState:
    """The state, when it is the person's own.

    (0) it is sealed for one of `identities` and signed under its content type by one; (1) its members; (2) it is of
    this account; (3) it is no older than the newest that was seen.
    Raises TrustStateRefused, NoMatchingRecipient, DecryptionError, ContentTypeMismatch or MalformedMessage.
    """
    # (0)
    check_limit(f"bytes of {_WHERE}", len(cms), MAX_TRUST_STATE_BYTES)
    report = await _examine(cms, identities, provider=provider, at=at)
    ended = _find_ended_signer(report, at)
    if report.state is not State.VERIFIED and ended is not None:
        # What a certificate that has ended since then signed while it was valid stays the person's word.
        report = await _examine(cms, identities, provider=provider, at=ended.not_after)
    if not was_opened(report):
        raise NoMatchingRecipient(())
    if report.state is not State.VERIFIED or not report.is_encrypted:
        raise TrustStateRefused("it is not signed and sealed by the person's own key", report=report)
    # (1)
    state = _parse(report.content)
    # (2)
    if address_key(state.account) != address_key(account):
        raise TrustStateRefused("it belongs to another account", report=report)
    # (3)
    if state.counter < least_counter:
        text = f"it is number {state.counter}, and number {least_counter} was seen already"
        raise TrustStateOlder(text, report=report)
    return state


async def _examine(
    cms: Buffer, identities: Sequence[KeyHolder], *, provider: CryptoProvider, at: datetime.datetime
) -> MessageReport:
    # Each certificate by itself: nothing that it issued, nor whoever issued it, speaks for the person.
    anchors = tuple(TrustAnchor(certificate=holder.certificate, is_exact=True) for holder in identities)
    store = TrustStore(anchors=anchors, revocation=RevocationPolicy.NOT_CHECKED)
    return await examine_content(cms, _KIND, provider=provider, trust_store=store, at=at, identities=identities)


def _find_ended_signer(report: MessageReport, at: datetime.datetime) -> Certificate | None:
    certificates = (signer.certificate for signer in report.signers)
    return next((one for one in certificates if one is not None and one.not_after < at), None)


def _parse(content: bytes) -> TrustState:
    value = parse_json(content, where=_WHERE, max_bytes=MAX_TRUST_STATE_BYTES)
    members = Members.of(value, _MEMBERS, where=_WHERE)
    if members.text("version") != VERSION:
        raise MalformedMessage(f"this is not of version {VERSION}", where=_WHERE)
    return TrustState(
        account=members.text("account"),
        counter=members.number("counter"),
        contacts=parse_contacts(members.text("contacts").encode()),
        decisions=parse_decisions(members.text("decisions").encode()),
    )
