"""The server's keys: the master keys, under which all stored contents are sealed, and secrets that outlast them.

Login keys and bundles are encrypted under a key of the server, so a thief who has only the database cannot guess
passphrases. There are two master keys only while `sealwax keys rotate` replaces one with the other (`rotation.py`). The
database says which one is in force. Some values have to stay the same for years, such as the false salts of unknown
users. They come from random secrets, which are sealed in the database too.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, Self
from weakref import WeakSet

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from roaming_keys.protocol.key_account import encode_fields
from roaming_keys.server.master_key.row import MasterKeyRow, find_row, hold_row, lock_row, write_row
from sealwax.service import CLOCK_SLACK_SECONDS, Database

MASTER_KEY_BYTES = 32
_ID_BYTES: Final = 8
# Sealed contents begin with these bytes and the id of their master key. Contents of versions before 0.2 begin with a
# random nonce. It has these bytes by chance only once in 2^64.
MARK: Final = b"sealwax1"
HEAD_BYTES: Final = len(MARK) + _ID_BYTES
_NONCE_BYTES = 12
_SALT_BYTES = 16
_SECRET_BYTES: Final = 32
# The lengths of the parts of a login's nonce.
_TIME_BYTES, _RANDOM_BYTES, _MARK_BYTES = 8, 16, 16
# A phone may take a minute for Argon2id.
NONCE_LIFETIME = timedelta(minutes=5)
# After an unknown key was not found, the source is not asked again for this time.
LOOK_AGAIN_SECONDS: Final = 1.0


class ServerKeyError(Exception):
    """The master key is missing or belongs to another database, or a sealed content is damaged."""


class Sealed(StrEnum):
    """The kinds of contents that the server encrypts."""

    RECORD = "sealed record"
    LOGIN_KEY = "login key"
    DEVICE_NAME = "device name"
    FACTOR = "second factor"
    AUDIT_DETAILS = "audit details"
    SECRETS = "server secrets"
    RECOVERY_COPY = "recovery copy"
    RECOVERY_CASE = "recovery case"
    RECOVERY_APPROVAL = "recovery approval"
    GROUP_BUNDLE = "group bundle"
    GROUP_WRAP = "group wrap"


class MasterKey:
    """One master key, and the encryption under it."""

    def __init__(self, secret: bytes) -> None:
        """`secret` has 32 bytes. Raises ServerKeyError."""
        if len(secret) != MASTER_KEY_BYTES:
            raise ServerKeyError(f"the master key has {len(secret)} bytes, expected {MASTER_KEY_BYTES}")
        self.secret = secret
        self.fingerprint = self.derive("fingerprint")
        self.head = head_of(self.fingerprint)
        self._cipher = AESGCM(self.derive("sealing"))

    @classmethod
    def generate(cls) -> Self:
        """Return a new random key."""
        return cls(os.urandom(MASTER_KEY_BYTES))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose."""
        return hmac.new(self.secret, encode_fields("server key", purpose), hashlib.sha256).digest()

    def seal(self, kind: Sealed, content: bytes, user: str) -> bytes:
        """Return the head that names this key, and then the encrypted content, which is bound to its kind and user."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.head + nonce + self._cipher.encrypt(nonce, content, encode_fields(kind, user))

    def unseal(self, kind: Sealed, sealed: bytes, user: str) -> bytes:
        """Return the content. The head may be missing. Raises InvalidTag."""
        sealed = sealed.removeprefix(self.head)
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return self._cipher.decrypt(nonce, ciphertext, encode_fields(kind, user))


def head_of(fingerprint: bytes) -> bytes:
    """Return the first bytes of each content that is sealed under the key with this fingerprint."""
    return MARK + fingerprint[:_ID_BYTES]


class KeySource(Protocol):
    """The place that keeps the master keys."""

    def find(self) -> tuple[MasterKey, ...]:
        """Return the keys, the newest first, and at least one. Raises ServerKeyError."""


class KeyRing:
    """The master keys that this process knows. It asks the source again when it needs a key that it does not know."""

    def __init__(self, source: KeySource, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Raises ServerKeyError if the source has no key."""
        self._source = source
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._missed: tuple[bytes, float] | None = None
        self._keys: dict[bytes, MasterKey] = {}
        self.newest = self._learn()[0]

    def find(self, head: bytes) -> MasterKey | None:
        """Return the key whose contents begin with `head`, or None if the source does not have it."""
        if head not in self._keys:
            with self._lock:
                if self._missed is None or self._missed[0] != head or self._monotonic() >= self._missed[1]:
                    self._missed = (head, self._monotonic() + LOOK_AGAIN_SECONDS)
                    self._learn()
        return self._keys.get(head)

    def all(self) -> tuple[MasterKey, ...]:
        """Return the keys that are known."""
        return tuple(self._keys.values())

    def _learn(self) -> tuple[MasterKey, ...]:
        keys = self._source.find()
        for key in keys:
            # Known keys stay, because contents in memory may be sealed under them.
            self._keys.setdefault(key.head, key)
        return keys


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secrets:
    """The secrets that stay when the master key is replaced."""

    nonces: bytes = field(repr=False)
    false_salts: bytes = field(repr=False)
    counters: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        return cls.from_bytes(os.urandom(3 * _SECRET_BYTES))

    @classmethod
    def of_earlier_version(cls, key: MasterKey) -> Self:
        """Return the secrets that earlier versions derived from the master key, so that derived values stay."""
        return cls(nonces=key.derive("nonces"), false_salts=key.derive("false salts"), counters=key.derive("counters"))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        nonces, false_salts, counters = (content[n * _SECRET_BYTES :][:_SECRET_BYTES] for n in range(3))
        return cls(nonces=nonces, false_salts=false_salts, counters=counters)

    def to_bytes(self) -> bytes:
        return self.nonces + self.false_salts + self.counters


