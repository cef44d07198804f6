"""An account at a key server and the devices of its owner, which merge what they keep with it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.state import AccountState
from roaming_keys.protocol.records.trust_entries import DeviceTrust, MergedTrust, Owner, merge_trust
from smime_core.blocking import run
from smime_core.identity import Identity
from smime_core.trust import (
    Contact,
    Contacts,
    Decision,
    build_contacts,
    build_decisions,
    parse_contacts,
    parse_decisions,
)
from tests.support.people import PROVIDER, person

USER: Final = "alice@example.test"


@dataclass
class Account:
    """The entries that the key server has, and the keys of their owner."""

    identities: Sequence[Identity] = (person("alice"),)
    entries: Mapping[str, Entry] = field(default_factory=dict)


@dataclass
class Device:
    """The texts of one device."""

    account: Account
    trust: DeviceTrust = field(default_factory=DeviceTrust)
    base: Mapping[str, Entry] | None = None
    sent: list[Mapping[str, Entry]] = field(default_factory=list)

    def merge(self, at: datetime.datetime) -> MergedTrust:
        merged = self._merge(at)
        self.account.entries = self.base = merged.entries
        self.sent = []
        self.trust = merged.device
        return merged

    def merge_unanswered(self, at: datetime.datetime, *, arrives: bool = True) -> None:
        """Merge, and get no answer to what is stored."""
        merged = self._merge(at)
        before = self.account.entries
        self.sent.append({name: entry for name, entry in merged.entries.items() if before.get(name) != entry})
        if arrives:
            self.account.entries = merged.entries

    def _merge(self, at: datetime.datetime) -> MergedTrust:
        owner = Owner(user=USER, identities=self.account.identities)
        merging = merge_trust(
            self.trust, self.account.entries, self.base, sent=self.sent, owner=owner, at=at, provider=PROVIDER
        )
        merged = run(merging)
        # The state that is stored is read again by the others.
        state = AccountState.from_bytes(AccountState(entries=merged.entries).to_bytes())
        assert state.entries == merged.entries
        return merged

    @property
    def contacts(self) -> Contacts:
        return parse_contacts(self.trust.contacts) if self.trust.contacts else Contacts()

    @contacts.setter
    def contacts(self, contacts: Contacts) -> None:
        self.trust = replace(self.trust, contacts=build_contacts(contacts))

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return parse_decisions(self.trust.decisions) if self.trust.decisions else ()

    @decisions.setter
    def decisions(self, decisions: Sequence[Decision]) -> None:
        self.trust = replace(self.trust, decisions=build_decisions(decisions))

    def addresses(self) -> set[str]:
        return {contact.address for contact in self.contacts.people}

    def learn(self, *contacts: Contact) -> None:
        self.contacts = self.contacts.with_all(contacts)
