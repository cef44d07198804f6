"""The wrap keys that an account's owner has stored, apart from those that a device or a thief has put there.

Each device can change the state, and a revoked device could before, because it has K. So the wrap keys have an
authenticator that only the passphrase gives. The next K is never wrapped for keys without an authenticator.

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
    """The keys for which the next K is wrapped. `has_lost_some` says that the state has other keys, or lacks some."""

    keys: tuple[WrapKey, ...]
    has_lost_some: bool = False


async def authenticate(wrap_keys: Sequence[WrapKey], user: str, keys: AccountKeys, provider: CryptoProvider) -> bytes:
    """Return the authenticator of wrap keys. `user` is normalised."""
    fields = [part for key in wrap_keys for part in (key.kind, key.key, key.login_key)]
    return await expand(keys.authenticating_key, "wrap keys", AUTHENTICATOR_BYTES, provider, user, *fields)


async def find_own_wrap_keys(
    state: AccountState, user: str, secret: AccountKeys | RecoveryKeys, provider: CryptoProvider
) -> OwnWrapKeys:
    """Return the wrap keys that a login's secret authenticates. A recovery code authenticates only its own key."""
    if isinstance(secret, RecoveryKeys):
        return OwnWrapKeys(keys=(secret.wrap_key,))
    expected = await authenticate(state.wrap_keys, user, secret, provider)
    if not hmac.compare_digest(expected, state.authenticator):
        return OwnWrapKeys(keys=(), has_lost_some=True)
    return OwnWrapKeys(keys=state.wrap_keys)
