"""Encrypt and decrypt the records of an account, with a key that only its owner has.

    K       = 32 random bytes, new when the passphrase changes or a device is revoked; `bundle_id` names it
    bundle  = PKCS#12 (RFC 7292) under base64url(HKDF(K, "bundle password", version)), then zeros
    state   = nonce and AES-256-GCM(HKDF(K, "state key"), zlib(JSON), zeros), AAD: user, bundle id, version;
              the JSON has the SHA-256 of the bundle
    wrap    = AES-256-GCM(wrap key, K), AAD: user, bundle id, kind of wrap

So the server cannot decrypt a record. It also cannot give an earlier bundle or state a later version, and cannot
combine parts of two records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from roaming_keys.protocol.key_account import KEY_BYTES, AccountKeys, encode_fields, expand
from roaming_keys.protocol.messages.accounts import (
    KEY_FORM,
    MAX_BUNDLE_BYTES,
    MAX_STATE_BYTES,
    MAX_VERSION,
    PROTOCOL,
    STEP_BYTES,
    KeyRecord,
    Wrap,
    WrapKind,
)
from roaming_keys.protocol.messages.written import to_base64, write
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.own_wrap_keys import authenticate
from roaming_keys.protocol.records.shared_keys import keep_marks, mark_shared, merge_group_entries
from roaming_keys.protocol.records.state import AccountState, BoundBundle, WrapKey
from roaming_keys.protocol.wraps import bundle_password, find_wrap, make_wrap, open_wrap, wrap_for_public_key
from smime_core.algorithms import AES_256_GCM
from smime_core.asn1 import der
from smime_core.errors import DecryptionError, WrongPassphrase
from smime_core.limits import check_limit
from smime_core.provider import CryptoProvider
from smime_core.text import JsonObject

if TYPE_CHECKING:
    from smime_core.identity import Identity

# The PKCS#12 password has 256 bits of entropy already, so more iterations would cost time and add nothing.
BUNDLE_ITERATIONS: Final = 1_000
FIRST_VERSION: Final = 1
EMPTY_STATE: Final = AccountState()
# Labels in the additional data of a state, so that nobody can pass off a record's state as entries that a device has
# sent.
RECORD_STATE: Final = "state"
SENT_STATE: Final = "sent state"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRecord:
    """A record with its key and its content."""

    record: KeyRecord
    key: bytes = field(repr=False)
    identities: tuple[Identity, ...]
    state: AccountState

    def with_content(self, other: OpenRecord) -> OpenRecord:
        """Return this record with the content of both, for the next version when two devices have stored a record.

        No identity is lost. The identities of `other` come first, in their order, because programs sign with the first
        identity of an address. The newer entry of each name and the later version of each group stay.
        """
        sides = other.identities, self.identities
        state = other.state.merged_with(self.state)
        entries = merge_group_entries(state.entries, other.state.entries, self.state.entries)
        return replace(
            self, identities=keep_marks(merge_identities(*sides), *sides), state=replace(state, entries=entries)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePart:
    """The encrypted state of a record. A device stores it, to find its own changes at the next merge."""

    bundle_id: str
    version: int
    state: bytes

    @classmethod
    def of(cls, record: KeyRecord) -> StatePart:
        return cls(bundle_id=record.bundle_id, version=record.version, state=record.state)

    def members(self) -> dict[str, Any]:
        return {"bundle_id": self.bundle_id, "version": self.version, "state": to_base64(self.state)}

    def to_json(self) -> bytes:
        return write(self.members())

    @classmethod
    def from_json(cls, data: bytes) -> StatePart:
        """Parse the JSON. Raises MalformedMessage."""
        return cls.read_from(JsonObject(data, "kept state", max_bytes=2 * MAX_STATE_BYTES))

    @classmethod
    def read_from(cls, reader: JsonObject) -> StatePart:
        return reader.whole(
            cls(
                bundle_id=reader.short_text("bundle_id"),
                version=reader.number("version", 1, MAX_VERSION),
                state=reader.data("state", MAX_STATE_BYTES),
            )
        )


async def build_first_record(
    user: str,
    identities: Sequence[Identity],
    keys: AccountKeys,
    provider: CryptoProvider,
    *,
    state: AccountState = EMPTY_STATE,
) -> KeyRecord:
    """Return `identities` as version 1 of a new account, wrapped for the passphrase's keys. `user` is normalised."""
    base = _Base(version=FIRST_VERSION, identities=identities, state=state)
    return await _build_under_new_key(user, base, keys, provider)


