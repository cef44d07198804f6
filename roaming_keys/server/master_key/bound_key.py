"""The master key to which a database belongs, read before anything in the database changes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import select

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import MASTER_KEY
from roaming_keys.server.master_key.row import MasterKeyRow
from roaming_keys.server.master_key.server_keys import KeyRing, key_of
from sealwax.service import Database, DatabaseUnavailable
from sealwax.service.database import Access
from sealwax.service.schema import SchemaStatus

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
