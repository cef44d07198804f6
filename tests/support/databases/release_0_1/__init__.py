"""Databases of both services as version 0.1 made them, with rows in each table. It had SQLite only, and no migrations.

They were made by running the code of commit c230bf45, the last one of 0.1.0, in an empty folder that `git archive`
filled, and were written as SQL by `sqlite3.Connection.iterdump`. All happened at the time of `tests.support.clock`.

- `bridge.sql`: `webbridge.create_app` with the mail servers SOMEWHERE. By its `services_of(app)`, Alice and Bob began a
  session each by `sessions.create`, and asked for certificates twice by `lookups.start`. By `logins.start`, four logins
  of Alice from 192.0.2.1 and one of Bob from 192.0.2.2 failed.
- `keys.sql`: `roaming_keys.app.create_app` with the master key MASTER_KEY. Alice and Bob registered BUNDLES by POST
  /register.
  By POST /login from 192.0.2.1, Alice logged in, and Bob failed twice. POST /parameters answered a stranger with
  SALT_OF_STRANGER.
"""

from __future__ import annotations

import sqlite3
from base64 import b64decode
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import MetaData

from sealwax.service import Database, Schema
from sealwax.service.database import file_of
from tests.support.databases.rows import read_all
from tests.support.databases.versions_of import revisions_of, schema_at
from tests.support.servers.mailboxes import ALICE, BOB

COOKIES: Final = {
    ALICE: "JQc3ZaDqP-jwsk4CynHDLZ4ZXGtvISsg8nTlvY8ZDrU",
    BOB: "Fe3Jr2WquKWWOQQlB883xPofxjEDPXEb62eGsDgVhQQ",
}
BUNDLES: Final = {user: f"the PKCS#12 of {user}".encode() for user in (ALICE, BOB)}
MASTER_KEY: Final = bytes(32)
STRANGER: Final = "nobody@example.test"
SALT_OF_STRANGER: Final = b64decode("5ceNCXzWJ+5JDADlXZUfZw==")


def write_database(schema: Schema, url: str | Path, folder: Path) -> None:
    """Write the database of a service to a path, or its rows into the tables of 0.1 in PostgreSQL.

    The folder is for what is needed on the way.
    """
    if file_of(url) is not None:
        _write(Path(url), _script_of(schema))
        return
    copied = folder / f"{schema.service}-0.1.sqlite"
    _write(copied, _script_of(schema))
    schema_at(schema, revisions_of(schema)[0], folder).upgrade(url)
    with closing(Database(copied)) as source, closing(Database(url)) as target, target.transaction() as rows:
        tables = MetaData()
        tables.reflect(rows)
        for table, entries in read_all(source).items():
            rows.execute(tables.tables[table].insert(), entries)


def write_empty_database(schema: Schema, path: Path) -> None:
    """Write the tables of a service without rows."""
    lines = _script_of(schema).splitlines()
    _write(path, "\n".join(line for line in lines if not line.startswith("INSERT ")))


def _script_of(schema: Schema) -> str:
    return Path(__file__).with_name(f"{schema.service}.sql").read_text()


def _write(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as rows:
        rows.executescript(script)
