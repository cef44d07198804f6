"""The logins to an account at a key server, without I/O: by the passphrase, by a recovery code, and after a reset."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from roaming_keys.protocol.calls import Call, SessionKey
from roaming_keys.protocol.key_account import AccountKeys, Attempt, KeyAccount, LoginMethod, sign_login, stretch
from roaming_keys.protocol.known import AccountReset, Known
from roaming_keys.protocol.messages.accounts import Device, LoginAnswer, LoginTerms, Parameters, ParametersRequest
from roaming_keys.protocol.messages.factors import FactorDemand
from roaming_keys.protocol.records.own_wrap_keys import find_own_wrap_keys
from roaming_keys.protocol.records.record import open_record, unwrap_by_passphrase
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys, unwrap_by_recovery_code
from roaming_keys.protocol.session import AccountId, AskFactor, Session, Setting
from roaming_keys.protocol.steps import KeyServerError
from smime_core.keys import raw_private_key, read_raw_private
from smime_core.provider import CryptoProvider, KeyType

_PATHS: Final = {
    LoginMethod.PASSPHRASE: "/login",
    LoginMethod.RECOVERY_CODE: "/recover",
    LoginMethod.UNDO_BY_PASSPHRASE: "/reset/undo",
    LoginMethod.UNDO_BY_CODE: "/reset/undo-by-code",
}
# A safe limit: a server ends the login after fewer proofs.
_MAX_PROOFS: Final = 20

LoginSecret = AccountKeys | RecoveryKeys
"""The keys that sign a login and open its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginContext:
    """The device of a login, what the device knows of the account (None the first time), and the time (aware).

    `agreed` is the `reset` of the `known.AccountReset` to which the person has agreed, or empty.
    """

    device: Device
    known: Known | None
    at: datetime.datetime
    agreed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """A signed login that waits for its answer. `body` is sent to the server."""

    account_id: AccountId
    parameters: Parameters
    session_key: SessionKey = field(repr=False)
    secret: LoginSecret = field(repr=False)
    body: bytes = field(repr=False)

    async def open(self, answer: bytes, known: Known | None, provider: CryptoProvider, *, agreed: str = "") -> Session:
        """Return the session for the answer to the login, or to the second factor after it.

        Raises ServerLies, WrongPassphrase, WrongRecoveryCode, MalformedMessage, KeyServerError if a factor is demanded,
        or AccountReset unless the person has `agreed` to the reset.
        """
        if FactorDemand.find(answer) is not None:
            raise KeyServerError("factor-needed", "the account asks for a second factor")
        parsed, user = LoginAnswer.from_json(answer), self.account_id.user
        record = parsed.record
        if isinstance(self.secret, RecoveryKeys):
            key = await unwrap_by_recovery_code(record, user, self.secret, provider)
        else:
            key = await unwrap_by_passphrase(record, user, self.secret.wrap_key, provider)
        opened = await open_record(record, user, key, provider)
        if known is not None:
            known.check_record(opened, user, agreed=agreed)
        own = await find_own_wrap_keys(opened.state, user, self.secret, provider)
        return Session(
            account_id=self.account_id,
            parameters=self.parameters,
            session_key=self.session_key,
            opened=opened,
            own=own,
            reset_ready=parsed.reset_ready,
        )

    async def sign_proof(self, proof: bytes, provider: CryptoProvider) -> tuple[Call, str]:
        """Return the call with the body of a proof, and its header Authorization."""
        call = Call(method="POST", path="/factor", body=proof)
        return call, (await self.session_key.sign(self.account_id.server, call, provider)).to_header()

    def members(self) -> dict[str, Any]:
        """The login with its secrets, as members of JSON. The caller encrypts them at once."""
        return {
            **self.account_id.members(),
            "parameters": self.parameters.members(),
            "session_key": self.session_key.seed.hex(),
            "body": self.body.hex(),
            **_secret_members(self.secret),
        }

    @classmethod
    async def revive(cls, members: Mapping[str, Any], _: CryptoProvider) -> PendingLogin:
        """Return the login of `members`."""
        return cls(
            account_id=AccountId.from_members(members),
            parameters=Parameters.from_members(members["parameters"]),
            session_key=SessionKey(bytes.fromhex(members["session_key"])),
            secret=_read_secret(members),
            body=bytes.fromhex(members["body"]),
        )


async def prepare_login(
    account: KeyAccount, terms: LoginTerms, context: LoginContext, provider: CryptoProvider
) -> PendingLogin:
    """Return a login with the passphrase. Raises ServerLies if the parameters are weaker than the known ones."""
    account_id = AccountId(server=account.server, user=account.user)
    return await _prepare(account_id, LoginMethod.PASSPHRASE, _stretching(account, provider), terms, context, provider)


async def log_in(setting: Setting, account: KeyAccount, context: LoginContext) -> Session:
    """Log in with the passphrase. Raises KeyServerError, ServerLies, WrongPassphrase or MalformedMessage."""
    account_id = AccountId(server=account.server, user=account.user)
    return await _log_in(setting, account_id, LoginMethod.PASSPHRASE, _stretching(account, setting.provider), context)


