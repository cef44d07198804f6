"""Merge the files with contacts and decisions on this computer with an account.

For each account, one file has the account's state at the last merge, encrypted as at the key server. By this file, the
next merge finds what was changed or removed on this computer since. Another file has the entries that were sent since,
in case the server's answer was lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from roaming_keys.client.command.login import Roaming
from roaming_keys.protocol.groups.known import own_identities
from roaming_keys.protocol.messages.accounts import MAX_STATE_BYTES
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import StatePart, open_kept_state
from roaming_keys.protocol.records.sent import MAX_SENT_BYTES, note_sent, open_sent
from roaming_keys.protocol.records.trust_entries import DeviceTrust, MergedTrust, Owner, merge_trust
from roaming_keys.protocol.session import AccountId, Session
from sealwax.cli.options.parameters import now
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, lock_file, write_error, write_output
from sealwax.cli.user_files.contacts import default_contacts_file
from sealwax.cli.user_files.trust import default_decisions_file
from sealwax.files.small import read_small
from sealwax.user_folders import user_folder
from smime_core import blocking
from smime_core.identity import Identity
from smime_core.limits import MAX_DECISIONS_BYTES, MAX_TRUST_STATE_BYTES


def push_files(roaming: Roaming, identities: tuple[Identity, ...]) -> Session:
    """Store identities, contacts and decisions, and get those of other devices. Raises as `Session.push`."""
    session = roaming.session
    entries = _merge(session, _read_files()).entries
    content = replace(
        session.opened,
        identities=(*session.opened.identities, *identities),
        state=replace(session.opened.state, entries=entries),
    )
    if identities or entries != session.opened.state.entries:
        _note(session, entries)
        session = blocking.run(session.push(roaming.setting, content))
    take_files(session)
    return session


def take_files(session: Session) -> None:
    """Merge the account's contacts and decisions into the files."""
    contacts_file, decisions_file = default_contacts_file(), default_decisions_file()
    # Another command may have changed the files since `push_files` read them.
    with lock_file(contacts_file), lock_file(decisions_file):
        before = _read_files()
        merged = _merge(session, before)
        for path, new, old in (
            (contacts_file, merged.device.contacts, before.contacts),
            (decisions_file, merged.device.decisions, before.decisions),
        ):
            if new is not None and new != old:
                write_output(str(path), new, mode=PRIVATE_MODE)
        base = StatePart.of(session.opened.record).to_json()
        write_output(str(_base_file(session.account_id)), base, mode=PRIVATE_MODE)
        _sent_file(session.account_id).unlink(missing_ok=True)
    for name in merged.refused:
        write_error(f"{name} is ignored: none of your keys has signed it")
    for name in merged.staying:
        write_error(f"{name} stays on this computer: the account has no room for it, or your keys may not sign")


def forget_base(account_id: AccountId) -> None:
    """Delete the two files of a deleted account."""
    for path in (_base_file(account_id), _sent_file(account_id)):
        path.unlink(missing_ok=True)


def _note(session: Session, entries: Mapping[str, Entry]) -> None:
    """Store the entries that are about to be sent. If the answer is lost, the next merge recognises them."""
    path = _sent_file(session.account_id)
    with lock_file(path):
        sent = blocking.run(note_sent(_read_sent(session), session.opened, entries, session.account_id.user, PROVIDER))
        write_output(str(path), sent, mode=PRIVATE_MODE)


def _merge(session: Session, files: DeviceTrust) -> MergedTrust:
    return blocking.run(
        merge_trust(
            files,
            session.opened.state.entries,
            _read_base(session),
            sent=blocking.run(open_sent(_read_sent(session), session.opened, session.account_id.user, PROVIDER)),
            owner=Owner(user=session.account_id.user, identities=own_identities(session.opened)),
            at=now(),
            provider=PROVIDER,
        )
    )


def _read_files() -> DeviceTrust:
    return DeviceTrust(
        contacts=_read(default_contacts_file(), MAX_TRUST_STATE_BYTES),
        decisions=_read(default_decisions_file(), MAX_DECISIONS_BYTES),
    )


def _read_base(session: Session) -> Mapping[str, Entry] | None:
    data = _read(_base_file(session.account_id), 2 * MAX_STATE_BYTES)
    if data is None:
        return None
    part = StatePart.from_json(data)
    state = blocking.run(open_kept_state(part, session.opened, session.account_id.user, PROVIDER))
    return None if state is None else state.entries


def _read_sent(session: Session) -> bytes:
    return _read(_sent_file(session.account_id), MAX_SENT_BYTES) or b""


def _read(path: Path, max_bytes: int) -> bytes | None:
    try:
        return read_small(path, max_bytes=max_bytes)
    except FileNotFoundError:
        return None


def _base_file(account_id: AccountId) -> Path:
    return _file_of(account_id, "roaming")


def _sent_file(account_id: AccountId) -> Path:
    return _file_of(account_id, "roaming_sent")


def _file_of(account_id: AccountId, kind: str) -> Path:
    # The name of the file does not reveal the account.
    digest = hashlib.sha256(f"{account_id.server}\0{account_id.user}".encode()).hexdigest()
    return user_folder("XDG_DATA_HOME", ".local/share") / f"{kind}_{digest}.json"