class ServerKeys:
    """The keys of the server for one database, and the computations with them."""

    def __init__(self, ring: KeyRing, in_force: MasterKey, secrets: bytes) -> None:
        """`secrets` are the sealed secrets in the database. Raises ServerKeyError if they are damaged."""
        self._ring = ring
        self.in_force = in_force
        # The connections whose transactions hold the key. `Database.transaction` opens a new connection for each
        # transaction.
        self._holders: WeakSet[Connection] = WeakSet()
        self._secrets = _Secrets.from_bytes(self.unseal(Sealed.SECRETS, secrets, user=""))

    @classmethod
    def open(cls, database: Database, ring: KeyRing) -> Self:
        """Return the keys for a database. A new database is bound to the newest master key.

        Raises ServerKeyError if the database belongs to a master key that the ring lacks.
        """
        with database.reading() as rows:
            row = find_row(rows)
        if row is None or row.secrets is None:
            with database.transaction() as rows:
                row = _bind(rows, ring)
        return cls(ring, key_of(row, ring), row.secrets or b"")

    def make_nonce(self, user: str, at: datetime) -> bytes:
        """Return a nonce for one login of a user. It is not stored."""
        content = int(at.timestamp()).to_bytes(_TIME_BYTES, "big") + os.urandom(_RANDOM_BYTES)
        return content + self._nonce_mark(content, user)

    def check_nonce(self, nonce: bytes, user: str, at: datetime) -> datetime | None:
        """Return the time at which a nonce of `make_nonce` ends. Return None if it was not made here, or has ended."""
        content, mark = nonce[:-_MARK_BYTES], nonce[-_MARK_BYTES:]
        if not hmac.compare_digest(mark, self._nonce_mark(content, user)):
            return None
        ends = datetime.fromtimestamp(int.from_bytes(content[:_TIME_BYTES], "big"), UTC) + NONCE_LIFETIME
        return ends if at < ends <= at + NONCE_LIFETIME + timedelta(seconds=CLOCK_SLACK_SECONDS) else None

    def false_salt(self, user: str) -> bytes:
        """Return the false salt of a user who is not registered. It is the same for every request."""
        return hmac.new(self._secrets.false_salts, user.encode(), hashlib.sha256).digest()[:_SALT_BYTES]

    def counter_name(self, kind: str, value: str) -> bytes:
        """Return the name of a counter of failed logins: a hash, so that the database lists no networks and users."""
        return hmac.new(self._secrets.counters, encode_fields(kind, value), hashlib.sha256).digest()

    def seal(self, kind: Sealed, content: bytes, user: str) -> bytes:
        """Return the content encrypted under the server's key and bound to its kind and user.

        The transaction that stores the result calls `renew` first.
        """
        return self.in_force.seal(kind, content, user)

    def unseal(self, kind: Sealed, sealed: bytes, user: str) -> bytes:
        """Return the content in a result of `seal` with this kind and user. Raises ServerKeyError."""
        for key in self._possible_keys(sealed):
            try:
                return key.unseal(kind, sealed, user)
            except InvalidTag:
                continue
        raise ServerKeyError(f"a stored {kind} is damaged: restore the database from a backup")

    def seal_in(self, rows: Connection, kind: Sealed, content: bytes, user: str) -> bytes:
        """Return the content sealed under the master key in force, which stays in force until the transaction ends."""
        self.hold(rows)
        return self.seal(kind, content, user)

    def renew(self, rows: Connection, kind: Sealed, sealed: bytes, user: str) -> bytes:
        """Return a sealed content under the master key in force, which stays in force until the transaction ends.

        The key may have been replaced since `seal`; then the content is sealed anew. Raises ServerKeyError if this
        machine lacks the new key.
        """
        self.hold(rows)
        is_renewed = sealed.startswith(self.in_force.head)
        return sealed if is_renewed else self.in_force.seal(kind, self.unseal(kind, sealed, user), user)

    def hold(self, rows: Connection) -> None:
        """Keep the master key in force until the transaction ends, and seal under it.

        A transaction calls this before it waits for rows, so that no transaction waits for a new key while it has
        locked rows. Raises ServerKeyError if this machine lacks the key.
        """
        if rows not in self._holders:
            self.in_force = key_of(hold_row(rows), self._ring)
            self._holders.add(rows)

    def replace_master_key(self, rows: Connection, new: MasterKey) -> None:
        """Put a master key in force, once the transactions that store sealed contents have ended."""
        before = lock_row(rows)
        secrets = new.seal(Sealed.SECRETS, self._secrets.to_bytes(), user="")
        write_row(rows, MasterKeyRow(fingerprint=new.fingerprint, secrets=secrets), before=before)
        self.in_force = new

    def _possible_keys(self, sealed: bytes) -> tuple[MasterKey, ...]:
        if not sealed.startswith(MARK):
            # A content of a version before 0.2 does not name its key.
            return self._ring.all()
        key = self._ring.find(sealed[:HEAD_BYTES])
        return () if key is None else (key,)

    def _nonce_mark(self, content: bytes, user: str) -> bytes:
        marked = encode_fields("nonce", content, user)
        return hmac.new(self._secrets.nonces, marked, hashlib.sha256).digest()[:_MARK_BYTES]


def key_of(row: MasterKeyRow | None, ring: KeyRing) -> MasterKey:
    """Return the master key in force. Raises ServerKeyError if the ring lacks it."""
    key = None if row is None else ring.find(head_of(row.fingerprint))
    if row is None or key is None or key.fingerprint != row.fingerprint:
        raise ServerKeyError("the database belongs to another master key: start with the key that it was made with")
    return key


def _bind(rows: Connection, ring: KeyRing) -> MasterKeyRow:
    """Return the row of the database, with new secrets if it has none."""
    before = lock_row(rows)
    if before is not None and before.secrets is not None:
        return before
    if before is None:
        key, secrets = ring.newest, _Secrets.generate()
    else:
        key = key_of(before, ring)
        secrets = _Secrets.of_earlier_version(key)
    sealed = key.seal(Sealed.SECRETS, secrets.to_bytes(), user="")
    row = MasterKeyRow(fingerprint=key.fingerprint, secrets=sealed)
    write_row(rows, row, before=before)
    return row
