"""A person's session at a key server: log in, fetch, store, change the passphrase, without I/O.

A `Transport` sends the requests. What the server answers is checked against what this device knows of the account.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from roaming_keys.protocol.calls import Call, SessionKey
from roaming_keys.protocol.changes import build_rotation
from roaming_keys.protocol.key_account import AccountKeys, Attempt, KeyAccount, LoginWay, sign_login, stretch
from roaming_keys.protocol.known import Known
from roaming_keys.protocol.messages.accounts import (
    Device,
    Devices,
    KeyRecord,
    KnownDevice,
    Login,
    LoginAnswer,
    LoginTerms,
    Parameters,
    ParametersRequest,
    Push,
)
from roaming_keys.protocol.messages.factors import (
    AssertionProof,
    CodeProof,
    FactorDemand,
    Factors,
    NewCodes,
    NewSecurityKey,
)
from roaming_keys.protocol.records.own_wrap_keys import OwnWrapKeys, find_own_wrap_keys
from roaming_keys.protocol.records.record import (
    OpenRecord,
    build_next_record,
    digest_of,
    open_record,
    unwrap_by_passphrase,
)
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys, unwrap_by_recovery_code
from roaming_keys.protocol.records.state import AccountState
from smime_core.errors import SmimeError
from smime_core.provider import CryptoProvider

_PATHS: Final = {
    LoginWay.PASSPHRASE: "/login",
    LoginWay.RECOVERY_CODE: "/recover",
    LoginWay.UNDO_BY_PASSPHRASE: "/reset/undo",
    LoginWay.UNDO_BY_CODE: "/reset/undo-by-code",
}
# Each time, another device has stored something in the moment between.
_PUSH_TRIES: Final = 5
# The first try has ended all other sessions, so that only a device which has logged in since can have stored something.
_ROTATION_TRIES: Final = 3
_FACTOR_TRIES: Final = 3
AskFactor = Callable[[FactorDemand, str], CodeProof | AssertionProof]
"""Asks the person for a second factor. The text says why the one before was refused, and is empty at first."""


class KeyServerError(SmimeError):
    """The key server refused a request or cannot be reached.

    `code` is the code in the server's error, `key-server-error` if its answer is no such error, or
    `key-server-unreachable`. `record` is the server's record, if it is another than the one that was expected.
    """

    def __init__(
        self, code: str, message: str, retry_after_seconds: int | None = None, record: KeyRecord | None = None
    ) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # here the code comes from the server
        self.retry_after_seconds = retry_after_seconds
        self.record = record


class Transport(Protocol):
    """Sends requests to one key server."""

    async def send(self, call: Call, authorization: str | None = None) -> bytes:
        """Return the body of the answer; empty if nothing has changed (304). Raises KeyServerError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account at a key server: its normalised origin and address."""

    server: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The parts that the calls of a session need besides the account. `ask_factor` asks for a second factor."""

    transport: Transport
    provider: CryptoProvider
    ask_factor: AskFactor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDevice:
    """The device of a login, what it knows of the account (None at the first time), and its time (aware).

    `agreed` is the reset of the account that the person has agreed to, in the words of `known.AccountReset`.
    """

    device: Device
    known: Known | None
    at: datetime.datetime
    agreed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session and the open record. Each method that changes something returns the session after it.

    `own` are the wrap keys for which the secret of the login vouches. Records under the same key have no others.
    `reset_ready` is set if a reset of the account went on at the login: the time, in seconds since 1970, from which
    somebody who reads the mail of the address may take the account, unless a device stops it.
    """

    place: Place
    parameters: Parameters
    session_key: SessionKey = field(repr=False)
    opened: OpenRecord = field(repr=False)
    own: OwnWrapKeys
    reset_ready: int | None = None

    @property
    def known(self) -> Known:
        """The state of the account that the device knows now, to be kept for its next login."""
        opened = self.opened
        return Known.of(opened.record, self.place.user, self.parameters, reset=opened.state.reset)

    async def pull(self, setting: Setting) -> Session:
        """Return the session with the latest record. Raises KeyServerError, ServerLies, WrongPassphrase."""
        answer = await self._send(setting, Call(method="GET", path="/bundle", condition=self.opened.record.tag))
        return await self.with_record(KeyRecord.from_json(answer), setting.provider) if answer else self

    async def push(self, setting: Setting, content: OpenRecord) -> Session:
        """Store the content of a record. What another device has stored meanwhile is merged into it.

        Raises KeyServerError, ServerLies, WrongPassphrase.
        """
        return await self._store(setting, lambda latest: latest.prepare_push(content, setting.provider), _PUSH_TRIES)

    async def rotate(
        self,
        setting: Setting,
        passphrase: bytes,
        *,
        revoked: Sequence[str] = (),
        recovery: RecoveryKeys | None = None,
        change: Callable[[AccountState], AccountState] = lambda state: state,
    ) -> Session:
        """Store a new key and a passphrase, which may be the one of before, with a new recovery code if given.

        What another device has stored since the last pull is kept, and `change` is made to it. Raises KeyServerError,
        ServerLies, WrongPassphrase.
        """

        def prepare(latest: Session) -> Awaitable[Prepared]:
            opened = replace(latest.opened, state=change(latest.opened.state))
            changed = replace(latest, opened=opened)
            return changed.prepare_rotation(passphrase, setting.provider, revoked=revoked, recovery=recovery)

        return await self._store(setting, prepare, _ROTATION_TRIES)

    async def _store(self, setting: Setting, prepare: Callable[[Session], Awaitable[Prepared]], tries: int) -> Session:
        """Send a change, and make it anew from the record that another device has stored meanwhile."""
        latest = self
        for _ in range(tries):
            prepared = await prepare(latest)
            try:
                await latest._send(setting, prepared.call)
            except KeyServerError as error:
                if error.record is None:
                    raise
                if not prepared.has_stored(error.record):
                    latest = await latest.with_record(error.record, setting.provider)
                    continue
            return prepared.after
        raise KeyServerError("record-changed", "other devices store keys all the time: try again later")

    async def prepare_push(self, content: OpenRecord, provider: CryptoProvider) -> Prepared:
        """Return the call that stores the content of a record beside what this session has."""
        merged = self.opened.with_content(content)
        record = await build_next_record(merged, self.place.user, provider)
        call = Call(method="PUT", path="/bundle", condition=self.opened.record.tag, body=Push(record=record).to_json())
        return Prepared(call=call, after=replace(self, opened=await self._reopen(record, merged.key, provider)))

    async def prepare_rotation(
        self,
        passphrase: bytes,
        provider: CryptoProvider,
        *,
        revoked: Sequence[str] = (),
        recovery: RecoveryKeys | None = None,
    ) -> Prepared:
        """Return the call that stores a new key, as `rotate` does."""
        account = KeyAccount(server=self.place.server, user=self.place.user, passphrase=passphrase)
        rotation, keys = await build_rotation(
            account,
            self.opened,
            self.own.keys,
            provider,
            before=self.parameters,
            revoked=revoked,
            recovery=recovery,
        )
        call = Call(method="POST", path="/passphrase", condition=self.opened.record.tag, body=rotation.to_json())
        key = await unwrap_by_passphrase(rotation.record, self.place.user, keys.wrap_key, provider)
        opened = await self._reopen(rotation.record, key, provider)
        own = OwnWrapKeys(keys=opened.state.wrap_keys)
        return Prepared(call=call, after=replace(self, parameters=rotation.keys.parameters, opened=opened, own=own))

    async def with_record(self, record: KeyRecord, provider: CryptoProvider) -> Session:
        """Return the session with another record under the same key. Raises ServerLies, WrongPassphrase."""
        opened = await self._reopen(record, self.opened.key, provider)
        self.known.check_record(opened, self.place.user)
        return replace(self, opened=opened)

    async def sign(self, call: Call, provider: CryptoProvider) -> str:
        """Return the header Authorization for the next call."""
        return (await self.session_key.sign(self.place.server, call, provider)).to_header()

    async def devices(self, setting: Setting) -> tuple[KnownDevice, ...]:
        """Return the devices of the account. Raises KeyServerError."""
        return Devices.from_json(await self._send(setting, Call(method="GET", path="/devices"))).devices

    async def factors(self, setting: Setting) -> Factors:
        """Return the second factors of the account. Raises KeyServerError."""
        return Factors.from_json(await self._send(setting, Call(method="GET", path="/factors")))

    async def add_factor(self, setting: Setting, new: NewCodes | NewSecurityKey) -> None:
        """Store a second factor. Other devices have to log in again. Raises KeyServerError."""
        await self._send(setting, Call(method="POST", path="/factors", body=new.to_json()))

    async def remove_factor(self, setting: Setting, id: str) -> None:
        """Delete a second factor. Raises KeyServerError."""
        await self._send(setting, Call(method="DELETE", path=f"/factors/{id}"))

    async def stop_reset(self, setting: Setting) -> Session:
        """Stop the reset of the account. Raises KeyServerError."""
        await self._send(setting, Call(method="DELETE", path="/reset"))
        return replace(self, reset_ready=None)

    async def note_export(self, setting: Setting) -> None:
        """Say that the keys are saved to a file, so that the server tells their owner. Raises KeyServerError."""
        await self._send(setting, Call(method="POST", path="/export"))

    async def delete(self, setting: Setting) -> None:
        """Delete the account at the server. Raises KeyServerError."""
        await self._send(setting, Call(method="DELETE", path="/account"))

    async def _reopen(self, record: KeyRecord, key: bytes, provider: CryptoProvider) -> OpenRecord:
        # The stored record is opened once more, so that no record is stored that does not open.
        return await open_record(record, self.place.user, key, provider)

    async def _send(self, setting: Setting, call: Call) -> bytes:
        return await setting.transport.send(call, await self.sign(call, setting.provider))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A call that stores a record, and the session after it."""

    call: Call
    after: Session

    def has_stored(self, record: KeyRecord) -> bool:
        """Return whether the server's record is the one of this call: the answer to an earlier try was lost."""
        user = self.after.place.user
        return digest_of(record, user) == digest_of(self.after.opened.record, user)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """A login that was signed, until its answer is there."""

    place: Place
    parameters: Parameters
    session_key: SessionKey = field(repr=False)
    secret: AccountKeys | RecoveryKeys = field(repr=False)

    async def open(self, answer: bytes, known: Known | None, provider: CryptoProvider, *, agreed: str = "") -> Session:
        """Return the session for the answer to the login, or to the second factor after it.

        Raises ServerLies, WrongPassphrase, WrongRecoveryCode, MalformedMessage, or KeyServerError for a demand; also
        AccountReset, unless the person has `agreed` to it.
        """
        if FactorDemand.find(answer) is not None:
            raise KeyServerError("factor-needed", "the account asks for a second factor")
        parsed, user = LoginAnswer.from_json(answer), self.place.user
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
            place=self.place,
            parameters=self.parameters,
            session_key=self.session_key,
            opened=opened,
            own=own,
            reset_ready=parsed.reset_ready,
        )

    async def sign_proof(self, proof: bytes, provider: CryptoProvider) -> tuple[Call, str]:
        """Return the call with the body of a proof, and its header Authorization."""
        call = Call(method="POST", path="/factor", body=proof)
        return call, (await self.session_key.sign(self.place.server, call, provider)).to_header()


