"""Open the audit trail of a configuration, for commands that read it or append to it while the server runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from roaming_keys.server.audit import AuditTrail
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.master_key import KeyRing, ServerKeyError, ServerKeys, find_row
from roaming_keys.server.operation.settings import KEYS, KeysSettings
from sealwax.operation.databases import become_owner_of_database, database_failures_said
from sealwax.operation.settings import WrongSettings
from sealwax.service import Access, Database, SchemaStatus


@contextmanager
def opened_trail(file: Path, *, access: Access) -> Iterator[tuple[KeysSettings, AuditTrail, Database]]:
    """Yield the settings of a file, and the trail in their database, which is not migrated. Raises ClickException."""
    settings = KEYS.load(file)
    config = settings.to_config()
    become_owner_of_database(config.database)
    with database_failures_said():
        if SCHEMA.state(config.database).status not in (SchemaStatus.CURRENT, SchemaStatus.NEWER):
            raise click.ClickException(
                "the database is not up to date: start the service first, or run `sealwax keys init`"
            )
        with closing(Database(config.database, access=access)) as database:
            yield settings, AuditTrail(_keys_of(config, database)), database


def _keys_of(config: KeyServerConfig, database: Database) -> ServerKeys:
    with database.reading() as rows:
        if find_row(rows) is None:
            raise WrongSettings(["master_key: the database belongs to none yet: run `sealwax keys init`"])
    try:
        return ServerKeys.open(database, KeyRing(config.key_source))
    except ServerKeyError as error:
        raise WrongSettings([f"master_key: {error}"]) from None
