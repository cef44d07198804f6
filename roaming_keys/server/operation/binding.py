"""The master key of a database, for commands that do not change it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.master_key.bound_key import fingerprint_in
from roaming_keys.server.master_key.rotation import heads_in
from roaming_keys.server.master_key.server_keys import MARK, KeyRing, KeySource, ServerKeyError
from sealwax.service import Database
from sealwax.service.database import Access
from sealwax.service.schema import SchemaStatus


def is_bound(url: str | Path) -> bool:
    """Return whether a database belongs to a master key. Raises DatabaseUnavailable."""
    return fingerprint_in(url) is not None


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
