"""A key server in separate processes, whose database has many accounts."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from roaming_keys.protocol.tickets import public_key_of
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import ACCOUNT, RECORD
from roaming_keys.server.master_key.server_keys import MasterKey, Sealed
from smime_core.text import write_ed25519
from tests.support.databases.postgresql import run_postgresql
from tests.support.servers.own_process import running, sealwax
from tests.support.servers.ports import free_port
from tools.bench_keys.clients import LOGIN_SEED, KeyClient, record_of

SMALL, LARGE = 16_384, 1_048_576
ACTIVE: Final = 200
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRig:
    """The running server, and the process of its database if it has one."""

    origin: str
    port: int
    pid: int
    database_pid: int | None

    def client(self) -> KeyClient:
        return KeyClient(self.origin, self.port)


def user(number: int, size: int = SMALL) -> str:
    """The address of an account with a bundle of this size."""
    return f"user{number}.{size}@example.test"


@contextlib.contextmanager
def run_rig(*, accounts: int, large: int) -> Iterator[KeyRig]:
    """Run the server over PostgreSQL. `large` accounts have a bundle of LARGE bytes, the others one of SMALL."""
    with run_postgresql() as postgresql, tempfile.TemporaryDirectory(prefix="bench-keys-") as folder:
        database, port = postgresql.new_database(), free_port()
        origin, file = "https://keys.example.test", Path(folder) / "keys.toml"
        ticket_key = write_ed25519(public_key_of(bytes(32)))
        options = ("--database", database, "--ticket-key", ticket_key, "--origin", origin)
        made = sealwax("keys", "init", "-c", str(file), *options)
        assert made.returncode == 0, made.stderr
        variables = {
            "SEALWAX_SERVER__LISTEN": f"127.0.0.1:{port}",
            "SEALWAX_LOGS__LEVEL": "error",
        }
        secret = (file.parent / f"{file.stem}.secrets" / "master_key").read_text().strip()
        _fill(database, MasterKey(bytes.fromhex(secret)), accounts, large)
        serving = running(
            "keys",
            "serve",
            "--config",
            str(file),
            folder=Path(folder),
            answers=f"http://127.0.0.1:{port}/",
            **variables,
        )
        with serving as service:
            yield KeyRig(origin=origin, port=port, pid=service.process.pid, database_pid=postgresql.pid)


def _fill(database: str, keys: MasterKey, accounts: int, large: int) -> None:
    """Store accounts. Only ACTIVE with SMALL and `large` with LARGE bundles can log in; others fill the tables."""
    public_key = Ed25519PrivateKey.from_private_bytes(LOGIN_SEED).public_key().public_bytes_raw()
    active = [*_owners(ACTIVE, SMALL), *_owners(large, LARGE)]
    records = {SMALL: record_of(SMALL), LARGE: record_of(LARGE)}
    with SCHEMA.open(database).transaction() as rows:
        for name, size in active:
            record = keys.seal(Sealed.RECORD, records[size].to_json(), name)
            rows.execute(insert(ACCOUNT), [_account(name, keys.seal(Sealed.LOGIN_KEY, public_key, name))])
            rows.execute(insert(RECORD), [_record(name, record)])
        for start in range(0, accounts - len(active), _BATCH):
            names = [f"other{number}@example.test" for number in range(start, start + _BATCH)]
            rows.execute(insert(ACCOUNT), [_account(name, os.urandom(60)) for name in names])
            rows.execute(insert(RECORD), [_record(name, os.urandom(1_000)) for name in names])


def _owners(count: int, size: int) -> list[tuple[str, int]]:
    return [(user(number, size), size) for number in range(count)]


def _account(name: str, sealed_login_key: bytes) -> dict[str, Any]:
    cost = {"salt": os.urandom(16), "memory_kib": 65_536, "passes": 3, "lanes": 4}
    return {"user": name, **cost, "sealed_login_key": sealed_login_key, "sealed_recovery_key": None}


def _record(name: str, sealed: bytes) -> dict[str, Any]:
    return {"user": name, "bundle_id": "b1", "version": 1, "sealed": sealed}
