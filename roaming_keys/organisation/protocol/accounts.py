"""Accounts that an administrator makes for people from their keys, with a passphrase for the first login."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from roaming_keys.organisation.protocol.copies import build_copy, recoverable
from roaming_keys.organisation.protocol.messages import NewUser
from roaming_keys.organisation.protocol.owner import with_first_passphrase, with_policy
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.changes import new_parameters
from roaming_keys.protocol.key_account import KeyAccount, stretch
from roaming_keys.protocol.messages.accounts import LoginKeys
from roaming_keys.protocol.records.record import build_first_record
from roaming_keys.protocol.records.state import AccountState
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider

# Letters and digits that people do not confuse. A passphrase of 16 of these 31 characters has 79 random bits.
_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS: Final = 4
_GROUP: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An account that is ready to be sent, and the passphrase for its first login."""

    new: NewUser
    passphrase: str = field(repr=False)


async def make_account(
    server: str,
    user: str,
    identities: Sequence[Identity],
    provider: CryptoProvider,
    *,
    policy: RecoveryPolicy | None,
    at: datetime.datetime,
) -> Made:
    """Return an account for a person's keys.

    `policy` is the recovery policy that the administrator has confirmed, or None for no recovery. Without a key that
    only encrypts, the account gets no recovery copy. Raises MalformedMessage for keys of somebody else.
    """
    passphrase = make_passphrase(provider)
    account = KeyAccount(server=server, user=user, passphrase=passphrase.encode())
    if not any(account.user in map(str.lower, identity.certificate.email_addresses) for identity in identities):
        raise MalformedMessage(f"the keys are not of {account.user}", where="certificate")
    parameters = new_parameters(provider)
    keys = await stretch(account, parameters, provider)
    state = with_first_passphrase(AccountState(), at)
    copy = None
    if policy is not None and recoverable(identities):
        state = with_policy(state, policy, at)
        copy = await build_copy(account.user, policy, identities, provider)
    new = NewUser(
        user=account.user,
        keys=LoginKeys(parameters=parameters, login_key=keys.public),
        record=await build_first_record(account.user, identities, keys, provider, state=state),
        copy=copy,
    )
    return Made(new=new, passphrase=passphrase)


def make_passphrase(provider: CryptoProvider) -> str:
    """Return a random passphrase that is easy to type from paper."""
    letters: list[str] = []
    while len(letters) < _GROUPS * _GROUP:
        # Bytes of 248 (8 times 31) and more are skipped, because they would make some characters likelier.
        letters += [_ALPHABET[byte % 31] for byte in provider.random_bytes(32) if byte < 248]
    return "-".join("".join(letters[_GROUP * n :][:_GROUP]) for n in range(_GROUPS))
