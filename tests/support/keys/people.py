"""People with accounts at a key server that runs in the test's process, and the devices that they use."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import pytest
from flask.testing import FlaskClient

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.known import Known
from roaming_keys.protocol.login import LoginContext, log_in, log_in_by_recovery_code
from roaming_keys.protocol.messages.accounts import Device, Refusal
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys
from roaming_keys.protocol.session import AccountId, AskFactor, Session, Setting
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.app import create_app
from roaming_keys.server.config import KeyServerConfig
from smime_core.algorithms import Argon2id, Kdf
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity import Identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.clock import FakeClock

ORIGIN: Final = "http://127.0.0.1:8300"
USER: Final = "alice@example.test"
PASSPHRASE: Final = b"four words on paper"
OTHER_PASSPHRASE: Final = b"five other words on paper"
TICKET_KEY: Final = bytes(range(32))
PAGES: Final = "https://mail.example.test"
Answer = Callable[[Call, bytes], bytes]


class StretchingOnce(NativeProvider):
    """Stretches each passphrase once for each salt, because it is made to be slow.

    `quick`: by one hash instead of Argon2id, in modules whose tests ask nothing of the passphrase.
    """

    quick = False

    def __init__(self) -> None:
        super().__init__()
        self._stretched: dict[tuple[Kdf, bytes], bytes] = {}

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        if not isinstance(kdf, Argon2id):
            return await super().derive_key(kdf, secret, length)
        if self.quick:
            return hashlib.shake_256(repr((kdf, secret)).encode()).digest(length)
        if (kdf, secret) not in self._stretched:
            self._stretched[kdf, secret] = await super().derive_key(kdf, secret, length)
        return self._stretched[kdf, secret]


PROVIDER: Final = StretchingOnce()


@pytest.fixture(scope="module")
def quick_passphrases() -> Iterator[None]:
    """The module's people do not stretch their passphrases by Argon2id."""
    PROVIDER.quick = True
    yield
    PROVIDER.quick = False


def identity(number: int = 0) -> Identity:
    """An identity of USER, the same at each call with the same number."""
    return _make_identity(number)


@cache
def _make_identity(number: int) -> Identity:
    at = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    authority = run(create_authority(f"Example CA {number}", provider=PROVIDER, at=at))
    return run(issue_identity(authority, USER, provider=PROVIDER, at=at, key=NewKey.P256))


class LocalTransport:
    """Sends requests to an application in this process. `answer` may alter what comes back."""

    def __init__(self, client: FlaskClient, answer: Answer = lambda _call, body: body) -> None:
        self._client = client
        self.answer = answer
        self.sent: list[Call] = []

    async def send(self, call: Call, authorization: str | None = None) -> bytes:
        self.sent.append(call)
        headers = {"Authorization": authorization} if authorization else {}
        if call.condition:
            headers["If-None-Match" if call.method == "GET" else "If-Match"] = call.condition
        kind = "application/json" if call.body else None
        answer = self._client.open(
            call.path, method=call.method, base_url=ORIGIN, data=call.body, headers=headers, content_type=kind
        )
        if answer.status_code >= 400:
            refusal = Refusal.from_json(self.answer(call, answer.data))
            raise KeyServerError(refusal.code, refusal.message, record=refusal.record)
        return self.answer(call, answer.data)


@dataclass
class Person:
    """A device of USER at a key server. It keeps what it knows of the account."""

    client: FlaskClient
    clock: FakeClock
    device: Device = field(default_factory=lambda: Device(token=PROVIDER.random_bytes(32), name="a laptop"))
    known: Known | None = None
    passphrase: bytes = PASSPHRASE
    provider: StretchingOnce = PROVIDER
    ask_factor: AskFactor | None = None

    def __post_init__(self) -> None:
        self.transport = LocalTransport(self.client)

    @property
    def setting(self) -> Setting:
        return Setting(transport=self.transport, provider=self.provider, ask_factor=self.ask_factor)

    @property
    def login_context(self) -> LoginContext:
        return LoginContext(device=self.device, known=self.known, at=self.clock())

    @property
    def account(self) -> KeyAccount:
        return account_with(self.passphrase)

    def register(self, *identities: Identity) -> None:
        ticket = issue_ticket(TICKET_KEY, audience=ORIGIN, user=USER, at=self.clock())
        body = run(build_registration(self.account, identities or [identity()], ticket, self.provider)).to_json()
        run(self.transport.send(Call(method="POST", path="/register", body=body)))

    def log_in(self) -> Session:
        return self._noted(run(log_in(self.setting, self.account, self.login_context)))

    def recover(self, keys: RecoveryKeys) -> Session:
        account_id = AccountId(server=ORIGIN, user=USER)
        return self._noted(run(log_in_by_recovery_code(self.setting, account_id, keys, self.login_context)))

    def add(self, session: Session, *identities: Identity) -> Session:
        """Store more identities."""
        content = replace(session.opened, identities=(*session.opened.identities, *identities))
        return self._noted(run(session.push(self.setting, content)))

    def _noted(self, session: Session) -> Session:
        self.known = session.known
        return session


def account_with(passphrase: bytes) -> KeyAccount:
    """USER's account."""
    return KeyAccount(server=ORIGIN, user=USER, passphrase=passphrase)


def make_client(clock: FakeClock, database: object = ":memory:") -> FlaskClient:
    """A client of a new key server."""
    config = KeyServerConfig(
        origin=ORIGIN,
        database=str(database),
        ticket_key=public_key_of(TICKET_KEY),
        master_key=bytes(32),
        pages_origins=(PAGES,),
        clock=clock,
    )
    return create_app(config).test_client()


def certificates(session: Session) -> set[bytes]:
    """The certificates of the open record."""
    return {entry.certificate.der for entry in session.opened.identities}
