"""The master key to which a database belongs, read without a change of the database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import select

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import MASTER_KEY
from roaming_keys.server.master_key.rotation import heads_in
from roaming_keys.server.master_key.row import MasterKeyRow
from roaming_keys.server.master_key.server_keys import MARK, KeyRing, KeySource, ServerKeyError, key_of
from sealwax.service import Access, Database, DatabaseUnavailable, SchemaStatus

# Databases in other states are empty, or are refused for another reason.
_WITH_KEY: Final = frozenset({SchemaStatus.OLDER, SchemaStatus.CURRENT, SchemaStatus.NEWER})


def fingerprint_in(url: str | Path) -> bytes | None:
    """Return the fingerprint of the master key, which each version of the database has. Raises DatabaseUnavailable."""
    if SCHEMA.state(url).status not in _WITH_KEY:
        return None
    with closing(Database(url, access=Access.READING)) as database, database.reading() as rows:
        fingerprint = rows.execute(select(MASTER_KEY.c.fingerprint)).scalar()
    return None if fingerprint is None else bytes(fingerprint)


def check_bound_key(url: str | Path, ring: KeyRing) -> None:
    """Refuse a database of another master key, before it is migrated. Raises ServerKeyError."""
    try:
        fingerprint = fingerprint_in(url)
    except DatabaseUnavailable:
        return  # Opening the database reports what is wrong with it.
    if fingerprint is not None:
        key_of(MasterKeyRow(fingerprint=fingerprint, secrets=None), ring)


def check_keys(url: str | Path, source: KeySource) -> None:
    """Check that the master keys open the database. Raises ServerKeyError or DatabaseUnavailable."""
    ring = KeyRing(source)
    fingerprint = fingerprint_in(url)
    if fingerprint is None:
        raise ServerKeyError("the database belongs to no master key yet: run `sealwax keys init`")
    if fingerprint not in [key.fingerprint for key in ring.all()]:
        raise ServerKeyError("the database belongs to another master key: start with the key that it was made with")
    if SCHEMA.state(url).status is not SchemaStatus.CURRENT:
        return
    known = {key.head for key in ring.all()}
    with closing(Database(url, access=Access.READING)) as database, database.reading() as rows:
        if any(head.startswith(MARK) and head not in known for head in heads_in(rows)):
            raise ServerKeyError("some stored data are sealed under another master key: add it to the others")
