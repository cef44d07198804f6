"""The operations of a session at a key server.

The page asks the server, stores keys there, and merges everything else that roams with the account.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from roaming_keys.organisation.protocol.owner import fetch_recovery_status, judge_recovery
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.known import own_identities
from roaming_keys.protocol.messages.accounts import Devices
from roaming_keys.protocol.messages.factors import Factors
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import StatePart, open_kept_state
from roaming_keys.protocol.records.sent import note_sent, open_sent
from roaming_keys.protocol.records.state import AccountState
from roaming_keys.protocol.records.trust_entries import BOOK_KINDS, NAMED_KINDS, DeviceTrust, Owner, merge_trust
from roaming_keys.protocol.session import Session, Setting
from roaming_keys.protocol.steps import KeptBytes, KeyServerError
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.requests import Json, Reply, Secret, group_of, request_class
from wasm_build.vault.python.roaming_steps import read_session
from wasm_build.vault.python.sealed import identity_of, unseal_identities
from wasm_build.vault.python.state import Kept

_LISTS: Final[dict[str, type[Devices | Factors]]] = {"devices": Devices, "factors": Factors}


@request_class
class GivenSession:
    """A sealed session at a key server, and the number of calls that were made in it."""

    user: str
    session: bytes
    calls: int
    seal_key: Secret

    async def open(self, setting: Setting) -> Session:
        """The session. Raises DecryptionError."""
        return await read_session(self.session, self.user, self.calls, self.seal_key, setting.provider)


@request_class
class InSession:
    """The base of requests that continue a session at a key server."""

    session: GivenSession = group_of(GivenSession)


@request_class
class AskServer(InSession):
    what: str


@request_class
class PushIdentities(InSession):
    identities: tuple[bytes, ...]


async def ask_server(request: AskServer, setting: Setting) -> Reply:
    """Returns `{devices}`, `{factors, challenge}` or `{recovery}`, or nothing after `export` and `stop-reset`.

    `recovery` says who can recover the encryption keys, and what the owner has to know. After `export` the server
    informs the owner that the keys were saved to a file. Raises SmimeError.
    """
    session = await request.session.open(setting)
    if request.what in _LISTS:
        answer = await session.send(setting, Call(method="GET", path=f"/{request.what}"))
        listed: Reply = json.loads(_LISTS[request.what].from_json(answer).to_json())
        return listed
    if request.what == "recovery":
        return {"recovery": await _judge_recovery(session, setting)}
    if request.what == "export":
        await session.note_export(setting)
    elif request.what == "stop-reset":
        await _stop_reset(session, setting)
    else:
        raise MalformedMessage("an unknown question", where="what")
    return {}


async def push_identities(request: PushIdentities, setting: Setting) -> Reply:
    """Stores these identities in the account, beside the identities of its record. Raises SmimeError."""
    session = await request.session.open(setting)
    unsealed = await unseal_identities(request.identities, request.session.seal_key, setting.provider)
    added = [identity_of(identity) for identity in unsealed]
    await session.push(setting, replace(session.opened, identities=(*session.opened.identities, *added)))
    return {}


async def _stop_reset(session: Session, setting: Setting) -> None:
    try:
        setting.steps.reached(await session.stop_reset(setting))
    except KeyServerError as error:
        # Another device has already stopped the reset.
        if error.code != "no-reset":
            raise


async def _judge_recovery(session: Session, setting: Setting) -> Reply:
    recovery = judge_recovery(session.opened, await fetch_recovery_status(session, setting))
    return {
        "confirmed": _policy_members(recovery.confirmed),
        "offered": _policy_members(recovery.offered),
        "leftOut": len(recovery.left_out),
        "cases": [case.members() for case in recovery.cases],
        "mustRenew": recovery.must_renew,
        "hasFirstPassphrase": recovery.has_first_passphrase,
    }


def _policy_members(policy: RecoveryPolicy | None) -> dict[str, object] | None:
    if policy is None:
        return None
    return {
        "organisation": policy.organisation,
        "needed": policy.needed,
        "officers": [
            {"name": ", ".join(officer.email_addresses) or officer.common_name, "fingerprint": officer.fingerprint}
            for officer in policy.officers
        ],
        "fingerprint": policy.fingerprint,
    }


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
