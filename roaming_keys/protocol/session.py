"""A person's session at a key server: fetch, store, change the passphrase, without I/O.

A `Transport` sends the requests. Each record from the server is checked against the facts that this device knows about
the account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Protocol

from roaming_keys.protocol.calls import Call, SessionKey
from roaming_keys.protocol.changes import build_rotation
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.known import Known
from roaming_keys.protocol.messages.accounts import Devices, KeyRecord, KnownDevice, Parameters, Push
from roaming_keys.protocol.messages.factors import FactorDemand, Factors, NewCodes, NewSecurityKey, Proof
from roaming_keys.protocol.records.own_wrap_keys import OwnWrapKeys
from roaming_keys.protocol.records.record import (
    OpenRecord,
    build_next_record,
    digest_of,
    open_record,
    unwrap_by_passphrase,
)
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys
from roaming_keys.protocol.records.state import AccountState, WrapKey
from roaming_keys.protocol.steps import AT_ONCE, KeyServerError, Steps
from smime_core.provider import CryptoProvider
from smime_core.text import JsonObject

# A further try is needed only if another device has stored a record in between.
_PUSH_TRIES: Final = 5
# The first try ends all other sessions. So a further try is needed only if a device has logged in since.
_ROTATION_TRIES: Final = 3

AskFactor = Callable[[FactorDemand, KeyServerError | None], Proof]
"""Asks the person for a second factor. It gets the refusal of an earlier try, and raises this error to stop asking."""


class Transport(Protocol):
    """Sends requests to one key server."""

    async def send(self, call: Call, authorization: str | None = None) -> bytes:
        """Return the body of the answer; empty if nothing has changed (304). Raises KeyServerError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountId:
    """Identifies an account at a key server by the normalised origin of the server and the address of the user."""

    server: str
    user: str

    def members(self) -> dict[str, str]:
        """The account as members of JSON."""
        return {"server": self.server, "user": self.user}

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> AccountId:
        """Return the account in `members`. Other members are ignored."""
        return cls(server=members["server"], user=members["user"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The parts that operations on an account need. Without `ask_factor`, a login that needs a second factor fails."""

    transport: Transport
    provider: CryptoProvider
    ask_factor: AskFactor | None = None
    steps: Steps = AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session and the open record. Each method that changes something returns the session after the change.

    `own` has the wrap keys that are proved to be the owner's. They are the same for all records under one key.
    `reset_ready` is set if a reset of the account was going on at the login. From this time, in seconds since 1970,
    somebody who can read mail to the address may take over the account, unless a device stops the reset.
    """

    account_id: AccountId
    parameters: Parameters
    session_key: SessionKey = field(repr=False)
    opened: OpenRecord = field(repr=False)
    own: OwnWrapKeys
    reset_ready: int | None = None

    @property
    def known(self) -> Known:
        """The facts about the account that the device has to store for its next login."""
        opened = self.opened
        return Known.of(opened.record, self.account_id.user, self.parameters, reset=opened.state.reset)

    async def pull(self, setting: Setting) -> Session:
        """Return the session with the latest record. Raises KeyServerError, ServerLies, WrongPassphrase."""
        answer = await self.send(setting, Call(method="GET", path="/bundle", condition=self.opened.record.tag))
        return await self.with_record(KeyRecord.from_json(answer), setting.provider) if answer else self

    async def push(self, setting: Setting, content: OpenRecord) -> Session:
        """Store the content of a record, merged with the record that another device may have stored since.

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
        """Store the record under a new key, a passphrase (new or the current one), and a recovery code if given.

        Records that another device has stored since are kept, and `change` is applied to the latest state. Raises
        KeyServerError, ServerLies, WrongPassphrase.
        """

        def prepare(latest: Session) -> Awaitable[Prepared]:
            opened = replace(latest.opened, state=change(latest.opened.state))
            changed = replace(latest, opened=opened)
            return changed.prepare_rotation(passphrase, setting.provider, revoked=revoked, recovery=recovery)

        return await self._store(setting, prepare, _ROTATION_TRIES)

    async def _store(self, setting: Setting, prepare: Callable[[Session], Awaitable[Prepared]], tries: int) -> Session:
        """Send a change. If another device has stored a record since, make the change again, based on that record."""
        latest = self
        for _ in range(tries):
            prepared = await setting.steps.once(Prepared, partial(prepare, latest))
            try:
                await latest.send(setting, prepared.call)
            except KeyServerError as error:
                if error.record is None:
                    raise
                if not prepared.has_stored(error.record):
                    latest = await latest.with_record(error.record, setting.provider)
                    setting.steps.reached(latest)
                    continue
            after = replace(prepared.after, session_key=self.session_key)
            setting.steps.reached(after)
            return after
        raise KeyServerError("record-changed", "other devices store keys all the time: try again later")

    async def prepare_push(self, content: OpenRecord, provider: CryptoProvider) -> Prepared:
        """Return the call that stores `content`, merged with the content of this session's record."""
        merged = self.opened.with_content(content)
        record = await build_next_record(merged, self.account_id.user, provider)
        return Prepared(
            call=Call(
                method="PUT", path="/bundle", condition=self.opened.record.tag, body=Push(record=record).to_json()
            ),
            after=replace(self, opened=await self._reopen(record, merged.key, provider)),
        )

    async def prepare_rotation(
        self,
        passphrase: bytes,
        provider: CryptoProvider,
        *,
        revoked: Sequence[str] = (),
        recovery: RecoveryKeys | None = None,
    ) -> Prepared:
        """Return the call that stores a new key, as `rotate` does."""
        rotation, keys = await build_rotation(
            KeyAccount(server=self.account_id.server, user=self.account_id.user, passphrase=passphrase),
            self.opened,
            self.own.keys,
            provider,
            before=self.parameters,
            revoked=revoked,
            recovery=recovery,
        )
        call = Call(method="POST", path="/passphrase", condition=self.opened.record.tag, body=rotation.to_json())
        key = await unwrap_by_passphrase(rotation.record, self.account_id.user, keys.wrap_key, provider)
        opened = await self._reopen(rotation.record, key, provider)
        own = OwnWrapKeys(keys=opened.state.wrap_keys)
        return Prepared(call=call, after=replace(self, parameters=rotation.keys.parameters, opened=opened, own=own))

    async def with_record(self, record: KeyRecord, provider: CryptoProvider) -> Session:
        """Return the session with another record under the same key. Raises ServerLies, WrongPassphrase."""
        opened = await self._reopen(record, self.opened.key, provider)
        self.known.check_record(opened, self.account_id.user)
        return replace(self, opened=opened)

    async def sign(self, call: Call, provider: CryptoProvider) -> str:
        """Return the header Authorization for the next call."""
        return (await self.session_key.sign(self.account_id.server, call, provider)).to_header()

    async def devices(self, setting: Setting) -> tuple[KnownDevice, ...]:
        """Return the devices of the account. Raises KeyServerError."""
        return Devices.from_json(await self.send(setting, Call(method="GET", path="/devices"))).devices

    async def factors(self, setting: Setting) -> Factors:
        """Return the second factors of the account. Raises KeyServerError."""
        return Factors.from_json(await self.send(setting, Call(method="GET", path="/factors")))

    async def add_factor(self, setting: Setting, new: NewCodes | NewSecurityKey) -> None:
        """Store a second factor. Other devices have to log in again. Raises KeyServerError."""
        await self.send(setting, Call(method="POST", path="/factors", body=new.to_json()))

    async def remove_factor(self, setting: Setting, id: str) -> None:
        """Delete a second factor. Raises KeyServerError."""
        await self.send(setting, Call(method="DELETE", path=f"/factors/{id}"))

    async def stop_reset(self, setting: Setting) -> Session:
        """Stop the reset of the account. Raises KeyServerError."""
        await self.send(setting, Call(method="DELETE", path="/reset"))
        return replace(self, reset_ready=None)

    async def note_export(self, setting: Setting) -> None:
        """Report that the keys are saved to a file, so that the server notifies their owner. Raises KeyServerError."""
        await self.send(setting, Call(method="POST", path="/export"))

    async def delete(self, setting: Setting) -> None:
        """Delete the account at the server. Raises KeyServerError."""
        await self.send(setting, Call(method="DELETE", path="/account"))

    def members(self) -> dict[str, Any]:
        """The session with its secrets, as members of JSON. The caller encrypts them at once."""
        return {
            **self.account_id.members(),
            "parameters": self.parameters.members(),
            "session_key": self.session_key.seed.hex(),
            "calls": self.session_key.counter,
            "key": self.opened.key.hex(),
            "record": self.opened.record.members(),
            "own_wrap_keys": [key.members() for key in self.own.keys],
            "has_lost_wrap_keys": self.own.has_lost_some,
            "reset_ready": self.reset_ready,
        }

    @classmethod
    async def revive(cls, members: Mapping[str, Any], provider: CryptoProvider) -> Session:
        """Return the session of `members`. Raises SmimeError."""
        account_id = AccountId.from_members(members)
        record = KeyRecord.from_members(members["record"])
        return cls(
            account_id=account_id,
            parameters=Parameters.from_members(members["parameters"]),
            session_key=SessionKey(bytes.fromhex(members["session_key"]), counter=members["calls"]),
            opened=await open_record(record, account_id.user, bytes.fromhex(members["key"]), provider),
            own=OwnWrapKeys(
                keys=tuple(
                    WrapKey.read_from(JsonObject(member, "own wrap key")) for member in members["own_wrap_keys"]
                ),
                has_lost_some=members["has_lost_wrap_keys"],
            ),
            reset_ready=members["reset_ready"],
        )

    async def _reopen(self, record: KeyRecord, key: bytes, provider: CryptoProvider) -> OpenRecord:
        # A new record is decrypted before it is sent, so that no unreadable record is stored.
        return await open_record(record, self.account_id.user, key, provider)

    async def send(self, setting: Setting, call: Call) -> bytes:
        """Return the answer to a call of the session. Raises KeyServerError."""
        return await setting.transport.send(call, await self.sign(call, setting.provider))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A call that stores a record, and the session after it."""

    call: Call
    after: Session

    def has_stored(self, record: KeyRecord) -> bool:
        """Return whether the server already has this call's record, because the answer to an earlier try was lost."""
        user = self.after.account_id.user
        return digest_of(record, user) == digest_of(self.after.opened.record, user)

    def members(self) -> dict[str, Any]:
        return {"call": self.call.members(), "after": self.after.members()}

    @classmethod
    async def revive(cls, members: Mapping[str, Any], provider: CryptoProvider) -> Prepared:
        after = await Session.revive(members["after"], provider)
        return cls(call=Call.from_members(members["call"]), after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """A call that has random values, which a journal stores with facts about the call's result."""

    call: Call
    facts: Mapping[str, Any]

    def members(self) -> dict[str, Any]:
        return {"call": self.call.members(), "facts": self.facts}

    @classmethod
    async def revive(cls, members: Mapping[str, Any], _: CryptoProvider) -> KeptCall:
        return cls(call=Call.from_members(members["call"]), facts=members["facts"])
