"""Parameters and steps that several `sealwax ca` verbs share: the folder, its passphrase, its signers."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from sealwax.authority.folder import AuthorityFolder, Role
from sealwax.cli.options.parameters import UtcTime
from sealwax.cli.options.passphrases import KEYRING_SERVICE, PassphraseSource, new_passphrase
from sealwax.cli.options.request import given_by
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import lock_file, write_line
from sealwax.user_folders import user_folder
from smime_core.identity import Identity

_NEW_PASSPHRASE_BYTES: Final = 20

FOLDER: Final = click.Argument(["folder"], metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
WORK_AT: Final = click.Option(
    ["--at"],
    type=UtcTime(),
    metavar="TIME",
    help="Work as of this time, for trying things out: 2026-01-31T12:00:00Z.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityRequest:
    """The base of the requests of `sealwax ca`: the folder of the CA."""

    folder: Path = given_by(FOLDER)


def open_authority(path: Path) -> AuthorityFolder:
    """The CA in a folder. Raises ClickException if there is none."""
    folder = AuthorityFolder(path, PROVIDER)
    try:
        folder.settings()
    except FileNotFoundError:
        raise click.ClickException(f"{path} holds no CA: `sealwax ca create` makes one") from None
    return folder


def read_passphrase(folder: AuthorityFolder, given: PassphraseSource) -> bytes:
    """The passphrase of a CA's keys: from an option, else from the settings' keyring entry, else typed."""
    if not given.is_given:
        given = replace(given, keyring_entry=folder.settings().keyring_entry or None)
    return given.reader()(str(folder.path))


def choose_passphrase(given: PassphraseSource) -> bytes:
    """The passphrase of a new CA: from an option, else typed twice.

    If the option names a keyring entry that does not exist, it is made with a random passphrase.
    """
    if given.keyring_entry is not None:
        _fill_keyring(given.keyring_entry)
    elif given.descriptor is None:
        return new_passphrase(given.file)
    passphrase = given.reader()("")
    if not passphrase:
        raise click.ClickException("the new passphrase is empty")
    return passphrase


def open_role(folder: AuthorityFolder, role: Role, given: PassphraseSource) -> Identity:
    """The identity of a role. Raises ClickException if the folder does not have its key."""
    check_role(folder, role)
    return folder.open_role(role, read_passphrase(folder, given))


def check_role(folder: AuthorityFolder, role: Role) -> None:
    """Raise ClickException if the folder does not have the key and the certificate of a role."""
    if folder.find_certificate(role) is None:
        hint = ": `sealwax ca accept-issuing` is the next step" if folder.has_key(role) else ""
        raise click.ClickException(f"{folder.path} has no {role} certificate{hint}")
    if not folder.has_key(role):
        raise click.ClickException(f"the key of the {role} CA is not in {folder.path}")


def _fill_keyring(entry: str) -> None:
    # Imported here: the backends of some systems start a D-Bus connection.
    import keyring.errors

    try:
        with lock_file(user_folder("XDG_DATA_HOME", ".local/share") / "keyring"):
            if keyring.get_password(KEYRING_SERVICE, entry) is not None:
                return
            passphrase = base64.b32encode(secrets.token_bytes(_NEW_PASSPHRASE_BYTES)).decode("ascii")
            keyring.set_password(KEYRING_SERVICE, entry, passphrase)
        write_line(f"A new passphrase is in the system keyring, entry {entry} under {KEYRING_SERVICE}.")
    except keyring.errors.KeyringError as error:
        raise click.ClickException(f"the system keyring cannot be used: {type(error).__name__}") from error
