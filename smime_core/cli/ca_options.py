"""What the verbs of `sealwax ca` share: the folder, its passphrase, and who signs."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from smime_core.authority.folder import AuthorityFolder, Role
from smime_core.cli.files import lock_file, write_line
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import UtcTime
from smime_core.cli.passphrases import KEYRING_SERVICE, PassphraseSource, new_passphrase
from smime_core.identity import Identity
from smime_core.user_folders import user_folder

_NEW_PASSPHRASE_OCTETS: Final = 20

folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
at_option = click.option(
    "--at", type=UtcTime(), metavar="TIME", help="Work as of this time, for trying things out: 2026-01-31T12:00:00Z."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPassphrase:
    """What was said on the command line about the passphrase of a CA's keys."""

    file: str | None
    descriptor: int | None
    keyring_entry: str | None

    def open(self, folder: AuthorityFolder) -> bytes:
        """The passphrase of a CA that is there: as said, else the keyring's entry in its settings, else asked for."""
        entry = self.keyring_entry
        if (self.file, self.descriptor, entry) == (None, None, None):
            entry = folder.settings().keyring_entry or None
        source = PassphraseSource(file=self.file, descriptor=self.descriptor, keyring_entry=entry)
        return source.reader()(str(folder.path))

    def choose(self) -> bytes:
        """The passphrase of a CA that is about to be: as said, else asked for twice.

        An entry that the keyring does not have gets a new, random one.
        """
        source = PassphraseSource(file=self.file, descriptor=self.descriptor, keyring_entry=self.keyring_entry)
        if self.keyring_entry is not None:
            _fill_keyring(self.keyring_entry)
        elif self.descriptor is None:
            return new_passphrase(self.file)
        passphrase = source.reader()("")
        if not passphrase:
            raise click.ClickException("the new passphrase is empty")
        return passphrase


def open_authority(path: Path) -> AuthorityFolder:
    """The CA in a folder. Raises ClickException where there is none."""
    folder = AuthorityFolder(path)
    try:
        folder.settings()
    except FileNotFoundError:
        raise click.ClickException(f"{path} holds no CA: `sealwax ca create` makes one") from None
    return folder


def open_role(folder: AuthorityFolder, role: Role, given: GivenPassphrase) -> Identity:
    """Who signs. Raises ClickException where that key is elsewhere."""
    check_role(folder, role)
    return folder.open_role(role, given.open(folder), provider=PROVIDER)


def check_role(folder: AuthorityFolder, role: Role) -> None:
    """Raise ClickException where the key or the certificate of a role is elsewhere."""
    if folder.find_certificate(role) is None:
        hint = ": `sealwax ca accept-issuing` is the next step" if folder.has_key(role) else ""
        raise click.ClickException(f"{folder.path} has no {role} certificate{hint}")
    if not folder.has_key(role):
        raise click.ClickException(f"the key of the {role} CA is not in {folder.path}")


def _fill_keyring(entry: str) -> None:
    # Imported here: the backends of some systems start a D-Bus connection.
    import keyring
    from keyring.errors import KeyringError

    try:
        with lock_file(user_folder("XDG_DATA_HOME", ".local/share") / "keyring"):
            if keyring.get_password(KEYRING_SERVICE, entry) is not None:
                return
            passphrase = base64.b32encode(secrets.token_bytes(_NEW_PASSPHRASE_OCTETS)).decode("ascii")
            keyring.set_password(KEYRING_SERVICE, entry, passphrase)
        write_line(f"A new passphrase stands in the system keyring, entry {entry} under {KEYRING_SERVICE}.")
    except KeyringError as error:
        raise click.ClickException(f"the system keyring cannot be used: {type(error).__name__}") from error
