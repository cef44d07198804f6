"""The messages that set the keys of an account: the registration, and the rotation under a new passphrase or code."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from roaming_keys.protocol.key_account import AccountKeys, KeyAccount, check_passphrase, stretch
from roaming_keys.protocol.messages.accounts import LoginKeys, Parameters, Registration, Rotation, WrapKind
from roaming_keys.protocol.records.record import (
    OpenRecord,
    build_first_record,
    build_reset_record,
    build_rotated_record,
)
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys
from roaming_keys.protocol.records.state import WrapKey
from smime_core.provider import CryptoProvider

if TYPE_CHECKING:
    from smime_core.identity import Identity

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedAccount:
    """The account that a reset replaces: its parameters, and the version of its record."""

    parameters: Parameters
    version: int


async def build_registration(
    account: KeyAccount,
    identities: Sequence[Identity],
    ticket: str,
    provider: CryptoProvider,
    mail_password: bytes | None = None,
) -> Registration:
    """Return the body of `POST /register`: `identities` as version 1 of a new account.

    Pass `mail_password` if it is known. Raises PassphraseReused if the passphrase is the same, PassphraseMissing or
    MalformedMessage.
    """
    check_passphrase(account.passphrase, mail_password)
    parameters = new_parameters(provider)
    keys = await stretch(account, parameters, provider)
    return Registration(
        user=account.user,
        ticket=ticket,
        keys=LoginKeys(parameters=parameters, login_key=keys.public),
        record=await build_first_record(account.user, identities, keys, provider),
    )


async def build_reset(
    account: KeyAccount,
    identities: Sequence[Identity],
    ticket: str,
    provider: CryptoProvider,
    *,
    replaced: ReplacedAccount,
    at: datetime.datetime,
    mail_password: bytes | None = None,
) -> Registration:
    """Return the body of `POST /reset/finish`: `identities` as the next record after the replaced one.

    The record is marked as reset at `at`. The new parameters cost a guesser at least as much as those of `replaced`,
    because other devices refuse weaker ones. Raises as `build_registration`.
    """
    check_passphrase(account.passphrase, mail_password)
    parameters = new_parameters(provider).at_the_cost_of(replaced.parameters)
    keys = await stretch(account, parameters, provider)
    record = await build_reset_record(
        account.user, identities, keys, provider, version=replaced.version + 1, at=int(at.timestamp())
    )
    login_keys = LoginKeys(parameters=parameters, login_key=keys.public)
    return Registration(user=account.user, ticket=ticket, keys=login_keys, record=record)


async def build_rotation(
    account: KeyAccount,
    opened: OpenRecord,
    wrap_keys: Sequence[WrapKey],
    provider: CryptoProvider,
    *,
    before: Parameters,
    revoked: Sequence[str] = (),
    recovery: RecoveryKeys | None = None,
) -> tuple[Rotation, AccountKeys]:
    """Return the body of `POST /passphrase` and the account's new keys.

    The passphrase of `account` may be the same as before. The salt and the record's key are new, so `revoked` devices
    can neither log in nor open later records. `wrap_keys` are those that the owner has stored
    (`records/own_wrap_keys.py`); all other earlier wrap keys are dropped. The new parameters cost a guesser at least as
    much as those of `before`, because other devices refuse weaker ones. `recovery` replaces an earlier recovery code.
    Raises PassphraseMissing or MalformedMessage.
    """
    check_passphrase(account.passphrase)
    parameters = new_parameters(provider).at_the_cost_of(before)
    keys = await stretch(account, parameters, provider)
    if recovery is not None:
        wrap_keys = (*(key for key in wrap_keys if key.kind != WrapKind.RECOVERY), recovery.wrap_key)
    codes = [key.login_key for key in wrap_keys if key.kind == WrapKind.RECOVERY]
    rotation = Rotation(
        keys=LoginKeys(parameters=parameters, login_key=keys.public, recovery_key=codes[0] if codes else None),
        record=await build_rotated_record(opened, account.user, keys, tuple(wrap_keys), provider),
        revoked=tuple(revoked),
    )
    return rotation, keys


def new_parameters(provider: CryptoProvider) -> Parameters:
    """Return parameters with a new salt."""
    return Parameters(salt=provider.random_bytes(_SALT_BYTES))
