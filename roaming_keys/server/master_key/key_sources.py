"""The places that keep the master keys: a file, the system keyring, or the configuration.

A file and the entry of the keyring may have several keys. The first is the newest. `sealwax keys init` makes the first
key, and only `sealwax keys rotate` changes it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringError

from roaming_keys.server.master_key.server_keys import MASTER_KEY_BYTES, KeySource, MasterKey, ServerKeyError
from sealwax.files.locks import lock_beside
from sealwax.files.small import read_small
from sealwax.files.whole import open_whole
from sealwax.service.database import file_of
from smime_core.errors import LimitExceeded

KEYRING_SERVICE = "sealwax-roaming-keys"
KEYRING_ENTRY = "master-key"
NO_KEY: Final = (
    "there is none, neither in a file nor in the system keyring: make it by `sealwax keys init`, or bring yours back by"
    " `sealwax keys restore`"
)
# The backends of keyring that encrypt: those of the operating systems. All other backends are refused, because some
# store secrets unencrypted.
_ENCRYPTING: Final = tuple(
    f"keyring.backends.{name}" for name in ("SecretService", "libsecret", "kwallet", "macOS", "Windows")
)
_MAX_FILE_BYTES: Final = 10_000
_PRIVATE_MODE: Final = 0o600
_KEY: Final = re.compile("[0-9A-Fa-f]{64}")  # MASTER_KEY_BYTES


class KeyStore(KeySource, Protocol):
    """A place whose stored keys can be replaced."""

    def keep(self, keys: Sequence[MasterKey]) -> None:
        """Replace all stored keys with these in one step. Raises ServerKeyError or OSError."""

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes of this machine from changing the keys. Raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenKeys:
    """The keys from a configuration, and newer keys that `rotate` has written into the file beside the configuration.

    The file beside it is needed, because systemd and containers show a service its secrets as they were at the start.
    """

    keys: tuple[MasterKey, ...] = field(repr=False)
    file: Path | None = None

    def find(self) -> tuple[MasterKey, ...]:
        """Return the keys. A file that cannot be read counts as empty."""
        later: tuple[MasterKey, ...] = ()
        if self.file is not None:
            with contextlib.suppress(ServerKeyError):
                later = KeyFile(self.file).find()
        return *self.keys, *later


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file with the keys in hexadecimal digits, each on a line."""

    path: Path

    def find(self) -> tuple[MasterKey, ...]:
        """Return the keys. Raises ServerKeyError."""
        try:
            return read_keys(read_small(self.path, max_bytes=_MAX_FILE_BYTES).decode())
        except FileNotFoundError:
            raise ServerKeyError(NO_KEY) from None
        except (OSError, UnicodeDecodeError, LimitExceeded):
            raise ServerKeyError(f"the master key in {self.path} cannot be read") from None

    def keep(self, keys: Sequence[MasterKey]) -> None:
        """Replace the file, which keeps its owner. Raises OSError."""
        before = self.path.stat()
        with open_whole(self.path, _PRIVATE_MODE) as file:
            if os.geteuid() != before.st_uid:
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.write(write_keys(keys).encode())

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Lock the file with a lock file beside it. Raises OSError."""
        return lock_beside(self.path)


@dataclass(frozen=True, slots=True)
class KeyringKeys:
    """The system keyring, for a database in a file. Machines that share a database need one key for all of them."""

    database: str | Path

    def find(self) -> tuple[MasterKey, ...]:
        """Return the keys. Raises ServerKeyError."""
        self._file()
        is_missing = isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring)
        stored = None if is_missing else self._read()
        if stored is None:
            raise ServerKeyError(NO_KEY)
        try:
            return tuple(MasterKey(base64.b64decode(text, validate=True)) for text in stored.split())
        except binascii.Error:
            raise ServerKeyError(
                "the keyring's entry for the master key is damaged: restore it from a backup"
            ) from None

    def make(self) -> bool:
        """Make the first key unless there is one. Return whether a key was made. Raises ServerKeyError or OSError."""
        with self.locked():
            if self._read() is not None:
                return False
            self.keep([MasterKey.generate()])
            return True

    def keep(self, keys: Sequence[MasterKey]) -> None:
        """Replace the entry, and check that the keyring has kept it. Raises ServerKeyError."""
        text = " ".join(base64.b64encode(key.secret).decode("ascii") for key in keys)
        with _refusals_named():
            keyring.set_password(KEYRING_SERVICE, KEYRING_ENTRY, text)
        if self._read() != text:
            raise ServerKeyError("the system keyring did not keep the master key: keep it in a file")

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Lock the entry with a lock file beside the database. Raises ServerKeyError or OSError."""
        return lock_beside(self._file())

    def _read(self) -> str | None:
        self._file()
        check_backend(keyring.get_keyring())
        with _refusals_named():
            return keyring.get_password(KEYRING_SERVICE, KEYRING_ENTRY)

    def _file(self) -> Path:
        file = file_of(self.database)
        if file is None:
            raise ServerKeyError("the database is no file: give the master key in the configuration")
        return file


@contextlib.contextmanager
def _refusals_named() -> Iterator[None]:
    try:
        yield
    except KeyringError as error:
        text = f"the system keyring refused ({type(error).__name__}): unlock it and start again"
        raise ServerKeyError(text) from None


def read_keys(text: str) -> tuple[MasterKey, ...]:
    """Parse the keys of a file or setting, at least one. Raises ServerKeyError, whose text has no key."""
    words = text.split()
    if not words or not all(_KEY.fullmatch(word) for word in words):
        raise ServerKeyError(
            f"a master key is written as {2 * MASTER_KEY_BYTES} hexadecimal digits, and several have spaces between"
        )
    return tuple(MasterKey(bytes.fromhex(word)) for word in words)


def write_keys(keys: Sequence[MasterKey]) -> str:
    """Return the text of a file that has these keys."""
    return "".join(f"{key.secret.hex()}\n" for key in keys)


def check_backend(backend: KeyringBackend) -> None:
    """Check that the keyring encrypts its secrets. Raises ServerKeyError."""
    members = list(backend.backends) if isinstance(backend, ChainerBackend) else [backend]
    if not members or not all(_encrypts(member) for member in members):
        raise ServerKeyError(
            "the system has no keyring that is known to encrypt its secrets: keep the master key in a file"
        )


def _encrypts(backend: KeyringBackend) -> bool:
    rooms = [kind.__module__ for kind in type(backend).__mro__]
    return any(room == known or room.startswith(f"{known}.") for room in rooms for known in _ENCRYPTING)