async def log_in_by_recovery_code(
    setting: Setting, account_id: AccountId, keys: RecoveryKeys, context: LoginContext
) -> Session:
    """Log in with the recovery code. The person should then choose a new passphrase. Raises as `log_in`."""
    return await _log_in(setting, account_id, LoginMethod.RECOVERY_CODE, _having(keys), context)


async def undo_reset(setting: Setting, account: KeyAccount, context: LoginContext) -> Session:
    """Put the account from before a reset back with its passphrase, and log in to it. Raises as `log_in`.

    The account after the reset is deleted. This device may know a later record of the account from before the reset, so
    the record is not compared with it.
    """
    account_id = AccountId(server=account.server, user=account.user)
    return await _log_in(
        setting, account_id, LoginMethod.UNDO_BY_PASSPHRASE, _stretching(account, setting.provider), context
    )


async def undo_reset_by_code(
    setting: Setting, account_id: AccountId, keys: RecoveryKeys, context: LoginContext
) -> Session:
    """Put the account from before a reset back with its recovery code. Raises as `undo_reset`."""
    return await _log_in(setting, account_id, LoginMethod.UNDO_BY_CODE, _having(keys), context)


async def ask_for_parameters(setting: Setting, user: str) -> Parameters:
    """Return the parameters of an account. Raises KeyServerError or MalformedMessage."""
    return (await _ask_for_terms(setting, user, LoginMethod.PASSPHRASE)).parameters


async def _log_in(
    setting: Setting, account_id: AccountId, method: LoginMethod, find_secret: _FindSecret, context: LoginContext
) -> Session:
    if method.is_undo:
        context = replace(context, known=None)
    terms = await _ask_for_terms(setting, account_id.user, method)
    prepare = partial(_prepare, account_id, method, find_secret, terms, context, setting.provider)
    pending = await setting.steps.once(PendingLogin, prepare)
    answer = await setting.transport.send(Call(method="POST", path=_PATHS[method], body=pending.body))
    demand = FactorDemand.find(answer)
    if demand is not None and setting.ask_factor is not None:
        answer = await _prove(setting, setting.ask_factor, demand, pending)
    try:
        session = await pending.open(answer, context.known, setting.provider, agreed=context.agreed)
    except AccountReset as error:
        setting.steps.agree(error)
        session = await pending.open(answer, context.known, setting.provider, agreed=error.reset)
    setting.steps.reached(session)
    return session


_FindSecret = Callable[[Parameters], Awaitable[LoginSecret]]


def _stretching(account: KeyAccount, provider: CryptoProvider) -> _FindSecret:
    return lambda parameters: stretch(account, parameters, provider)


def _having(keys: RecoveryKeys) -> _FindSecret:
    async def find(_: Parameters) -> RecoveryKeys:
        return keys

    return find


async def _prepare(
    account_id: AccountId,
    method: LoginMethod,
    find_secret: _FindSecret,
    terms: LoginTerms,
    context: LoginContext,
    provider: CryptoProvider,
) -> PendingLogin:
    if context.known is not None:
        # The rotation after a login with the recovery code must not be cheaper than these parameters.
        context.known.check_parameters(terms.parameters)
    secret, session_key = await find_secret(terms.parameters), SessionKey.generate(provider)
    attempt = Attempt(nonce=terms.nonce, at=context.at, session_key=session_key.public, device=context.device)
    return PendingLogin(
        account_id=account_id,
        parameters=terms.parameters,
        session_key=session_key,
        secret=secret,
        body=(
            await sign_login(account_id.server, account_id.user, method, secret.login_key, attempt, provider)
        ).to_json(),
    )


async def _ask_for_terms(setting: Setting, user: str, method: LoginMethod) -> LoginTerms:
    path = "/reset/parameters" if method.is_undo else "/parameters"
    body = ParametersRequest(user=user).to_json()
    return LoginTerms.from_json(await setting.transport.send(Call(method="POST", path=path, body=body)))


async def _prove(setting: Setting, ask: AskFactor, demand: FactorDemand, pending: PendingLogin) -> bytes:
    """Send factors until the server accepts one, and return its answer. Raises the last refusal if `ask` stops."""
    refusal: KeyServerError | None = None
    for _ in range(_MAX_PROOFS):
        proof = ask(demand, refusal)
        call, authorization = await pending.sign_proof(proof.to_json(), setting.provider)
        try:
            return await setting.transport.send(call, authorization)
        except KeyServerError as error:
            refusal = error
    raise refusal or AssertionError


def _secret_members(secret: LoginSecret) -> dict[str, str]:
    login_key = read_raw_private(secret.login_key).hex()
    if isinstance(secret, RecoveryKeys):
        return {"login_key": login_key, "code": secret.secret.hex()}
    keys = {"wrap_key": secret.wrap_key.hex(), "authenticating_key": secret.authenticating_key.hex()}
    return {"login_key": login_key, **keys}


def _read_secret(members: Mapping[str, str]) -> LoginSecret:
    login_key = raw_private_key(KeyType.ED25519, bytes.fromhex(members["login_key"]))
    if "code" in members:
        return RecoveryKeys(login_key=login_key, secret=bytes.fromhex(members["code"]))
    return AccountKeys(
        login_key=login_key,
        wrap_key=bytes.fromhex(members["wrap_key"]),
        authenticating_key=bytes.fromhex(members["authenticating_key"]),
    )
