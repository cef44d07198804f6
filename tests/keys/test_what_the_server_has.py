"""All that a key server sees and keeps, searched for secrets, and what somebody can do who has all of it."""

from __future__ import annotations

import base64
import io
import logging
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from roaming_keys.protocol.key_account import KEY_BYTES, expand
from roaming_keys.protocol.messages.accounts import KeyRecord
from roaming_keys.protocol.records.record import open_record
from roaming_keys.protocol.records.recovery_codes import (
    RecoveryKeys,
    recovery_keys,
    unwrap_by_recovery_code,
    write_code,
)
from roaming_keys.protocol.session import Session
from roaming_keys.protocol.wraps import open_wrap
from roaming_keys.server.master_key.server_keys import MasterKey, Sealed
from smime_core.algorithms import Argon2id, Kdf
from smime_core.blocking import run
from smime_core.errors import SmimeError
from smime_core.keys import read_raw_private
from tests.support.clock import FakeClock
from tests.support.keys.people import OTHER_PASSPHRASE, PASSPHRASE, USER, Person, StretchingOnce, identity, make_client

CODE = bytes(range(100, 116))


@dataclass
class Watched:
    """A key server after a busy day of one person, all that went to it, and the secrets of that person."""

    database: Path
    traffic: list[bytes]
    logs: str
    secrets: dict[str, bytes] = field(repr=False)
    sessions: list[Session] = field(repr=False)

    @property
    def dump(self) -> bytes:
        """The bytes of the database and its log, deleted rows among them."""
        return b"".join(path.read_bytes() for path in sorted(self.database.parent.glob("keys.sqlite*")))


class Recording:
    """Sees each request as the server does: after TLS."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.seen = inner, list[bytes]()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        self.seen.append(repr(sorted((k, v) for k, v in environ.items() if isinstance(v, str))).encode() + body)
        return self.inner(environ, start_response)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def watched(tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Watched:
    caplog.set_level(logging.DEBUG)
    client: FlaskClient = make_client(clock, tmp_path / "keys.sqlite")
    recording = Recording(client.application.wsgi_app)
    client.application.wsgi_app = recording  # type: ignore[method-assign]
    stretched = _StretchedSecrets()
    person = Person(client, clock, provider=stretched)
    person.register()
    codes = run(recovery_keys(CODE, stretched))
    first = person.add(person.log_in(), identity(1))
    second = run(first.rotate(person.setting, OTHER_PASSPHRASE, recovery=codes))
    third = person.add(second, identity(2))
    person.passphrase = b"wrong"
    with pytest.raises(SmimeError):
        person.log_in()
    fourth = person.recover(codes)
    sessions = [first, second, third, fourth]
    return Watched(
        database=tmp_path / "keys.sqlite",
        traffic=recording.seen,
        logs=caplog.text,
        secrets=_secrets_of(sessions, stretched, codes),
        sessions=sessions,
    )


class _StretchedSecrets(StretchingOnce):
    """Notes each stretched passphrase."""

    def __init__(self) -> None:
        super().__init__()
        self.stretched: list[bytes] = []

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        derived = await super().derive_key(kdf, secret, length)
        if isinstance(kdf, Argon2id):
            self.stretched.append(derived)
        return derived


def _secrets_of(sessions: list[Session], provider: _StretchedSecrets, codes: RecoveryKeys) -> dict[str, bytes]:
    secrets = {
        "passphrase": PASSPHRASE,
        "other passphrase": OTHER_PASSPHRASE,
        "recovery code": write_code(CODE).encode(),
        "recovery secret": CODE,
        "recovery login key": read_raw_private(codes.login_key),
        "recovery wrap key": codes.secret,
    }
    for number, stretched in enumerate(dict.fromkeys(provider.stretched)):
        secrets[f"stretched {number}"] = stretched
        for label in ("login key", "passphrase wrap key"):
            secrets[f"{label} {number}"] = run(expand(stretched, label, KEY_BYTES, provider))
    for number, session in enumerate(sessions):
        secrets[f"record key {number}"] = session.opened.key
        secrets[f"session key {number}"] = session.session_key.seed
        for place, opened_identity in enumerate(session.opened.identities):
            # The private scalar of P-256 stands after the version in ECPrivateKey (RFC 5915).
            pkcs8 = opened_identity.private_key.pkcs8_der
            start = pkcs8.index(b"\x02\x01\x01\x04\x20") + 5
            secrets[f"private key {number}.{place}"] = pkcs8[start : start + 32]
    return secrets


def _forms_of(secret: bytes) -> list[bytes]:
    encoded = base64.b64encode(secret).rstrip(b"=")[:-1]
    return [secret, secret.hex().encode(), encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))]


def test_neither_database_nor_traffic_nor_log_has_a_secret(watched: Watched) -> None:
    places = {"database": watched.dump, "traffic": b"\n".join(watched.traffic), "log": watched.logs.encode()}
    assert USER.encode() in places["database"]
    assert b"recovery_key" in places["traffic"]
    hits = [
        (name, place)
        for name, secret in watched.secrets.items()
        for place, seen in places.items()
        if any(form in seen for form in _forms_of(secret))
    ]
    assert hits == []


def test_who_has_all_that_the_server_has_opens_nothing(watched: Watched) -> None:
    """The master key opens the server's own seal, and what is inside needs a key that the server never had."""
    keys = MasterKey(bytes(32))
    with sqlite3.connect(watched.database) as rows:
        account = rows.execute("SELECT sealed_login_key, sealed_recovery_key FROM key_account").fetchone()
        (sealed,) = rows.execute("SELECT sealed FROM record").fetchone()
    rows.close()
    public_keys = [keys.unseal(Sealed.LOGIN_KEY, sealed_key, USER) for sealed_key in account]
    record = KeyRecord.from_json(keys.unseal(Sealed.RECORD, sealed, USER))
    provider = StretchingOnce()
    tried = [*public_keys, bytes(32), record.bundle[:32], record.state[:32], *(wrap.nonce for wrap in record.wraps)]
    for secret in tried:
        secret = secret[:32].ljust(32, b"\0")
        with pytest.raises(SmimeError):
            run(open_wrap(record.wraps[0], secret, USER, record.bundle_id, provider))
        with pytest.raises(SmimeError):
            run(open_record(record, USER, secret, provider))
        with pytest.raises(SmimeError):
            run(unwrap_by_recovery_code(record, USER, run(recovery_keys(secret[:16], provider)), provider))
    # The control: the right secrets open it.
    assert run(open_record(record, USER, watched.sessions[-1].opened.key, provider)).identities
    assert run(unwrap_by_recovery_code(record, USER, run(recovery_keys(CODE, provider)), provider))