async def build_reset_record(
    user: str, identities: Sequence[Identity], keys: AccountKeys, provider: CryptoProvider, *, version: int, at: int
) -> KeyRecord:
    """Return `identities` as the first record after a reset. `at` is the time of the reset in seconds since 1970."""
    base = _Base(version=version, identities=identities, state=AccountState(reset=at))
    return await _build_under_new_key(user, base, keys, provider)


async def build_next_record(opened: OpenRecord, user: str, provider: CryptoProvider) -> KeyRecord:
    """Return the content of an open record as the next version, under the same key."""
    record = opened.record
    return await _build(user, _next_base(opened, user), record.bundle_id, opened.key, record.wraps, provider)


async def build_rotated_record(
    opened: OpenRecord, user: str, keys: AccountKeys, wrap_keys: tuple[WrapKey, ...], provider: CryptoProvider
) -> KeyRecord:
    """Return the content of an open record as the next version, under a new key, which is wrapped for the passphrase.

    The new key is also wrapped for `wrap_keys`, which replace those of the state. The state also gets the earlier key,
    for devices that have stored a state under that key.
    """
    base = _next_base(opened, user)
    state = base.state.after_key(opened.record.bundle_id, opened.key)
    base = replace(base, state=replace(state, wrap_keys=wrap_keys))
    return await _build_under_new_key(user, base, keys, provider)


async def unwrap_by_passphrase(record: KeyRecord, user: str, wrap_key: bytes, provider: CryptoProvider) -> bytes:
    """Return the key of a record.

    Raises WrongPassphrase, also for a wrap that was altered or belongs to another record or user, or MalformedMessage.
    """
    wrap = find_wrap(record.wraps, WrapKind.PASSPHRASE)
    try:
        return await open_wrap(wrap, wrap_key, user, record.bundle_id, provider)
    except DecryptionError:
        # The tag does not reveal what was wrong, so the DecryptionError adds nothing as a cause.
        raise WrongPassphrase from None


async def open_record(record: KeyRecord, user: str, key: bytes, provider: CryptoProvider) -> OpenRecord:
    """Return the content of a record. Raises WrongPassphrase if a part was altered, or MalformedMessage."""
    # Imported here because PKCS#12 and CMS take longest to import, and a login that is refused needs neither.
    from smime_core.identity import load_identities, with_own_issuers

    pkcs12 = der.read_tlv(record.bundle, where="bundle")[0].encoded
    identities = await load_identities(
        bytes(pkcs12), await bundle_password(key, provider, version=record.version), provider
    )
    state = await open_state(StatePart.of(record), user, key, provider)
    # A dishonest server may have two records of one version: it can refuse a device's first record and get another one.
    bound = state.bundle
    if bound is not None and bound.version == record.version and bound.digest != _bundle_digest(record.bundle):
        raise WrongPassphrase
    # The file gives each identity the issuers of all identities. The person's own messages do not get the issuers of a
    # group's key.
    owned = mark_shared([with_own_issuers(identity) for identity in identities], state.entries)
    return OpenRecord(record=record, key=key, identities=owned, state=state)


async def open_state(
    part: StatePart, user: str, key: bytes, provider: CryptoProvider, *, label: str = RECORD_STATE
) -> AccountState:
    """Return the state of a record. Raises WrongPassphrase if it was altered, or MalformedMessage."""
    nonce, ciphertext = part.state[: AES_256_GCM.iv_length], part.state[AES_256_GCM.iv_length :]
    state_key = await _state_key(key, provider)
    aad = _state_aad(label, user, part.bundle_id, part.version)
    try:
        return AccountState.from_bytes(await provider.decrypt_content(AES_256_GCM, state_key, nonce, ciphertext, aad))
    except DecryptionError:
        raise WrongPassphrase from None


async def seal_sent_entries(
    entries: Mapping[str, Entry], opened: OpenRecord, user: str, provider: CryptoProvider
) -> StatePart:
    """Return the entries that a device sends, encrypted for the device itself. `open_kept_state` decrypts them."""
    record = opened.record
    aad = _state_aad(SENT_STATE, user, record.bundle_id, record.version)
    return StatePart(
        bundle_id=record.bundle_id,
        version=record.version,
        state=await _seal_state(AccountState(entries=entries), opened.key, aad, provider),
    )


