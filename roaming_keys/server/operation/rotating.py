"""`sealwax keys rotate`: a new master key, while the servers serve.

Each step begins with the state that it finds, so the command continues where an earlier run was interrupted.
"""

from __future__ import annotations

import contextlib
from contextlib import closing
from typing import Final

import click

from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.master_key import (
    KeyFile,
    KeyRing,
    KeyringKeys,
    KeySource,
    KeyStore,
    MasterKey,
    ServerKeyError,
    ServerKeys,
    heads_in,
    reseal_all,
)
from roaming_keys.server.operation.settings import KEYS
from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.databases import become_owner_of_database, database_failures_said
from sealwax.operation.program import ConfigRequest
from sealwax.service import Database, SchemaStatus, file_of, now

_BY_HAND: Final = (
    "the setting master_key is not in a file that this command may change. Put a new key (`openssl rand -hex 32`) and a"
    " space before the present one, restart the servers, and run this command again"
)
_DAMAGED_SHOWN: Final = 10


@verb(KEYS.request_class())
def rotate(request: ConfigRequest) -> None:
    """Replace the master key, and seal all stored data under the new one.

    The servers serve on. If this command is broken off, run it again. With a database that several machines may share,
    the first run makes the key, and the second one, after you have copied it to the machines, seals the data. Root
    runs it as the user of the service.
    """
    settings = KEYS.load(request.config)
    database = settings.to_config().database
    become_owner_of_database(database)
    with database_failures_said():
        if SCHEMA.state(database).status is not SchemaStatus.CURRENT:
            raise click.ClickException(
                "the database is not up to date: restart the service, which brings it up to date"
            )
        with closing(Database(database)) as opened:
            try:
                _rotate(opened, settings.stored_keys(), is_shared=file_of(database) is None)
            except (ServerKeyError, OSError) as error:
                raise click.ClickException(f"master_key: {error}") from None


def _rotate(database: Database, source: KeySource, *, is_shared: bool) -> None:
    store = source if isinstance(source, KeyFile | KeyringKeys) else None
    with contextlib.nullcontext() if store is None else store.locked():
        master_keys = source.find()
        # Opening the keys checks that the database belongs to one of the stored keys.
        ServerKeys.open(database, KeyRing(source))
        if len(master_keys) == 1:
            master_keys = _add_key(store, master_keys[0])
            if is_shared and isinstance(store, KeyFile):
                write_line(f"copy {store.path} to every machine that shares the database, and run this command again")
                return
        newest = master_keys[0]
        keys = ServerKeys.open(database, KeyRing(source))
        if keys.in_force.fingerprint != newest.fingerprint:
            with database.transaction() as rows:
                keys.replace_master_key(rows, newest)
                AuditTrail(keys).add(rows, AuditEvent(kind=AuditKind.MASTER_KEY_ROTATED, at=now()))
            write_line("the new master key is in force")
        _reseal(database, keys, newest)
        if store is None:
            write_line("remove all keys but the first from the setting master_key")
        else:
            store.keep([newest])
            write_line("the old master key was removed")


def _add_key(store: KeyStore | None, present: MasterKey) -> tuple[MasterKey, ...]:
    """Store a new key beside the present one, so that servers find both. Return both keys."""
    if store is None:
        raise click.ClickException(_BY_HAND)
    keys = (MasterKey.generate(), present)
    store.keep(keys)
    write_line("a new master key was made: back it up")
    return keys


def _reseal(database: Database, keys: ServerKeys, newest: MasterKey) -> None:
    """Seal all contents under the newest key. Raises ClickException if some are still under another key."""
    done = reseal_all(database, keys, newest)
    write_line(f"{done.resealed} stored contents were sealed anew")
    if done.damaged:
        shown = ", ".join(done.damaged[:_DAMAGED_SHOWN])
        more = f" and {len(done.damaged) - _DAMAGED_SHOWN} more" if len(done.damaged) > _DAMAGED_SHOWN else ""
        raise click.ClickException(
            f"no master key opens {shown}{more}: restore them from a backup or delete them, and run this command"
            " again. The old master key is kept."
        )
    with database.reading() as rows:
        if any(head != newest.head for head in heads_in(rows)):
            raise click.ClickException("a server still seals under the old key: restart it, and run this command again")