async def prepare_login(
    account: KeyAccount, terms: LoginTerms, here: OnDevice, provider: CryptoProvider
) -> tuple[Login, PendingLogin]:
    """Return the body of a login by the passphrase. Raises ServerLies for weaker parameters than the known ones."""
    if here.known is not None:
        here.known.check_parameters(terms.parameters)
    keys = await stretch(account, terms.parameters, provider)
    place = Place(server=account.server, user=account.user)
    return await _sign(place, terms, here, LoginWay.PASSPHRASE, keys, provider)


async def prepare_recovery(
    place: Place, terms: LoginTerms, keys: RecoveryKeys, here: OnDevice, provider: CryptoProvider
) -> tuple[Login, PendingLogin]:
    """Return the body of a login by the recovery code. Raises ServerLies for weaker parameters than the known ones."""
    # The rotation after it takes their cost over.
    if here.known is not None:
        here.known.check_parameters(terms.parameters)
    return await _sign(place, terms, here, LoginWay.RECOVERY_CODE, keys, provider)


async def prepare_undo(
    account: KeyAccount, terms: LoginTerms, here: OnDevice, provider: CryptoProvider
) -> tuple[Login, PendingLogin]:
    """Return the body of a login to the account from before a reset, by its passphrase."""
    keys = await stretch(account, terms.parameters, provider)
    place = Place(server=account.server, user=account.user)
    return await _sign(place, terms, here, LoginWay.UNDO_BY_PASSPHRASE, keys, provider)