async def open_kept_state(
    part: StatePart, opened: OpenRecord, user: str, provider: CryptoProvider, *, label: str = RECORD_STATE
) -> AccountState | None:
    """Decrypt a state that a device has stored, also if the account has got other keys since.

    `label` is SENT_STATE for a state from `seal_sent_entries`.

    Returns None if the state was altered, or if the account no longer knows its key. Raises MalformedMessage.
    """
    keys = {key.bundle_id: key.key for key in opened.state.earlier_keys} | {opened.record.bundle_id: opened.key}
    if part.bundle_id not in keys:
        return None
    try:
        return await open_state(part, user, keys[part.bundle_id], provider, label=label)
    except WrongPassphrase:
        return None


def digest_of(record: KeyRecord, user: str) -> bytes:
    """Return the SHA-256 of a record, by which a client recognises it."""
    wraps = [part for wrap in record.wraps for part in (wrap.kind, wrap.nonce, wrap.wrapped)]
    members = (user, record.bundle_id, record.version, record.bundle, record.state, *wraps)
    return hashlib.sha256(encode_fields("record", PROTOCOL, *members)).digest()


def merge_identities(*sides: Sequence[Identity]) -> tuple[Identity, ...]:
    """Return the identities of all sides, each certificate once, in the order of their first place."""
    merged = {identity.certificate.der: identity for side in reversed(sides) for identity in side}
    order = dict.fromkeys(identity.certificate.der for side in sides for identity in side)
    return tuple(merged[der_bytes] for der_bytes in order)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    version: int
    identities: Sequence[Identity]
    state: AccountState


def _next_base(opened: OpenRecord, user: str) -> _Base:
    version = opened.record.version
    state = opened.state.after(version, digest_of(opened.record, user))
    return _Base(version=version + 1, identities=opened.identities, state=state)


async def _build_under_new_key(user: str, base: _Base, keys: AccountKeys, provider: CryptoProvider) -> KeyRecord:
    wrap_keys = base.state.wrap_keys
    state = replace(base.state, authenticator=await authenticate(wrap_keys, user, keys, provider))
    key, bundle_id = provider.random_bytes(KEY_BYTES), provider.random_bytes(16).hex()
    wraps = (
        await make_wrap(WrapKind.PASSPHRASE, key, keys.wrap_key, user, bundle_id, provider),
        *[
            await wrap_for_public_key(wrap_key.kind, key, wrap_key.key, user, bundle_id, provider)
            for wrap_key in wrap_keys
        ],
    )
    return await _build(user, replace(base, state=state), bundle_id, key, wraps, provider)


async def _build(
    user: str, base: _Base, bundle_id: str, key: bytes, wraps: tuple[Wrap, ...], provider: CryptoProvider
) -> KeyRecord:
    from smime_core.identity import Pkcs12Form, export_identities  # Imported here as in `open_record`.

    pkcs12 = await export_identities(
        base.identities,
        await bundle_password(key, provider, version=base.version),
        provider,
        BUNDLE_ITERATIONS,
        form=Pkcs12Form.MODERN,
    )
    check_limit("bundle in bytes", len(pkcs12), MAX_BUNDLE_BYTES)
    bundle = pkcs12 + bytes(-len(pkcs12) % STEP_BYTES)
    content = replace(base.state, bundle=BoundBundle(version=base.version, digest=_bundle_digest(bundle)))
    aad = _state_aad(RECORD_STATE, user, bundle_id, base.version)
    return KeyRecord(
        bundle_id=bundle_id,
        version=base.version,
        bundle=bundle,
        state=await _seal_state(content, key, aad, provider),
        wraps=wraps,
    )


async def _seal_state(state: AccountState, key: bytes, aad: bytes, provider: CryptoProvider) -> bytes:
    nonce, state_key = provider.random_bytes(AES_256_GCM.iv_length), await _state_key(key, provider)
    return nonce + await provider.encrypt_content(AES_256_GCM, state_key, nonce, state.to_bytes(), aad)


def _bundle_digest(bundle: bytes) -> bytes:
    return hashlib.sha256(bundle).digest()


async def _state_key(key: bytes, provider: CryptoProvider) -> bytes:
    return await expand(key, "state key", AES_256_GCM.key_length, provider)


def _state_aad(label: str, user: str, bundle_id: str, version: int) -> bytes:
    return encode_fields(label, KEY_FORM, user, bundle_id, version)
