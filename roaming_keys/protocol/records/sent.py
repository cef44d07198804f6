"""Notes of what a device has sent to the account since its last merge.

The answer to a push may be lost, or come after the person has changed something again. Then the device keeps its own
texts and its old base. With only these, it would mistake its own entries in the account for those of another device.
Then what the person has removed meanwhile would come back. So each push is noted, encrypted, before it is sent, and the
next merge compares the account with the note. The notes are deleted when a merge is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from roaming_keys.protocol.messages.accounts import MAX_STATE_BYTES
from roaming_keys.protocol.messages.written import write
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import SENT_STATE, OpenRecord, StatePart, open_kept_state, seal_sent_entries
from smime_core.provider import CryptoProvider
from smime_core.text import JsonObject

# Without a network, a device tries again and again. The first pushes are those that may have arrived.
MAX_SENT: Final = 4
MAX_SENT_BYTES: Final = 2 * MAX_SENT * MAX_STATE_BYTES


async def note_sent(
    sent: bytes, opened: OpenRecord, entries: Mapping[str, Entry], user: str, provider: CryptoProvider
) -> bytes:
    """Return the notes with one more, on the push of `entries` to the account of `opened`. Raises MalformedMessage."""
    before = opened.state.entries
    changed = {name: entry for name, entry in entries.items() if entry != before.get(name)}
    part = await seal_sent_entries(changed, opened, user, provider)
    parts = (*_read_parts(sent)[: MAX_SENT - 1], part)
    return write({"sent": [note.members() for note in parts]})


async def open_sent(
    sent: bytes, opened: OpenRecord, user: str, provider: CryptoProvider
) -> Sequence[Mapping[str, Entry]]:
    """Return the entries of each note, the earliest first. Raises MalformedMessage."""
    states = [await open_kept_state(part, opened, user, provider, label=SENT_STATE) for part in _read_parts(sent)]
    return [state.entries for state in states if state is not None]


def _read_parts(sent: bytes) -> list[StatePart]:
    if not sent:
        return []
    reader = JsonObject(sent, "sent entries", max_bytes=MAX_SENT_BYTES)
    parts = [StatePart.read_from(part) for part in reader.objects("sent", MAX_SENT)]
    reader.check_finished()
    return parts
