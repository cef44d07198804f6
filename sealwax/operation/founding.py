"""The files that `init` makes: the configuration, its secrets, and their owner."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
from pathlib import Path

import click

from sealwax.files.whole import new_whole, write_whole
from sealwax.operation.settings import KEY_BYTES, own_secrets_folder

_PUBLIC = 0o644
_PRIVATE_FOLDER = 0o700


def write_new(file: Path, text: str) -> bool:
    """Write a configuration if there is none yet. Return whether it was written."""
    if file.exists():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, text.encode(), mode=_PUBLIC)
    return True


def make_secret(file: Path, name: str, owner: str | None) -> Path | None:
    """Write a secret of a configuration: new random bytes. Return its file, or None if it exists."""
    return write_secret(own_secrets_folder(file) / name, f"{secrets.token_hex(KEY_BYTES)}\n", owner)


def write_secret(path: Path, text: str, owner: str | None) -> Path | None:
    """Write a secret into the folder of secrets. Return its file, or None if it exists, also since this moment."""
    path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    give_to(path.parent, owner)
    try:
        with new_whole(path) as draft, draft.open("ab") as file:
            file.write(text.encode())
            give_to(draft, owner)
    except FileExistsError:
        return None
    return path


def make_folder_of(database: Path, owner: str | None) -> None:
    """Make the folder of a database, which only its owner may enter."""
    # Another `init` may make it at the same time.
    with contextlib.suppress(FileExistsError):
        database.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True)
        give_to(database.parent, owner)


def give_database(database: Path, owner: str | None) -> None:
    """Give the files of an SQLite database to a system user. Raises ClickException."""
    for suffix in ("", "-wal", "-shm"):
        give_to(database.with_name(database.name + suffix), owner)


def give_to(path: Path, owner: str | None) -> None:
    """Give a file to a system user. Raises ClickException if there is no such user or we may not."""
    if owner is None or not path.exists():
        return
    try:
        found = pwd.getpwnam(owner)
        os.chown(path, found.pw_uid, found.pw_gid)
    except KeyError:
        raise click.ClickException(f"there is no user {owner}: make it first (useradd --system {owner})") from None
    except PermissionError:
        raise click.ClickException(f"only root can give {path} to {owner}: run this command as root") from None


def owner_option() -> click.Option:
    """The option that names the service's user."""
    return click.Option(["--user"], metavar="NAME", help="System user of the service, who gets secrets and database.")


def origin_option(name: str, meaning: str, default: str) -> click.Option:
    """An option that names an origin."""
    return click.Option([name], default=default, show_default=True, metavar="ORIGIN", help=meaning)
