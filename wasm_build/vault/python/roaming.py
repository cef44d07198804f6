"""The operations with which a page makes an account at a key server, logs in to the account, and changes it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

from roaming_keys.organisation.protocol.owner import with_own_passphrase
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.changes import ReplacedAccount, build_registration, build_reset
from roaming_keys.protocol.key_account import KeyAccount, normalise_origin, normalise_user
from roaming_keys.protocol.known import Known, day_of
from roaming_keys.protocol.login import (
    LoginContext,
    ask_for_parameters,
    log_in as log_in_by_passphrase,
    log_in_by_recovery_code,
    undo_reset as undo_by_passphrase,
    undo_reset_by_code,
)
from roaming_keys.protocol.messages.accounts import Device, WrapKind
from roaming_keys.protocol.messages.factors import read_new_factor
from roaming_keys.protocol.records.recovery_codes import (
    CODE_BYTES,
    RecoveryKeys,
    read_code,
    recovery_keys,
    write_code,
)
from roaming_keys.protocol.session import AccountId, Session, Setting
from roaming_keys.protocol.steps import KeptBytes
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.identity import Identity, load_identities
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.requests import Reply, Secret, group_of, request_class
from wasm_build.vault.python.roaming_steps import factor_body, id_in_path


@request_class
class AccountOnDevice:
    """An account at a key server, the device that logs in, and what this device knows of the account."""

    server: str
    user: str
    at: datetime.datetime
    device_token: bytes
    device_name: str
    known: bytes = b""
    ahead: tuple[bytes, ...] = ()
    seal_key: Secret

    @property
    def account_id(self) -> AccountId:
        """Identifies the account."""
        return AccountId(server=normalise_origin(self.server), user=normalise_user(self.user))

    def account(self, passphrase: Secret) -> KeyAccount:
        """The account with its server, its user and this passphrase."""
        return KeyAccount(server=self.server, user=self.user, passphrase=passphrase)

    @property
    def context(self) -> LoginContext:
        """The device that logs in, what it knows of the account, and the time."""
        device = Device(token=self.device_token, name=self.device_name)
        return LoginContext(device=device, known=Known.from_json(self.known) if self.known else None, at=self.at)


@request_class
class Register:
    server: str
    user: str
    seal_key: Secret
    ticket: str
    p12: bytes
    p12_passphrase: Secret
    passphrase: Secret


@request_class
class LogIn:
    """A login with the passphrase, and the base of the requests that begin with a login."""

    login: AccountOnDevice = group_of(AccountOnDevice)
    passphrase: Secret

    async def open(self, setting: Setting) -> Session:
        """The session after the login with the passphrase. Raises SmimeError."""
        return await log_in_by_passphrase(setting, self.login.account(self.passphrase), self.login.context)


@request_class
class Recover(LogIn):
    code: Secret


@request_class
class FinishReset(LogIn):
    ticket: str
    p12: bytes
    p12_passphrase: Secret
    version: int


@request_class
class UndoReset(LogIn):
    code: Secret | None = None


@request_class
class Rotate(LogIn):
    new_passphrase: Secret | None = None
    revoked: tuple[str, ...] = ()
    new_code: bool = False


@request_class
class ChangeFactors(LogIn):
    removed: str = ""


async def register(request: Register, setting: Setting) -> Reply:
    """Makes the account with the identities of a file. Raises SmimeError."""
    registration = await setting.steps.once(KeptBytes, partial(_registration, request, setting.provider))
    await setting.transport.send(Call(method="POST", path="/register", body=registration.data))
    return {}


async def log_in(request: LogIn, setting: Setting) -> Reply:
    """Returns `{identities, hasLostCode, hasCode, resetReady}`, the identities sealed. Raises SmimeError.

    The errors include ServerLies. The page asks the person for a second factor (`factor`), and whether to go on with
    the account after a reset (`reset`). `resetReady` is the time in seconds since 1970 from which a running reset can
    replace the account.
    """
    return await _opened(await request.open(setting), request.login, setting.provider)


async def recover(request: Recover, setting: Setting) -> Reply:
    """Logs in as `log_in` does, but with a recovery code that a person typed, and stores a passphrase.

    Raises WrongRecoveryCode or another SmimeError.
    """
    login, provider = request.login, setting.provider
    keys = await _keys_of(request.code, provider)
    session = await log_in_by_recovery_code(setting, login.account_id, keys, login.context)
    await _take_passphrase(session, setting, request.passphrase)
    return await _opened(session, login, provider)


async def finish_reset(request: FinishReset, setting: Setting) -> Reply:
    """Replaces the forgotten account with a new one. Logs in as `log_in` does, and also returns `{code}`.

    `version` is the version of the replaced record. `code` is the new recovery code; it is missing if it could not be
    stored. Raises SmimeError.
    """
    login, provider = request.login, setting.provider
    parameters = await ask_for_parameters(setting, login.account_id.user)
    replaced = ReplacedAccount(parameters=parameters, version=request.version)
    registration = await setting.steps.once(KeptBytes, partial(_reset, request, replaced, provider))
    await setting.transport.send(Call(method="POST", path="/reset/finish", body=registration.data))
    # The person has just agreed to this reset, and not to any other reset.
    context = replace(login.context, agreed=day_of(int(login.at.timestamp())))
    session = await log_in_by_passphrase(setting, login.account(request.passphrase), context)
    opened = await _opened(session, login, provider)
    try:
        return {**opened, "code": await _make_code(session, setting, request.passphrase), "hasCode": True}
    except SmimeError:
        return opened


async def undo_reset(request: UndoReset, setting: Setting) -> Reply:
    """Restores the account from before a reset with its passphrase or recovery code, and logs in as `log_in` does.

    With a code, the passphrase is new. What this device knows of the account is not compared, because it may be about
    the account after the reset. Raises SmimeError.
    """
    login, provider = request.login, setting.provider
    if request.code is None:
        session = await undo_by_passphrase(setting, login.account(request.passphrase), login.context)
    else:
        keys = await _keys_of(request.code, provider)
        session = await undo_reset_by_code(setting, login.account_id, keys, login.context)
        await _take_passphrase(session, setting, request.passphrase)
    return await _opened(session, login, provider)


async def rotate(request: Rotate, setting: Setting) -> Reply:
    """Logs in as `log_in` does, and stores a new account key, for another passphrase or after devices were revoked.

    With `new_code` it stores a new recovery code instead, and also returns it as `{code}`. Raises SmimeError.
    """
    login, provider = request.login, setting.provider
    session = await request.open(setting)
    if request.new_code:
        code = await _make_code(session, setting, request.passphrase)
        return {**await _opened(session, login, provider), "code": code, "hasLostCode": False, "hasCode": True}
    if request.new_passphrase is not None:
        await _take_passphrase(session, setting, request.new_passphrase)
    else:
        await session.rotate(setting, request.passphrase, revoked=request.revoked)
    return await _opened(session, login, provider)


async def change_factors(request: ChangeFactors, setting: Setting) -> Reply:
    """Logs in, and removes a second factor or adds one that the page makes for a challenge (`new-factor`).

    Raises SmimeError.
    """
    session = await request.open(setting)
    if request.removed:
        await session.remove_factor(setting, id_in_path(request.removed))
        return {}
    factors = await session.factors(setting)
    answer = setting.steps.ask("new-factor", {"challenge": json.loads(factors.to_json())["challenge"]})
    await session.add_factor(setting, read_new_factor(factor_body(answer)))
    return {}


async def remove_account(request: LogIn, setting: Setting) -> Reply:
    """Logs in, and deletes the account at the server. Raises SmimeError."""
    session = await request.open(setting)
    await session.delete(setting)
    return {}


async def _registration(request: Register, provider: CryptoProvider) -> KeptBytes:
    identities = await _identities_of(request.p12, request.p12_passphrase, provider)
    account = KeyAccount(server=request.server, user=request.user, passphrase=request.passphrase)
    return KeptBytes((await build_registration(account, identities, request.ticket, provider)).to_json())


async def _reset(request: FinishReset, replaced: ReplacedAccount, provider: CryptoProvider) -> KeptBytes:
    identities = await _identities_of(request.p12, request.p12_passphrase, provider)
    account, at = request.login.account(request.passphrase), request.login.at
    registration = await build_reset(account, identities, request.ticket, provider, replaced=replaced, at=at)
    return KeptBytes(registration.to_json())


async def _take_passphrase(session: Session, setting: Setting, passphrase: Secret) -> None:
    await session.rotate(setting, passphrase, change=with_own_passphrase)


async def _make_code(session: Session, setting: Setting, passphrase: Secret) -> bytes:
    secret = (await setting.steps.once(KeptBytes, partial(_random, setting.provider))).data
    keys = await recovery_keys(secret, setting.provider)
    await session.rotate(setting, passphrase, recovery=keys)
    return write_code(secret).encode()


async def _random(provider: CryptoProvider) -> KeptBytes:
    return KeptBytes(provider.random_bytes(CODE_BYTES))


def _keys_of(code: Secret, provider: CryptoProvider) -> Awaitable[RecoveryKeys]:
    return recovery_keys(read_code(code.decode("ascii", "replace")), provider)


async def _identities_of(p12: bytes, passphrase: Secret, provider: CryptoProvider) -> list[Identity]:
    identities = list(await load_identities(p12, passphrase, provider))
    if not identities:
        raise MalformedMessage("the file holds no private key together with its certificate", where="p12")
    return identities


async def _opened(session: Session, login: AccountOnDevice, provider: CryptoProvider) -> Reply:
    if not session.opened.identities:
        raise MalformedMessage("the record holds no private key together with its certificate", where="bundle")
    return {
        **await seal_all(session.opened.identities, login.seal_key, provider),
        "hasLostCode": session.own.has_lost_some,
        "hasCode": any(key.kind == WrapKind.RECOVERY for key in session.own.keys),
        "resetReady": session.reset_ready,
    }
