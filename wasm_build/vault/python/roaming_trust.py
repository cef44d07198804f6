"""The operation that merges everything that roams, except the keys, with the account at a key server."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from roaming_keys.protocol.groups.known import own_identities
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import StatePart, open_kept_state
from roaming_keys.protocol.records.sent import note_sent, open_sent
from roaming_keys.protocol.records.state import AccountState
from roaming_keys.protocol.records.trust_entries import (
    BOOK_KINDS,
    NAMED_KINDS,
    DeviceTrust,
    Owner,
    merge_trust,
)
from roaming_keys.protocol.session import Session, Setting
from roaming_keys.protocol.steps import KeptBytes
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.requests import Json, Reply, group_of, request_class
from wasm_build.vault.python.roaming_session import InSession
from wasm_build.vault.python.state import Kept


@request_class
class MergeTrust(InSession):
    """The session of an account, and what the page keeps.

    `base` is the base of the last merge that the page has kept, or empty. `sent` is the note that the page was asked to
    keep since that merge. `others` are the texts of settings, recipes, names of people and groups, by kind and name. A
    name or group that was removed here has null.
    """

    at: datetime.datetime
    kept: Kept = group_of(Kept)
    others: Json
    base: bytes = b""
    sent: bytes = b""


async def merge(request: MergeTrust, setting: Setting) -> Reply:
    """Returns `{contacts, decisions, others, base, refused, staying}`: the merged content that the page keeps.

    Entries that the account lacks are stored in it. Before that, the page gets the note `sent`, and keeps it until it
    keeps a `base`, because the server's answer may be lost. The page keeps `base` only together with the contacts and
    decisions. `refused` has the names of entries that none of the person's own keys has signed. `staying` is the number
    of entries that do not roam. Raises SmimeError.
    """
    session = await request.session.open(setting)
    merged = await setting.steps.once(Merged, partial(_merge, request, session, request.sent, setting.provider))
    if merged.state.entries != session.opened.state.entries:
        note = await setting.steps.once(
            KeptBytes, partial(_note, request.sent, session, merged.state, setting.provider)
        )
        setting.steps.add_note("sent", {"sent": note.data})
        session = await session.push(setting, replace(session.opened, state=merged.state))
        if session.opened.state.entries != merged.state.entries:
            # Another device has stored something meanwhile.
            merged = await _merge(request, session, note.data, setting.provider)
    return {
        "contacts": merged.contacts,
        "decisions": merged.decisions,
        "others": merged.others,
        "base": StatePart.of(session.opened.record).to_json(),
        "refused": list(merged.refused),
        "staying": merged.staying,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The state of an account after a merge, and the content that the page keeps after it."""

    state: AccountState
    contacts: bytes
    decisions: bytes
    others: Mapping[str, Mapping[str, str | None]]
    refused: Sequence[str]
    staying: int

    def members(self) -> dict[str, Any]:
        content = {"contacts": self.contacts.hex(), "decisions": self.decisions.hex(), "others": self.others}
        return {"state": self.state.to_bytes().hex(), **content, "refused": list(self.refused), "staying": self.staying}

    @classmethod
    async def revive(cls, members: Mapping[str, Any], _: CryptoProvider) -> Merged:
        """Return the merge of `members`."""
        octets = {name: bytes.fromhex(members[name]) for name in ("contacts", "decisions")}
        return cls(**{**members, **octets, "state": AccountState.from_bytes(bytes.fromhex(members["state"]))})


async def _note(sent: bytes, session: Session, state: AccountState, provider: CryptoProvider) -> KeptBytes:
    return KeptBytes(await note_sent(sent, session.opened, state.entries, session.account_id.user, provider))


async def _merge(request: MergeTrust, session: Session, sent: bytes, provider: CryptoProvider) -> Merged:
    merged = await merge_trust(
        DeviceTrust(
            contacts=request.kept.contacts or None,
            decisions=request.kept.decisions or None,
            others=_read_others(request.others),
        ),
        session.opened.state.entries,
        await _read_base(request.base, session, provider),
        sent=await open_sent(sent, session.opened, session.account_id.user, provider),
        owner=Owner(user=session.account_id.user, identities=own_identities(session.opened)),
        at=request.at,
        provider=provider,
    )
    return Merged(
        state=replace(session.opened.state, entries=merged.entries),
        contacts=merged.device.contacts or b"",
        decisions=merged.device.decisions or b"",
        others=merged.device.others,
        refused=merged.refused,
        staying=len(merged.staying),
    )


async def _read_base(base: bytes, session: Session, provider: CryptoProvider) -> Mapping[str, Entry] | None:
    if not base:
        return None
    state = await open_kept_state(StatePart.from_json(base), session.opened, session.account_id.user, provider)
    return None if state is None else state.entries


def _read_others(data: bytes) -> Mapping[str, Mapping[str, str | None]]:
    others = json.loads(data)
    if (
        not isinstance(others, dict)
        or not others.keys() <= NAMED_KINDS
        or not all(
            isinstance(named, dict)
            and all(isinstance(text, str) or (text is None and kind in BOOK_KINDS) for text in named.values())
            for kind, named in others.items()
        )
    ):
        raise MalformedMessage("expected texts of settings and recipes by name", where="others")
    return others
