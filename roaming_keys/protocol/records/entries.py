"""The entries of an account's state: the items that are stored with the keys, each with the time of its last change.

The kind of an entry is the word before the colon in its name. Entries of unknown kinds stay unchanged. Each kind has
its own limit, so that many contacts cannot push out a decision.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from roaming_keys.protocol.messages.accounts import MAX_STATE_BYTES
from smime_core.text import MAX_SECONDS, JsonObject

MAX_ENTRIES: Final = 20_000
MAX_AT: Final = MAX_SECONDS * 1_000
CONTACT: Final = "contact"
DECISION: Final = "decision"
SETTING: Final = "setting"
RECIPE: Final = "recipe"
PERSON: Final = "person"
GROUP: Final = "group"
# The limits for removed entries and for entries in use, of each kind. The latest entries stay.
MAX_REMOVED: Final = 1_000
MAX_LIVE: Final = {CONTACT: 2_000, DECISION: 100, PERSON: 2_000, GROUP: 100}
MAX_LIVE_OTHERS: Final = 500
# Longer values are not stored in the account. A decision with two certificates of RSA-4096 has 7,000 characters.
MAX_VALUE_CHARACTERS: Final = {
    CONTACT: 32_768,
    DECISION: 8_192,
    SETTING: 16_384,
    RECIPE: 16_384,
    PERSON: 1_024,
    GROUP: 16_384,
}
# The limit for inflated JSON. The largest contacts and decisions need less.
MAX_STATE_JSON_BYTES: Final = 16_777_216

# The other 65,536 bytes are for the members of the state besides its entries.
_MAX_ENTRIES_BYTES: Final = MAX_STATE_BYTES - 65_536
# In zlib, data that cannot be compressed grow by less than 4,096 bytes (RFC 1951 section 3.2.4).
_MAX_UNCOMPRESSED_BYTES: Final = _MAX_ENTRIES_BYTES - 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored item. `value` is None if the item was removed, and `at` is the time of the change.

    Times are in milliseconds since 1970, by the clock of the device.
    """

    at: int
    value: str | None

    def is_newer_than(self, other: Entry) -> bool:
        """Return whether a merge keeps this entry. At equal times it keeps a removal, else the text that sorts last."""
        return self._rank() > other._rank()

    def _rank(self) -> tuple[int, bool, str]:
        return self.at, self.value is None, self.value or ""


def time_after(before: Entry | None, now: int) -> int:
    """Return the time of a change: now, or just after the entry before, whose time another clock may have given."""
    return min(max(now, before.at + 1 if before else 0), MAX_AT)


def kind_of(name: str) -> str:
    """Return the kind of the entry with this name."""
    return name.partition(":")[0]


def merge_entries(*sides: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the newest entry of each name among all sides. The order of the sides does not matter."""
    merged: dict[str, Entry] = {}
    for name, entry in (item for side in sides for item in side.items()):
        if name not in merged or entry.is_newer_than(merged[name]):
            merged[name] = entry
    return merged


def fit_entries(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the entries that have room in a state.

    Each kind keeps its latest entries, up to its limit. If all entries together are still too large, the oldest
    contacts are left out, then the oldest removals of contacts, names of people, recipes, settings and groups. An entry
    that is left out does not count as removed, so devices that have it keep it.
    """
    groups: dict[tuple[str, bool], list[str]] = {}
    for name, entry in entries.items():
        groups.setdefault((kind_of(name), entry.value is None), []).append(name)
    latest = {group: _latest(names, entries)[: _limit_of(*group)] for group, names in groups.items()}
    droppable = ((CONTACT, False), (CONTACT, True), (PERSON, False), (RECIPE, False), (SETTING, False), (GROUP, False))
    for group in droppable:
        while latest.get(group) and not _fits({name: entries[name] for names in latest.values() for name in names}):
            latest[group] = latest[group][: len(latest[group]) * 9 // 10]
    fitting_names = {name for names in latest.values() for name in names}
    return {name: entry for name, entry in entries.items() if name in fitting_names}


def write_entries(entries: Mapping[str, Entry]) -> list[dict[str, str | int | None]]:
    """Return the entries as a member of the state."""
    return [{"name": name, "at": entry.at, "value": entry.value} for name, entry in sorted(entries.items())]


def read_entries(readers: Iterable[JsonObject]) -> dict[str, Entry]:
    """Return the entries of a state. Raises MalformedMessage."""
    return merge_entries({}, *(dict((_read_entry(reader),)) for reader in readers))


def _read_entry(reader: JsonObject) -> tuple[str, Entry]:
    name = reader.short_text("name")
    return reader.whole((name, Entry(at=reader.number("at", 0, MAX_AT), value=reader.text_or_null("value"))))


def _limit_of(kind: str, is_removed: bool) -> int:
    return MAX_REMOVED if is_removed else MAX_LIVE.get(kind, MAX_LIVE_OTHERS)


def _latest(names: list[str], entries: Mapping[str, Entry]) -> list[str]:
    # The name decides between equal times, so that all devices leave out the same entries.
    return sorted(names, key=lambda name: (-entries[name].at, name))


def _fits(entries: Mapping[str, Entry]) -> bool:
    data = json.dumps(write_entries(entries), separators=(",", ":"), ensure_ascii=False).encode()
    if len(data) <= _MAX_UNCOMPRESSED_BYTES:
        return True
    return len(data) <= MAX_STATE_JSON_BYTES // 2 and len(zlib.compress(data)) <= _MAX_ENTRIES_BYTES
