"""`sealwax keys backup` and `sealwax keys restore`: the database in one file, and the master key in another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.copying import copy_database, copy_rows, is_empty
from roaming_keys.server.master_key import GivenKeys, KeyFile, KeySource, ServerKeyError, check_keys, write_keys
from roaming_keys.server.operation.settings import KEYS, KeysSettings
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.files.whole import new_whole
from sealwax.operation.databases import database_failures_said
from sealwax.operation.founding import go_on_as_user, owner_option, write_secret
from sealwax.service import Access, Database, DatabaseUnavailable, SchemaStatus, file_of

_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRequest:
    """The files to write."""

    file: Path = given_by(click.Argument(["file"], metavar="FILE", type=_FILE))
    master_key: Path | None = given_by(
        click.Option(
            ["--master-key"], type=_FILE, metavar="FILE", help="Write the master key to this file: keep it elsewhere."
        )
    )
    config: Path = given_by(KEYS.config_option())


@verb(BackupRequest)
def backup(request: BackupRequest) -> None:
    """Write the database, as it is at one moment, to a new file, and check that the master key opens it.

    The servers serve on. The file and the master key have to be kept apart: both together open the stored data, one
    without the other opens nothing.
    """
    settings = KEYS.load(request.config)
    url = settings.to_config().database
    with _failures_said():
        _check_present(url)
        with new_whole(request.file) as draft:
            with closing(Database(url, access=Access.READING)) as database:
                copy_database(database, draft)
            keys = settings.stored_keys().find()
            check_keys(draft, GivenKeys(keys=keys))
        write_line(f"{request.file} was written")
        if request.master_key is not None:
            with new_whole(request.master_key) as draft, draft.open("ab") as file:
                file.write(write_keys(keys).encode())
            write_line(f"{request.master_key} was written: keep it apart from {request.file}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """The files to restore from."""

    file: Path = given_by(click.Argument(["file"], metavar="FILE", type=_FILE))
    master_key: Path | None = given_by(
        click.Option(
            ["--master-key"],
            type=_FILE,
            metavar="FILE",
            help="File of the master key. Needed where the configuration or the keyring does not have the key.",
        )
    )
    config: Path = given_by(KEYS.config_option())
    user: str | None = given_by(owner_option())


@verb(RestoreRequest)
def restore(request: RestoreRequest) -> None:
    """Bring a backup back into a new database, with its master key.

    The configuration has to be there already. A database or another master key that is there is kept, and the command
    ends with an error.
    """
    settings = KEYS.load(request.config)
    url = settings.to_config().database
    target = file_of(url)
    with _failures_said(), _copied(request.file) as copy:
        keys = _find_keys(settings, request.master_key)
        go_on_as_user(request.user, settings, target, given=[copy.parent, copy])
        _bring_up_to_date(copy, request.file)
        check_keys(copy, keys)
        with (
            closing(SCHEMA.open(url)) as database,
            closing(Database(copy)) as source,
            source.reading() as copied,
            database.transaction() as rows,
        ):
            if not is_empty(rows):
                raise click.ClickException("the database of the configuration is in use: name a new one")
            _keep_keys(settings, request, keys)
            copy_rows(copied, rows)
    write_line("the database was restored")


def _check_present(url: str | Path) -> None:
    file = file_of(url)
    if file is not None and not file.exists():
        raise click.ClickException(f"{file} is missing")
    # The backup of an older PostgreSQL database has rows that do not fit into the tables of this version.
    if file is None and SCHEMA.state(url).status is not SchemaStatus.CURRENT:
        raise click.ClickException("the database is not up to date: restart the service first, or use pg_dump")


@contextmanager
def _copied(file: Path) -> Iterator[Path]:
    """A copy of a backup, in a folder that only its owner may enter. The backup stays as it is."""
    with tempfile.TemporaryDirectory(prefix="sealwax-restore-") as folder:
        copy = Path(folder) / "backup.sqlite"
        shutil.copyfile(file, copy)
        yield copy


def _bring_up_to_date(copy: Path, file: Path) -> None:
    try:
        SCHEMA.upgrade(copy)
    except DatabaseUnavailable:
        raise click.ClickException(f"{file} is no backup of a key server") from None


def _find_keys(settings: KeysSettings, key_file: Path | None) -> KeySource:
    """Return the master keys in the file, or else those of the configuration. Raises ServerKeyError."""
    if key_file is None:
        return settings.stored_keys()
    keys = KeyFile(key_file).find()
    if settings.master_key is not None:
        present = {key.fingerprint for key in settings.stored_keys().find()}
        if not {key.fingerprint for key in keys} <= present:
            raise ServerKeyError("the configuration has another one: move it away first")
    return GivenKeys(keys=keys)


def _keep_keys(settings: KeysSettings, request: RestoreRequest, keys: KeySource) -> None:
    """Write the master key's file if the configuration has no master key."""
    if request.master_key is None or settings.master_key is not None:
        return
    if write_secret(settings.master_key_file, write_keys(keys.find())) is None:
        raise ServerKeyError("the configuration has another one: move it away first")
    write_line(f"{settings.master_key_file} was made: back it up apart from the database")


@contextmanager
def _failures_said() -> Iterator[None]:
    """Turn expected errors into a ClickException with one sentence."""
    try:
        with database_failures_said():
            yield
    except ServerKeyError as error:
        raise click.ClickException(f"master_key: {error}") from None
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename} exists already: name a new file") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
