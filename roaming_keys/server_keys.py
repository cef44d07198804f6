"""The server's own secrets. All are derived from one master key, which is in the system keyring, not in the database.

A thief who has only the database cannot guess passphrases: login keys and bundles are encrypted under a key of the
server.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import keyring
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringError

from roaming_keys.protocol import encode_fields
from sealwax.files.locks import lock_beside
from sealwax.service import CLOCK_SLACK_SECONDS
from sealwax.service.database import file_of

MASTER_KEY_BYTES = 32
KEYRING_SERVICE = "sealwax-roaming-keys"
KEYRING_ENTRY = "master-key"
_NONCE_BYTES = 12
_SALT_BYTES = 16
# The parts of a login's nonce.
_TIME_BYTES, _RANDOM_BYTES, _MARK_BYTES = 8, 16, 16
# A phone may take a minute for Argon2id.
NONCE_LIFETIME = timedelta(minutes=5)


class ServerKeyError(Exception):
    """The master key is missing or belongs to another database, or a sealed bundle is damaged."""


class Sealed(StrEnum):
    """The kinds of content that the server encrypts."""

    RECORD = "sealed record"
    LOGIN_KEY = "login key"
    DEVICE_NAME = "device name"
    AUDIT_DETAILS = "audit details"


class ServerKeys:
    """The keys that are derived from the server's master key, and the computations with them."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != MASTER_KEY_BYTES:
            raise ServerKeyError(f"the master key has {len(master_key)} bytes, expected {MASTER_KEY_BYTES}")
        self._nonces = _derive(master_key, "nonces")
        self._false_salts = _derive(master_key, "false salts")
        self._counters = _derive(master_key, "counters")
        self._sealer = AESGCM(_derive(master_key, "sealing"))
        self.fingerprint = _derive(master_key, "fingerprint")

    def make_nonce(self, user: str, at: datetime) -> bytes:
        """Return a nonce for one login of a user. It is not stored."""
        content = int(at.timestamp()).to_bytes(_TIME_BYTES, "big") + os.urandom(_RANDOM_BYTES)
        return content + self._nonce_mark(content, user)

    def check_nonce(self, nonce: bytes, user: str, at: datetime) -> datetime | None:
        """Return the time at which a nonce of `make_nonce` ends, or None if it is none, or has ended."""
        content, mark = nonce[:-_MARK_BYTES], nonce[-_MARK_BYTES:]
        if not hmac.compare_digest(mark, self._nonce_mark(content, user)):
            return None
        ends = datetime.fromtimestamp(int.from_bytes(content[:_TIME_BYTES], "big"), UTC) + NONCE_LIFETIME
        return ends if at < ends <= at + NONCE_LIFETIME + timedelta(seconds=CLOCK_SLACK_SECONDS) else None

    def false_salt(self, user: str) -> bytes:
        """Return a salt for a user who is not registered, the same at every request."""
        return hmac.new(self._false_salts, user.encode(), hashlib.sha256).digest()[:_SALT_BYTES]

    def counter_name(self, kind: str, value: str) -> bytes:
        """Return the name of a counter of failed logins: a hash, so that the database lists no networks and users."""
        return hmac.new(self._counters, encode_fields(kind, value), hashlib.sha256).digest()

    def seal(self, kind: Sealed, content: bytes, user: str) -> bytes:
        """Return the content encrypted under the server's key and bound to its kind and user."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._sealer.encrypt(nonce, content, encode_fields(kind, user))

    def unseal(self, kind: Sealed, sealed: bytes, user: str) -> bytes:
        """Return the content from the result of `seal` for this kind and user. Raises ServerKeyError."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._sealer.decrypt(nonce, ciphertext, encode_fields(kind, user))
        except InvalidTag:
            raise ServerKeyError(f"a stored {kind} is damaged: restore the database from a backup") from None

    def _nonce_mark(self, content: bytes, user: str) -> bytes:
        return hmac.new(self._nonces, encode_fields("nonce", content, user), hashlib.sha256).digest()[:_MARK_BYTES]


def load_master_key(database: str | Path) -> bytes:
    """Return the master key from the system keyring. It is made at the first start.

    If several processes start for the first time together, a lock beside the database lets only one of them make the
    key. Raises ServerKeyError, or OSError if no lock can be made.
    """
    file = file_of(database)
    if file is None:
        # The machines that share a PostgreSQL database need one master key, and each has a keyring of its own.
        raise ServerKeyError("the database is no file: give the master key in the configuration")
    check_backend(keyring.get_keyring())
    try:
        stored = keyring.get_password(KEYRING_SERVICE, KEYRING_ENTRY)
        if stored is None:
            with lock_beside(file):
                stored = _find_or_make_entry()
        return base64.b64decode(stored, validate=True)
    except KeyringError as error:
        raise ServerKeyError(
            f"the system keyring refused ({type(error).__name__}): unlock it and start again"
        ) from None
    except binascii.Error:
        raise ServerKeyError("the keyring's entry for the master key is damaged: restore it from a backup") from None


def _find_or_make_entry() -> str:
    if keyring.get_password(KEYRING_SERVICE, KEYRING_ENTRY) is None:
        made = base64.b64encode(os.urandom(MASTER_KEY_BYTES)).decode("ascii")
        keyring.set_password(KEYRING_SERVICE, KEYRING_ENTRY, made)
    # Read it back, because the next start has to find the same key.
    stored = keyring.get_password(KEYRING_SERVICE, KEYRING_ENTRY)
    if stored is None:
        raise ServerKeyError("the system keyring did not keep the master key: give the key in the configuration")
    return stored


def check_backend(backend: KeyringBackend) -> None:
    """Check that the keyring keeps secrets. Raises ServerKeyError for the backends fail, null and plaintext."""
    members = list(backend.backends) if isinstance(backend, ChainerBackend) else [backend]
    # PlaintextKeyring comes with keyrings.alt, if that is installed. It is recognised by its name without an import.
    refused = [
        member
        for member in members
        if isinstance(member, fail.Keyring | null.Keyring) or "plaintext" in type(member).__name__.lower()
    ]
    if refused or not members:
        raise ServerKeyError("the system has no keyring that keeps secrets: give the master key in the configuration")


def _derive(master_key: bytes, purpose: str) -> bytes:
    return hmac.new(master_key, encode_fields("server key", purpose), hashlib.sha256).digest()
