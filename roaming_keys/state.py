"""The state of an account: what roams with the keys, as one JSON object that is encrypted under their key.

It has the digests of earlier records, the public keys for which each new key is wrapped, and entries that other code
writes: contacts, decisions and settings. Members of later programs are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from roaming_keys.reader import MAX_SECONDS, Reader, to_base64
from roaming_keys.wire import MAX_STATE_BYTES, MAX_VERSION, MAX_WRAPS, PUBLIC_KEY_BYTES, STEP_BYTES
from smime_core.errors import MalformedMessage
from smime_core.limits import check_limit
from smime_core.trust import parse_json

DIGEST_BYTES: Final = 32
KEPT_DIGESTS: Final = 64
MAX_ENTRIES: Final = 20_000
_OWN_MEMBERS: Final = ("history", "wrap_keys", "entries")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapKey:
    """A public key (X25519, RFC 7748) for which each new key is wrapped, and the public key that logs in with it."""

    kind: str
    key: bytes
    login_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that roams. `value` is None for one that was removed, `at` the time of the change.

    Times are in milliseconds since 1970, by the clock of the device.
    """

    at: int
    value: str | None

    def is_newer_than(self, other: Entry) -> bool:
        """Return whether this one stays when both are merged. At one time a removal stays, then the larger text."""
        return self._rank() > other._rank()

    def _rank(self) -> tuple[int, bool, str]:
        return self.at, self.value is None, self.value or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The state. `history` has the digests of earlier records by version, the latest KEPT_DIGESTS."""

    history: Mapping[int, bytes] = field(default_factory=dict)
    wrap_keys: tuple[WrapKey, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)

    def after(self, version: int, digest: bytes) -> AccountState:
        """Return the state of the record that follows the one with this version and digest."""
        kept = sorted({**self.history, version: digest}.items())[-KEPT_DIGESTS:]
        return replace(self, history=dict(kept))

    def merged_with(self, other: AccountState) -> AccountState:
        """Return `other` with the entries of both: of each, the newer one."""
        return replace(other, entries=merge_entries(self.entries, other.entries))

    def to_json(self) -> bytes:
        """Return the JSON, filled up with spaces so that its encryption is a multiple of STEP_BYTES."""
        members = {
            **self.others,
            "history": [{"version": number, "digest": to_base64(one)} for number, one in sorted(self.history.items())],
            "wrap_keys": [
                {"kind": one.kind, "key": to_base64(one.key), "login_key": to_base64(one.login_key)}
                for one in self.wrap_keys
            ],
            "entries": [
                {"name": name, "at": entry.at, "value": entry.value} for name, entry in sorted(self.entries.items())
            ],
        }
        data = json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
        data += b" " * (-(len(data) + OVERHEAD_BYTES) % STEP_BYTES)
        check_limit("state in bytes", len(data) + OVERHEAD_BYTES, MAX_STATE_BYTES)
        return data

    @classmethod
    def from_json(cls, data: bytes) -> AccountState:
        """Parse the JSON. Raises MalformedMessage."""
        parsed = parse_json(data, "state", max_bytes=MAX_STATE_BYTES)
        if not isinstance(parsed, dict):
            raise MalformedMessage("expected a JSON object", "state")
        others = {name: value for name, value in parsed.items() if name not in _OWN_MEMBERS}
        reader = Reader({name: value for name, value in parsed.items() if name in _OWN_MEMBERS}, "state")
        history = {}
        for one in reader.records("history", KEPT_DIGESTS):
            history[one.integer("version", 1, MAX_VERSION)] = one.exactly("digest", DIGEST_BYTES)
            one.check_finished()
        return cls(
            history=history,
            wrap_keys=tuple(_read_wrap_key(one) for one in reader.records("wrap_keys", MAX_WRAPS)),
            entries=merge_entries({}, dict(_read_entry(one) for one in reader.records("entries", MAX_ENTRIES))),
            others=others,
        )


OVERHEAD_BYTES: Final = 12 + 16  # The nonce and the tag of AES-GCM.


def merge_entries(*sides: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the entries of all sides, of each name the newest. The order of the sides makes no difference."""
    merged: dict[str, Entry] = {}
    for name, entry in (item for side in sides for item in side.items()):
        if name not in merged or entry.is_newer_than(merged[name]):
            merged[name] = entry
    return merged


def _read_wrap_key(reader: Reader) -> WrapKey:
    key = WrapKey(
        kind=reader.text("kind"),
        key=reader.exactly("key", PUBLIC_KEY_BYTES),
        login_key=reader.exactly("login_key", PUBLIC_KEY_BYTES),
    )
    reader.check_finished()
    return key


def _read_entry(reader: Reader) -> tuple[str, Entry]:
    name, at = reader.text("name"), reader.integer("at", 0, MAX_SECONDS * 1000)
    entry = Entry(at=at, value=reader.text_or_null("value"))
    reader.check_finished()
    return name, entry
