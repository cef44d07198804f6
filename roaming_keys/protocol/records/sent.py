"""Notes of the entries that a device has sent to the account since its last merge.

The answer to a push may be lost, or come after the person has changed something again. Then the device has its own
texts and the entries of its last merge (the base). From these alone, it would mistake its own entries in the account
for changes by another device. Entries that the person has removed since would come back. So the device stores an
encrypted note of each push before it sends the push, and the next merge compares the account with the notes. The notes
are deleted when the result of a merge is stored.
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

# Without a network, a device tries again and again. The earliest pushes are the ones that may have arrived.
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
    return reader.whole([StatePart.read_from(part) for part in reader.objects("sent", MAX_SENT)])
