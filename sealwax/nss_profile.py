"""The keys and certificates in a profile of Thunderbird: `cert9.db` and `key4.db` of NSS, which are SQLite databases.

Everything is done on a copy in a private temporary folder, because Thunderbird may be running. The certificates are
read from the copy. The private keys are encrypted by NSS's own rules, so NSS's `pk12util` exports them. The list of
PKCS#11 modules of the profile is not copied, so no library that it names is loaded. Keys on smart cards are left out.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from smime_core.errors import SmimeError
from smime_core.limits import MAX_PEOPLE_CERTIFICATES, MAX_PKCS12_BYTES, MAX_WHOLE_BYTES, check_limit

PK12UTIL: Final = "pk12util"
_CERTIFICATES: Final = "cert9.db"
_KEYS: Final = "key4.db"
_OLD_CERTIFICATES: Final = "cert8.db"
# The classes of objects in PKCS#11. NSS stores numbers in four bytes, and attribute 0x11 in the column "a11".
_CKO_CERTIFICATE: Final = b"\0\0\0\1"
_CKO_PRIVATE_KEY: Final = b"\0\0\0\3"
_TOOL_SECONDS: Final = 60
_WAIT_SECONDS: Final = 5.0  # Thunderbird locks a database only while it writes.


class ProfileError(SmimeError):
    """A profile that cannot be read. The text says what to do."""

    code: ClassVar[str] = "profile-unreadable"


class WrongPrimaryPassword(ProfileError):
    """The primary password does not open the profile's keys."""

    code: ClassVar[str] = "wrong-primary-password"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedKey:
    """A private key with its certificate, as PKCS#12 under a passphrase that is used only for this file."""

    p12: bytes
    passphrase: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileCopy:
    """The copy of a profile. `certificates` is the DER of the certificates without a private key.

    `names` are the names that the copy gives to certificates with a private key. `keys_without` is the number of keys
    without a certificate.
    """

    folder: Path
    certificates: tuple[bytes, ...]
    names: tuple[str, ...]
    keys_without: int

    def export_keys(self, primary_password: bytes) -> tuple[ExportedKey, ...]:
        """All private keys. The password is empty if the profile has none. Raises ProfileError."""
        return tuple(self._export(name, primary_password) for name in self.names)

    def _export(self, name: str, primary_password: bytes) -> ExportedKey:
        passphrase = secrets.token_hex(32).encode()
        target, password_file, passphrase_file = (
            self.folder / file_name for file_name in ("p12", "password", "passphrase")
        )
        # The folder is private, and arguments are visible in the process list.
        write_whole(password_file, primary_password + b"\n", mode=0o600)
        write_whole(passphrase_file, passphrase + b"\n", mode=0o600)
        target.unlink(missing_ok=True)
        _run(
            PK12UTIL, "-o", str(target), "-n", name, "-d", f"sql:{self.folder}", "-C", "none",
            "-k", str(password_file), "-w", str(passphrase_file),
        )  # fmt: skip
        return ExportedKey(p12=read_small(target, max_bytes=MAX_PKCS12_BYTES), passphrase=passphrase)


def has_tool() -> bool:
    """Whether NSS's tool is installed."""
    return shutil.which(PK12UTIL) is not None


@contextlib.contextmanager
def copy_profile(profile: Path) -> Iterator[ProfileCopy]:
    """A copy of the profile's databases, which is deleted at the end. Raises ProfileError, OSError or LimitExceeded."""
    _check_files(profile)
    with tempfile.TemporaryDirectory(prefix="sealwax-") as name:
        folder = Path(name)
        for file in (_CERTIFICATES, _KEYS):
            with _reading(file):
                _copy_database(profile / file, folder / file)
        with _reading(_KEYS):
            key_ids = _read_key_ids(folder / _KEYS)
        with _reading(_CERTIFICATES):
            copy = _read_certificates(folder, key_ids)
        yield copy


def _check_files(profile: Path) -> None:
    missing = [name for name in (_CERTIFICATES, _KEYS) if not (profile / name).is_file()]
    if (profile / _OLD_CERTIFICATES).is_file() and missing:
        text = "of an old Thunderbird. Start a current one with it once"
        raise ProfileError(f"{profile} has {_OLD_CERTIFICATES}, {text}")
    if missing:
        text = "Give the folder of a profile, which Thunderbird shows under Help, Troubleshooting Information"
        raise ProfileError(f"{profile} has no {' and no '.join(missing)}. {text}")
    for name in (_CERTIFICATES, _KEYS):
        check_limit(f"bytes of {name}", (profile / name).stat().st_size, MAX_WHOLE_BYTES)


@contextlib.contextmanager
def _reading(file: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ProfileError(f"{file} cannot be read: {error}. Close Thunderbird, then try again") from error


def _copy_database(source: Path, target: Path) -> None:
    # SQLite's backup gives a state between two changes, even while Thunderbird writes.
    address = f"{source.absolute().as_uri()}?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS)) as reading,
        contextlib.closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)


def _read_key_ids(path: Path) -> set[bytes]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT a102 FROM nssPrivate WHERE a0 = ?", (_CKO_PRIVATE_KEY,))
        return {key_id for (key_id,) in rows.fetchmany(MAX_PEOPLE_CERTIFICATES) if isinstance(key_id, bytes)}


def _read_certificates(folder: Path, key_ids: set[bytes]) -> ProfileCopy:
    others: list[bytes] = []
    names: list[str] = []
    seen: set[bytes] = set()
    with contextlib.closing(sqlite3.connect(folder / _CERTIFICATES)) as database, database:
        # CKA_VALUE is 0x11, CKA_ID is 0x102.
        rows = database.execute("SELECT id, a11, a102 FROM nssPublic WHERE a0 = ?", (_CKO_CERTIFICATE,)).fetchall()
        check_limit("certificates of a profile", len(rows), MAX_PEOPLE_CERTIFICATES)
        for row, certificate, key_id in rows:
            if key_id in key_ids:
                # pk12util exports by nickname, and NSS gives the certificates of one person the same nickname, or none.
                # So each certificate gets a different nickname (CKA_LABEL, 3) in the copy.
                names.append(f"sealwax-{row}")
                seen.add(key_id)
                database.execute("UPDATE nssPublic SET a3 = ? WHERE id = ?", (names[-1].encode(), row))
            elif isinstance(certificate, bytes):
                others.append(certificate)
    return ProfileCopy(folder=folder, certificates=tuple(others), names=tuple(names), keys_without=len(key_ids - seen))


def _run(*command: str) -> None:
    # In a session of its own the tool has no terminal, so it cannot ask for a password.
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TOOL_SECONDS,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProfileError(f"{command[0]} did not end within {_TOOL_SECONDS} s") from error
    if done.returncode:
        output = (done.stderr + done.stdout).decode("utf-8", "replace")
        if "SEC_ERROR_BAD_PASSWORD" in output:
            raise WrongPrimaryPassword("the primary password does not open the profile's keys")
        raise ProfileError(
            f"{command[0]} failed: {output.strip().splitlines()[-1] if output.strip() else done.returncode}"
        )
