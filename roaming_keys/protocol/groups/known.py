"""The groups that an account knows, as entries of its encrypted state.

    group key:ID   {"name", "owner", "certificate": base64 of the owner's, "version", "bundle": SHA-256 of the latest
                   bundle that was opened, "certificates": SHA-256 of those of the group}

By these entries, a client notices if a server gives an earlier version of a group, or a group of another owner. The
entries also name the identities of the account that are shared and not the person's own (`shared_keys`), because a
group's key must not sign decisions and settings. So an entry keeps certificates that later versions of the group lack.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from roaming_keys.protocol.known import ServerLies
from roaming_keys.protocol.messages.accounts import MAX_VERSION
from roaming_keys.protocol.messages.written import to_base64, write
from roaming_keys.protocol.records.record import OpenRecord
from roaming_keys.protocol.records.shared_keys import KIND, MAX_ENTRY_BYTES
from roaming_keys.protocol.records.state import AccountState
from smime_core.errors import SmimeError
from smime_core.identity import Identity, is_shared
from smime_core.text import JsonObject
from smime_core.x509 import Certificate, parse_certificate

_MAX_CERTIFICATE_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGroup:
    """A group as the account has last seen it. `certificate` is the owner's; `certificates` are those of the group."""

    name: str
    owner: str
    certificate: Certificate
    version: int
    bundle: str
    certificates: tuple[str, ...]

    def check(self, *, owner: str, version: int, bundle: str) -> None:
        """Check that this version is the known version, or a later version of the same owner. Raises ServerLies."""
        if owner != self.owner:
            raise ServerLies("group-of-another", f"the key server says that {owner} owns a group of {self.owner}")
        if version < self.version:
            seen = f"the key server gives version {version} of a group, but you have seen version {self.version}"
            raise ServerLies("group-rolled-back", seen)
        if version == self.version and bundle != self.bundle:
            raise ServerLies("group-forked", "the key server has two groups of one version")

    def after(self, before: KnownGroup | None) -> KnownGroup:
        """Return this group, with the certificates of `before` added to its own."""
        earlier = () if before is None else before.certificates
        return replace(self, certificates=tuple(sorted({*self.certificates, *earlier})))

    def to_json(self) -> bytes:
        return write(
            {
                "name": self.name,
                "owner": self.owner,
                "certificate": to_base64(self.certificate.der),
                "version": self.version,
                "bundle": self.bundle,
                "certificates": list(self.certificates),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> KnownGroup:
        """Parse the JSON. Raises MalformedMessage."""
        reader = JsonObject(data, KIND, max_bytes=MAX_ENTRY_BYTES)
        return reader.whole(
            cls(
                name=reader.short_text("name"),
                owner=reader.short_text("owner"),
                certificate=parse_certificate(reader.data("certificate", _MAX_CERTIFICATE_BYTES)),
                version=reader.number("version", 1, MAX_VERSION),
                bundle=reader.short_text("bundle"),
                certificates=reader.fingerprints("certificates"),
            )
        )


def known_groups(state: AccountState) -> Mapping[str, KnownGroup]:
    """Return the groups of an account by their ids. Entries in a form that this program cannot read are left out."""
    groups = {}
    for name, entry in state.entries.items():
        kind, _, id = name.partition(":")
        if kind != KIND or entry.value is None:
            continue
        try:
            groups[id] = KnownGroup.from_json(entry.value.encode())
        except SmimeError:
            continue
    return groups


def with_group(state: AccountState, id: str, known: KnownGroup, at: datetime.datetime) -> AccountState:
    """Return the state with the facts about a group. They stay after the person has left, because the keys stay too."""
    return state.with_entry(f"{KIND}:{id}", known.to_json().decode(), int(at.timestamp() * 1_000))


def own_identities(opened: OpenRecord) -> tuple[Identity, ...]:
    """Return the identities of an account that are the person's own, and not shared in a group."""
    return tuple(identity for identity in opened.identities if not is_shared(identity))
