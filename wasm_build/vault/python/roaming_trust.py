"""The verb that merges all that roams but the keys with the account at a key server."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import replace

from roaming_keys.protocol.groups.known import own_identities
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import StatePart, open_kept_state
from roaming_keys.protocol.records.sent import note_sent, open_sent
from roaming_keys.protocol.records.trust_entries import BOOK_KINDS, NAMED_KINDS, DeviceTrust, Owner, merge_trust
from roaming_keys.protocol.session import Session
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Json, Secret, group_of, request_class
from wasm_build.vault.python.roaming_session import prepared_reply, read_session
from wasm_build.vault.python.state import Kept


@request_class
class MergeTrust:
    """The session of an account, and what the page keeps.

    `base` is what the verb gave at the last merge that the page has kept, or nothing; `sent` what it gave since.
    `others` are the texts of settings, recipes, names of people and groups, by kind and name; null for a name or a
    group that was removed here.
    """

    user: str
    session: bytes
    seal_key: Secret
    call: int
    at: datetime.datetime
    kept: Kept = group_of(Kept)
    others: Json
    base: bytes = b""
    sent: bytes = b""


async def merge(request: MergeTrust, provider: CryptoProvider) -> Reply:
    """Returns `{contacts, decisions, others, base, refused, staying}`: what the page keeps now.

    If the account has less, also `{request, condition, authorization, session, known}` of the call that stores it, and
    `{sent}`, which the page keeps before the call, until it keeps a `base`. It keeps `base` when that is stored, and
    only together with the contacts and decisions. `refused` has the names of entries that none of the person's own keys
    has signed, `staying` the number of entries that do not roam. Raises SmimeError.
    """
    session = await read_session(request.session, request.user, request.seal_key, provider)
    merged = await merge_trust(
        DeviceTrust(
            contacts=request.kept.contacts or None,
            decisions=request.kept.decisions or None,
            others=_read_others(request.others),
        ),
        session.opened.state.entries,
        await _read_base(request.base, session, provider),
        sent=await open_sent(request.sent, session.opened, session.place.user, provider),
        owner=Owner(user=session.place.user, identities=own_identities(session.opened)),
        at=request.at,
        provider=provider,
    )
    reply: Reply = {
        "contacts": merged.device.contacts or b"",
        "decisions": merged.device.decisions or b"",
        "others": merged.device.others,
        "refused": list(merged.refused),
        "staying": len(merged.staying),
    }
    if merged.entries == session.opened.state.entries:
        return {**reply, "base": StatePart.of(session.opened.record).to_json()}
    content = replace(session.opened, state=replace(session.opened.state, entries=merged.entries))
    prepared = await session.prepare_push(content, provider)
    stored = {
        "base": StatePart.of(prepared.after.opened.record).to_json(),
        "sent": await note_sent(request.sent, session.opened, merged.entries, session.place.user, provider),
    }
    call = await prepared_reply(session, prepared, request.call, request.seal_key, provider)
    return {**reply, **stored, **call}


async def _read_base(base: bytes, session: Session, provider: CryptoProvider) -> Mapping[str, Entry] | None:
    if not base:
        return None
    state = await open_kept_state(StatePart.from_json(base), session.opened, session.place.user, provider)
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