async def prepare_undo_by_code(
    place: Place, terms: LoginTerms, keys: RecoveryKeys, here: OnDevice, provider: CryptoProvider
) -> tuple[Login, PendingLogin]:
    """Return the body of a login to the account from before a reset, by its recovery code."""
    return await _sign(place, terms, here, LoginWay.UNDO_BY_CODE, keys, provider)


async def log_in(setting: Setting, account: KeyAccount, here: OnDevice) -> Session:
    """Log in by the passphrase. Raises KeyServerError, ServerLies, WrongPassphrase or MalformedMessage."""
    terms = await _ask_for_terms(setting, account.user)
    login, pending = await prepare_login(account, terms, here, setting.provider)
    return await _finish(setting, LoginWay.PASSPHRASE, login, pending, here)


async def log_in_by_recovery_code(setting: Setting, place: Place, keys: RecoveryKeys, here: OnDevice) -> Session:
    """Log in by the recovery code. The person should then choose a new passphrase. Raises as `log_in`."""
    terms = await _ask_for_terms(setting, place.user)
    login, pending = await prepare_recovery(place, terms, keys, here, setting.provider)
    return await _finish(setting, LoginWay.RECOVERY_CODE, login, pending, here)


async def ask_for_parameters(setting: Setting, user: str) -> Parameters:
    """Return the parameters of an account. Raises KeyServerError or MalformedMessage."""
    return (await _ask_for_terms(setting, user)).parameters


