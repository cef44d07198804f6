"""The key server as its operator configures it, and people who register and log in there."""

from __future__ import annotations

import http.client
import json
import os
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from roaming_keys.protocol.key_account import LoginMethod, login_record
from roaming_keys.protocol.messages.accounts import (
    STEP_BYTES,
    Device,
    KeyRecord,
    Login,
    LoginKeys,
    LoginTerms,
    Parameters,
    ParametersRequest,
    Registration,
    Wrap,
)
from roaming_keys.protocol.tickets import LIFETIME, Ticket, issue_ticket, public_key_of
from roaming_keys.server.accounts.store import Account, SealedRecord, Store
from roaming_keys.server.master_key.server_keys import KeyRing
from roaming_keys.server.operation.commands import keys
from roaming_keys.server.operation.settings import KeysSettings
from sealwax.operation.settings import load_settings
from smime_core.text import write_ed25519
from tests.support.servers.ports import free_port

TICKET_SECRET: Final = bytes(range(32))
TICKET_KEY: Final = write_ed25519(public_key_of(TICKET_SECRET))
LOGIN_SEED: Final = b"A" * 32
PATIENCE_SECONDS: Final = 60
LOGIN_KEYS: Final = LoginKeys(parameters=Parameters(salt=b"s" * 16), login_key=public_key_of(LOGIN_SEED))
DEVICE: Final = Device(token=b"t" * 32, name="a test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that has ended: its exit code, what it printed, and the sentence of its error."""

    code: int
    said: str
    error: str


def keys_command(*words: str, **variables: str) -> Done:
    """Run `sealwax keys` in this process, where a start takes no time."""
    result = CliRunner(env=variables).invoke(keys, words, standalone_mode=False)
    if result.exception is None:
        return Done(code=result.return_value or 0, said=result.stdout, error="")
    if not isinstance(result.exception, click.ClickException):
        raise result.exception
    return Done(code=2, said=result.stdout, error=result.exception.format_message())


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMachine:
    """One machine with a key server, whose origin may be that of several machines."""

    folder: Path
    origin: str
    listen: str
    database: str

    @property
    def file(self) -> Path:
        return self.folder / "keys.toml"

    @property
    def config(self) -> tuple[str, str]:
        return "--config", str(self.file)

    @property
    def master_key_file(self) -> Path:
        return self.folder / "keys.secrets" / "master_key"

    @property
    def health(self) -> str:
        return f"http://{self.listen}/health"

    def write_settings(self) -> None:
        """Write the configuration, without a master key."""
        values = {
            "origin": self.origin,
            "database": self.database,
            "ticket_key": TICKET_KEY,
            "trusted_proxies": 0,
            "server.listen": self.listen,
            "server.workers": 2,
        }
        self.folder.mkdir(exist_ok=True)
        self.file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))

    def init(self) -> None:
        """Write the configuration, and make the master key and the database."""
        self.write_settings()
        made = self.run("init")
        assert made.code == 0, made.error

    def run(self, *words: str, **variables: str) -> Done:
        """Run a command for this configuration."""
        return keys_command(*words, *self.config, **variables)

    def add(self, user: str) -> None:
        """Put somebody into the database as `register` does, without a server."""
        config = load_settings(KeysSettings, self.file).to_config()
        at, ring = datetime.now(UTC), KeyRing(config.key_source)
        with closing(Store(config.database, ring)) as store:
            account = Account.sealed_by(store.keys, user, LOGIN_KEYS)
            sealed = SealedRecord.sealed_by(store.keys, user, record_of(user))
            store.add_account(account, sealed, Ticket(id=user, ends=at + LIFETIME), at)

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer."""
        with closing(http.client.HTTPConnection(self.listen, timeout=PATIENCE_SECONDS)) as connection:
            host = self.origin.removeprefix("http://")
            connection.request("POST", path, body, {"Host": host, "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def register(self, user: str) -> tuple[int, bytes]:
        """Register somebody whose bundle says who they are."""
        sent = Registration(
            user=user,
            ticket=issue_ticket(TICKET_SECRET, audience=self.origin, user=user, at=datetime.now(UTC)),
            keys=LOGIN_KEYS,
            record=record_of(user),
        )
        return self.post("/register", sent.to_json())

    def terms(self, user: str) -> LoginTerms:
        """The parameters and a nonce for one login."""
        status, body = self.post("/parameters", ParametersRequest(user=user).to_json())
        assert status == 200, body
        return LoginTerms.from_json(body)

    def log_in(self, user: str, terms: LoginTerms | None = None) -> tuple[int, bytes]:
        """Log in by the key of everybody, or by parameters from before."""
        login = Login(
            user=user,
            nonce=(terms or self.terms(user)).nonce,
            at=int(datetime.now(UTC).timestamp()),
            session_key=public_key_of(os.urandom(32)),
            device=DEVICE,
            signature=bytes(64),
        )
        signed = login_record(self.origin, user, LoginMethod.PASSPHRASE, login)
        signature = Ed25519PrivateKey.from_private_bytes(LOGIN_SEED).sign(signed)
        return self.post("/login", replace(login, signature=signature).to_json())


def record_of(user: str) -> KeyRecord:
    """A record that is known again."""
    return KeyRecord(
        bundle_id="b1",
        version=1,
        bundle=f"the keys of {user}".encode().ljust(STEP_BYTES, b"\0"),
        state=bytes(STEP_BYTES),
        wraps=(Wrap(kind="passphrase", nonce=b"n" * 12, wrapped=b"w" * 48),),
    )


def key_machine(folder: Path, database: str | None = None, *, origin: str | None = None) -> KeyMachine:
    """A machine at a free port, with an SQLite file unless a database is named."""
    listen = f"127.0.0.1:{free_port()}"
    return KeyMachine(
        folder=folder,
        origin=origin or f"http://{listen}",
        listen=listen,
        database=database or str(folder / "state" / "keys.sqlite"),
    )
