"""Tell the wrap keys that an account's owner has stored from those that a thief of a device may have stored.

Each device has the record's key K and can change the state. So could a revoked device before it was revoked. Therefore
the state has an authenticator of the wrap keys, which only the passphrase can compute. The next K is never wrapped for
keys without a valid authenticator.

    authenticator = HKDF(HKDF(stretched, "wrap keys authenticating key"), "wrap keys", user, kind, key, login key, …)
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from roaming_keys.protocol.key_account import AccountKeys, expand
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys
from roaming_keys.protocol.records.state import AUTHENTICATOR_BYTES, AccountState, WrapKey
from smime_core.provider import CryptoProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWrapKeys:
    """The keys for which the next K is wrapped. `has_lost_some` is True if the state's authenticator does not fit."""

    keys: tuple[WrapKey, ...]
    has_lost_some: bool = False


async def authenticate(wrap_keys: Sequence[WrapKey], user: str, keys: AccountKeys, provider: CryptoProvider) -> bytes:
    """Return the authenticator of wrap keys. `user` is normalised."""
    fields = [part for key in wrap_keys for part in (key.kind, key.key, key.login_key)]
    return await expand(keys.authenticating_key, "wrap keys", AUTHENTICATOR_BYTES, provider, user, *fields)


async def find_own_wrap_keys(
    state: AccountState, user: str, secret: AccountKeys | RecoveryKeys, provider: CryptoProvider
) -> OwnWrapKeys:
    """Return the wrap keys that a login's secret proves to be the owner's. A recovery code proves only its own."""
    if isinstance(secret, RecoveryKeys):
        return OwnWrapKeys(keys=(secret.wrap_key,))
    expected = await authenticate(state.wrap_keys, user, secret, provider)
    if not hmac.compare_digest(expected, state.authenticator):
        return OwnWrapKeys(keys=(), has_lost_some=True)
    return OwnWrapKeys(keys=state.wrap_keys)