async def undo_reset(setting: Setting, account: KeyAccount, here: OnDevice) -> Session:
    """Put the account from before a reset back, by its passphrase, and log in to it. Raises as `log_in`.

    The account after the reset is deleted. Its record may be known here and is a later one, so nothing that is known is
    compared.
    """
    terms = await _ask_for_terms(setting, account.user, path="/reset/parameters")
    login, pending = await prepare_undo(account, terms, here, setting.provider)
    return await _finish(setting, LoginWay.UNDO_BY_PASSPHRASE, login, pending, replace(here, known=None))


async def undo_reset_by_code(setting: Setting, place: Place, keys: RecoveryKeys, here: OnDevice) -> Session:
    """Put the account from before a reset back, by its recovery code. Raises as `undo_reset`."""
    terms = await _ask_for_terms(setting, place.user, path="/reset/parameters")
    login, pending = await prepare_undo_by_code(place, terms, keys, here, setting.provider)
    return await _finish(setting, LoginWay.UNDO_BY_CODE, login, pending, replace(here, known=None))


async def _sign(
    place: Place,
    terms: LoginTerms,
    here: OnDevice,
    way: LoginWay,
    secret: AccountKeys | RecoveryKeys,
    provider: CryptoProvider,
) -> tuple[Login, PendingLogin]:
    session_key = SessionKey.generate(provider)
    attempt = Attempt(nonce=terms.nonce, at=here.at, session_key=session_key.public, device=here.device)
    login = await sign_login(place.server, place.user, way, secret.login_key, attempt, provider)
    pending = PendingLogin(place=place, parameters=terms.parameters, session_key=session_key, secret=secret)
    return login, pending


async def _ask_for_terms(setting: Setting, user: str, path: str = "/parameters") -> LoginTerms:
    body = ParametersRequest(user=user).to_json()
    return LoginTerms.from_json(await setting.transport.send(Call(method="POST", path=path, body=body)))


async def _finish(setting: Setting, way: LoginWay, login: Login, pending: PendingLogin, here: OnDevice) -> Session:
    answer = await setting.transport.send(Call(method="POST", path=_PATHS[way], body=login.to_json()))
    demand = FactorDemand.find(answer)
    if demand is not None and setting.ask_factor is not None:
        answer = await _prove(setting, setting.ask_factor, demand, pending)
    return await pending.open(answer, here.known, setting.provider, agreed=here.agreed)


async def _prove(setting: Setting, ask: AskFactor, demand: FactorDemand, pending: PendingLogin) -> bytes:
    """Return the answer to a login's second factor, which the person may try a few times. Raises KeyServerError."""
    refusal = ""
    for left in reversed(range(_FACTOR_TRIES)):
        proof = ask(demand, refusal)
        call, authorization = await pending.sign_proof(proof.to_json(), setting.provider)
        try:
            return await setting.transport.send(call, authorization)
        except KeyServerError as error:
            if error.code != "factor-refused" or not left:
                raise
            refusal = str(error)
    raise AssertionError("the last try has returned or raised")
