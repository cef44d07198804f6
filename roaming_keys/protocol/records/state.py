"""The state of an account: all that is stored with the keys, as one JSON object, encrypted under the same key.

It has the digests of earlier records, the public keys for which each new key is wrapped, and entries: contacts,
decisions and settings. Members that only later programs know stay unchanged. The JSON is compressed (zlib, RFC 1950),
because it has many long and similar certificates in base64.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from roaming_keys.protocol.key_account import KEY_BYTES
from roaming_keys.protocol.messages.accounts import (
    MAX_STATE_BYTES,
    MAX_VERSION,
    MAX_WRAPS,
    PUBLIC_KEY_BYTES,
    STEP_BYTES,
)
from roaming_keys.protocol.messages.written import to_base64
from roaming_keys.protocol.records.entries import (
    MAX_ENTRIES,
    MAX_STATE_JSON_BYTES,
    Entry,
    fit_entries,
    merge_entries,
    read_entries,
    time_after,
    write_entries,
)
from smime_core.errors import MalformedMessage
from smime_core.limits import check_limit
from smime_core.text import JsonObject, parse_json

DIGEST_BYTES: Final = 32
AUTHENTICATOR_BYTES: Final = 32
KEPT_DIGESTS: Final = 64
KEPT_KEYS: Final = 64
_OWN_MEMBERS: Final = ("history", "wrap_keys", "authenticator", "entries", "earlier_keys", "bundle", "reset")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapKey:
    """A public key (X25519, RFC 7748) for which each new key is wrapped, and the public key that logs in with it."""

    kind: str
    key: bytes
    login_key: bytes

    def members(self) -> dict[str, str]:
        return {"kind": self.kind, "key": to_base64(self.key), "login_key": to_base64(self.login_key)}

    @classmethod
    def read_from(cls, reader: JsonObject) -> WrapKey:
        return reader.whole(
            cls(
                kind=reader.short_text("kind"),
                key=reader.exactly("key", PUBLIC_KEY_BYTES),
                login_key=reader.exactly("login_key", PUBLIC_KEY_BYTES),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierKey:
    """An earlier key of the account. With it, a device decrypts a state that it has stored under this key."""

    bundle_id: str
    key: bytes = field(repr=False)

    def members(self) -> dict[str, str]:
        return {"bundle_id": self.bundle_id, "key": to_base64(self.key)}

    @classmethod
    def read_from(cls, reader: JsonObject) -> EarlierKey:
        return reader.whole(cls(bundle_id=reader.id("bundle_id"), key=reader.exactly("key", KEY_BYTES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundBundle:
    """The SHA-256 of the bundle that was stored with a state, and the version of that record.

    An earlier program copies both values unchanged into the next record. The version then shows that the digest is old,
    and it is not checked.
    """

    version: int
    digest: bytes

    def members(self) -> dict[str, Any]:
        return {"version": self.version, "digest": to_base64(self.digest)}

    @classmethod
    def read_from(cls, reader: JsonObject) -> BoundBundle:
        return reader.whole(
            cls(version=reader.number("version", 1, MAX_VERSION), digest=reader.exactly("digest", DIGEST_BYTES))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The state. `history` has the digests of earlier records by version, the latest KEPT_DIGESTS.

    `authenticator` authenticates the wrap keys (`own_wrap_keys.py`). `earlier_keys` has the latest KEPT_KEYS keys. If a
    reset has made the account, `reset` is its time in seconds since 1970.
    """

    history: Mapping[int, bytes] = field(default_factory=dict)
    wrap_keys: tuple[WrapKey, ...] = ()
    authenticator: bytes = b""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    earlier_keys: tuple[EarlierKey, ...] = ()
    bundle: BoundBundle | None = None
    others: Mapping[str, Any] = field(default_factory=dict)
    reset: int | None = None

    def after(self, version: int, digest: bytes) -> AccountState:
        """Return the state for the next record, after the record with this version and digest."""
        latest_digests = sorted({**self.history, version: digest}.items())[-KEPT_DIGESTS:]
        return replace(self, history=dict(latest_digests))

    def after_key(self, bundle_id: str, key: bytes) -> AccountState:
        """Return the state for a record under the next key, with this key among the earlier ones."""
        earlier = (*self.earlier_keys, EarlierKey(bundle_id=bundle_id, key=key))
        return replace(self, earlier_keys=earlier[-KEPT_KEYS:])

    def with_entry(self, name: str, value: str | None, now: int) -> AccountState:
        """Return the state with this value of an entry. `now` is in milliseconds since 1970.

        The entry is later than the earlier one, because the clock may have been ahead at the earlier change.
        """
        entry = Entry(at=time_after(self.entries.get(name), now), value=value)
        return replace(self, entries={**self.entries, name: entry})

    def merged_with(self, other: AccountState) -> AccountState:
        """Return `other` with the newer entry of each name from both states, without entries that do not fit in."""
        return replace(other, entries=fit_entries(merge_entries(self.entries, other.entries)))

    def to_bytes(self) -> bytes:
        """Return the compressed JSON, padded with zeros, so that the ciphertext is a multiple of STEP_BYTES long."""
        members = {
            **self.others,
            "history": [
                {"version": number, "digest": to_base64(digest)} for number, digest in sorted(self.history.items())
            ],
            "wrap_keys": [key.members() for key in self.wrap_keys],
            "authenticator": to_base64(self.authenticator),
            "entries": write_entries(self.entries),
            **({} if self.reset is None else {"reset": self.reset}),
        }
        if self.earlier_keys:
            members["earlier_keys"] = [key.members() for key in self.earlier_keys]
        if self.bundle is not None:
            members["bundle"] = self.bundle.members()
        written = json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
        check_limit("state in bytes of JSON", len(written), MAX_STATE_JSON_BYTES)
        data = zlib.compress(written)
        data += bytes(-(len(data) + OVERHEAD_BYTES) % STEP_BYTES)
        check_limit("state in bytes", len(data) + OVERHEAD_BYTES, MAX_STATE_BYTES)
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> AccountState:
        """Parse the compressed JSON. Raises MalformedMessage or LimitExceeded."""
        parsed = parse_json(_inflate(data), "state", max_bytes=MAX_STATE_JSON_BYTES)
        if not isinstance(parsed, dict):
            raise MalformedMessage("expected a JSON object", "state")
        others = {name: value for name, value in parsed.items() if name not in _OWN_MEMBERS}
        reader = JsonObject({name: value for name, value in parsed.items() if name in _OWN_MEMBERS}, "state")
        earlier = reader.objects("earlier_keys", KEPT_KEYS) if "earlier_keys" in reader else []
        return cls(
            history=dict(
                entry.whole((entry.number("version", 1, MAX_VERSION), entry.exactly("digest", DIGEST_BYTES)))
                for entry in reader.objects("history", KEPT_DIGESTS)
            ),
            wrap_keys=tuple(WrapKey.read_from(key) for key in reader.objects("wrap_keys", MAX_WRAPS)),
            authenticator=reader.data("authenticator", AUTHENTICATOR_BYTES),
            entries=read_entries(reader.objects("entries", MAX_ENTRIES)),
            earlier_keys=tuple(EarlierKey.read_from(key) for key in earlier),
            bundle=BoundBundle.read_from(reader.nested("bundle")) if "bundle" in reader else None,
            others=others,
            reset=reader.seconds("reset") if "reset" in reader else None,
        )


def _inflate(data: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        written = inflating.decompress(data, MAX_STATE_JSON_BYTES + 1)
    except zlib.error:
        raise MalformedMessage("expected zlib", "state") from None
    check_limit("state in bytes of JSON", len(written), MAX_STATE_JSON_BYTES)
    if not inflating.eof or any(inflating.unused_data):
        raise MalformedMessage("expected zlib, then zeros", "state")
    return written


OVERHEAD_BYTES: Final = 12 + 16  # The nonce and the tag of AES-GCM.
