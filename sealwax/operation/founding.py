"""The files that `init` makes: the configuration, its secrets, and their owner."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import click

from sealwax.cli.streams.files import write_line
from sealwax.files.whole import new_whole, write_whole
from sealwax.operation.program import ServiceProgram
from sealwax.operation.service_user import (
    OwnFolder,
    ServiceUser,
    become,
    become_owner,
    find_owner,
    find_user,
    give_own,
    prepare_folder,
)
from sealwax.operation.settings import (
    KEY_BYTES,
    ServiceSettings,
    Settings,
    WrongSettings,
    check_database,
    own_secrets_folder,
    secret_names,
)
from sealwax.service.database import file_of, has_password

DATABASE_SECRET = "database"  # noqa: S105  # the name of a setting
_PUBLIC = 0o644
_PRIVATE_FOLDER = 0o700
# The file of a service's data, the files that SQLite and the service make beside it, and its lock.
_BESIDE = ("{0}", "{0}-wal", "{0}-shm", "{0}-journal", "{0}-announcements", "{0}-processes", ".{0}.lock")


def write_configuration(program: ServiceProgram[Settings], file: Path, text: str) -> Settings:
    """Write a configuration if there is none yet, and return the settings in the file."""
    is_new = not file.exists()
    if is_new:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.encode(), mode=_PUBLIC)
    try:
        settings = program.load(file)
    except WrongSettings:
        # A later `init` with other values would keep the file.
        if is_new:
            file.unlink()
        raise
    write_line(f"{file} was written" if is_new else f"{file} is kept: options of this command change nothing in it")
    return settings


def go_on_as_user(
    owner: str | None, settings: ServiceSettings, kept: Path | None, *, given: Iterable[Path] = ()
) -> None:
    """Make the folders of secrets and data. Then continue as the service's user, without the rights of root.

    `kept` is the file in which the service keeps its data. Without `owner`, root becomes the user who owns these
    folders already. `given` are files that this command has made in a folder of root. They are given to the user.
    Raises ClickException.
    """
    folders = [own_secrets_folder(settings.file), *([kept] if kept else [])]
    user = find_owner(folders) if owner is None else find_user(owner)
    if user is not None and os.geteuid() == 0:
        for path in given:
            give_own(path, user)
    if owner is None:
        become_owner(folders)
    elif user is not None:
        _become(user, settings, kept)
    if kept is not None and not kept.parent.exists():
        kept.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True)


def go_on_with_database(owner: str | None, settings: ServiceSettings, *, wanted: str, present: str) -> None:
    """Do as `go_on_as_user`, for a service with the database `wanted` on the command line, `present` in the settings.

    If `is_kept_apart`, the URL of the database is written to a secret file.
    """
    is_secret = is_kept_apart(settings, wanted)
    go_on_as_user(owner, settings, file_of(wanted if is_secret else present))
    path = own_secrets_folder(settings.file) / DATABASE_SECRET
    if is_secret and (made := write_secret(path, f"{wanted}\n")) is not None:
        write_line(f"{made} was made: it has the password of the database")


def database_option(usual: str) -> click.Option:
    """The option of `init` for the database. Its value is a path or a URL that can be used."""

    def check(_context: click.Context, _option: click.Parameter, url: str) -> str:
        try:
            return check_database(url)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return click.Option(
        ["--database"], default=usual, show_default=True, metavar="PATH", help="SQLite file, or URL.", callback=check
    )


def is_kept_apart(settings: ServiceSettings, url: str) -> bool:
    """Return whether a database belongs in a secret: its URL has a password, and the settings name no database."""
    return has_password(url) and DATABASE_SECRET not in settings.model_fields_set


def _become(user: ServiceUser, settings: ServiceSettings, data_file: Path | None) -> None:
    if os.geteuid() == user.uid:
        return
    secret_files = frozenset(secret_names(type(settings)))
    prepare_folder(OwnFolder(path=own_secrets_folder(settings.file), files=secret_files, has_own_name=True), user)
    if data_file is not None:
        files = frozenset(name.format(data_file.name) for name in _BESIDE)
        prepare_folder(OwnFolder(path=data_file.parent, files=files, has_own_name=False), user)
    become(user)


def make_secret(file: Path, name: str) -> Path | None:
    """Write a secret of a configuration: new random bytes. Return its file, or None if it exists."""
    return write_secret(own_secrets_folder(file) / name, f"{secrets.token_hex(KEY_BYTES)}\n")


def write_secret(path: Path, text: str) -> Path | None:
    """Write a secret into the folder of secrets.

    Return its file, or None if the file already exists.
    """
    path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    try:
        with new_whole(path) as draft, draft.open("ab") as file:
            file.write(text.encode())
    except FileExistsError:
        return None
    return path


def owner_option() -> click.Option:
    """The option that names the service's user."""
    return click.Option(["--user"], metavar="NAME", help="System user of the service, who gets secrets and database.")


def origin_option(name: str, meaning: str, default: str) -> click.Option:
    """An option that names an origin."""
    return click.Option([name], default=default, show_default=True, metavar="ORIGIN", help=meaning)
