"""The register of a CA: every certificate that it issued, and the latest CRL of each issuer, in one SQLite file.

Each change is one transaction. Parallel commands wait for each other, so that no serial number is used twice and no
entry is lost.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from smime_core.ca.revocation_list_building import RevokedCertificate, reason_code
from smime_core.errors import MalformedMessage
from smime_core.x509 import Certificate, parse_certificate

BUSY_SECONDS: Final = 60.0  # The longest time that a command waits for the transaction of another command.
_SCHEMA: Final = (
    """
    CREATE TABLE certificate (
        serial TEXT PRIMARY KEY,
        issuer TEXT NOT NULL,
        kind TEXT NOT NULL,
        addresses TEXT NOT NULL,
        not_after INTEGER NOT NULL,
        key_hash BLOB NOT NULL,
        der BLOB NOT NULL,
        revoked_at INTEGER,
        reason TEXT,
        was_listed_expired INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX certificate_by_key ON certificate (key_hash)",
    """
    CREATE TABLE list (
        issuer TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        next_update INTEGER NOT NULL,
        der BLOB NOT NULL
    )
    """,
)
# This table is added to older registers. A register without automatic certification does not need it.
_AUTOMATIC: Final = """
    CREATE TABLE IF NOT EXISTS automatic (
        serial TEXT PRIMARY KEY,
        mailbox TEXT NOT NULL,
        at INTEGER NOT NULL
    )
    """


class Issuer(StrEnum):
    """The signer of a certificate or of a CRL."""

    ROOT = "root"
    ISSUING = "issuing"


class Kind(StrEnum):
    """The kinds of owners of certificates."""

    AUTHORITY = "authority"
    RESPONDER = "responder"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One issued certificate. `revoked` is None while it is not revoked."""

    certificate: Certificate
    issuer: Issuer
    kind: Kind
    addresses: tuple[str, ...]
    revoked: RevokedCertificate | None

    def state(self, at: datetime.datetime) -> str:
        """The state at `at`: "valid", "expired" or "revoked"."""
        if self.revoked is not None:
            return "revoked"
        return "valid" if at <= self.certificate.not_after else "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedList:
    """The latest CRL of an issuer."""

    number: int
    next_update: datetime.datetime
    der: bytes


class Register:
    """The file of the register. Each transaction has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> None:
        """Make the file. Raises OSError."""
        self._path.touch(mode=0o600)
        with self._open("BEGIN IMMEDIATE") as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    def count_automatic(self) -> None:
        """Create the table that counts automatically issued certificates. Raises OSError."""
        with self._open("BEGIN IMMEDIATE") as connection:
            connection.execute(_AUTOMATIC)

    @contextmanager
    def change(self) -> Iterator[Changes]:
        """A transaction that may write. Other writers wait. An error inside undoes all changes. Raises OSError."""
        with self._open("BEGIN IMMEDIATE") as connection:
            yield Changes(connection)

    @contextmanager
    def read(self) -> Iterator[Rows]:
        """A transaction that reads one consistent state. Raises OSError."""
        with self._open("BEGIN") as connection:
            yield Rows(connection)

    @contextmanager
    def _open(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            # rw: a missing file is not created. A file without write permission is still opened for reading.
            uri = f"{self._path.absolute().as_uri()}?mode=rw"
            with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute(begin)
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise OSError(None, str(error), str(self._path)) from error


class Rows:
    """The entries of the register, read inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, serial_number: int) -> Entry | None:
        """The entry with this serial number, or None."""
        return next(self._select("WHERE serial = ?", f"{serial_number:x}"), None)

    def find_by_key(self, spki_der: bytes) -> tuple[Entry, ...]:
        """All certificates of one public key."""
        return tuple(self._select("WHERE key_hash = ?", hashlib.sha256(spki_der).digest()))

    def entries(self) -> Iterator[Entry]:
        """All entries in the order of issue."""
        return self._select("")

    def find_list(self, issuer: Issuer) -> PublishedList | None:
        """The latest CRL of an issuer, or None before the first one."""
        row = self._connection.execute(
            "SELECT number, next_update, der FROM list WHERE issuer = ?", (issuer.value,)
        ).fetchone()
        return None if row is None else PublishedList(number=row[0], next_update=_moment(row[1]), der=row[2])

    def automatic_since(self, since: datetime.datetime, mailbox: str = "") -> tuple[datetime.datetime, ...]:
        """The times after `since` of automatically issued certificates: for one mailbox, or for all if it is ""."""
        rows = self._connection.execute(
            "SELECT at FROM automatic WHERE at > ? AND (? = '' OR mailbox = ?) ORDER BY at",
            (_seconds(since), mailbox, mailbox),
        )
        return tuple(_moment(at) for (at,) in rows)

    def to_list(self, issuer: Issuer, at: datetime.datetime) -> tuple[RevokedCertificate, ...]:
        """The revoked certificates for a CRL made at `at`.

        A revoked certificate is on at least one CRL from after its expiry (RFC 5280 section 3.3).
        """
        rows = self._connection.execute(
            "SELECT serial, revoked_at, reason FROM certificate WHERE issuer = ? AND revoked_at IS NOT NULL"
            " AND (not_after >= ? OR NOT was_listed_expired) ORDER BY rowid",
            (issuer.value, _seconds(at)),
        )
        return tuple(
            RevokedCertificate(serial_number=int(serial, 16), revoked_at=_moment(revoked_at), reason=reason)
            for serial, revoked_at, reason in rows
        )

    def _select(self, where: str, *arguments: str | int | bytes) -> Iterator[Entry]:
        # `where` is one of the constants in this class, never input.
        query = f"SELECT der, issuer, kind, addresses, revoked_at, reason FROM certificate {where} ORDER BY rowid"  # noqa: S608
        for der, issuer, kind, addresses, revoked_at, reason in self._connection.execute(query, arguments):
            certificate = parse_certificate(der)
            revoked = None
            if revoked_at is not None:
                revoked = RevokedCertificate(
                    serial_number=certificate.serial_number, revoked_at=_moment(revoked_at), reason=reason
                )
            yield Entry(
                certificate=certificate,
                issuer=Issuer(issuer),
                kind=Kind(kind),
                addresses=tuple(json.loads(addresses)),
                revoked=revoked,
            )


class Changes(Rows):
    """The register inside one transaction that may write."""

    def add(self, certificate: Certificate, issuer: Issuer, kind: Kind, addresses: Iterable[str] = ()) -> None:
        """Enter a new certificate. Raises MalformedMessage for a serial number that was used before."""
        if self.find(certificate.serial_number) is not None:
            raise MalformedMessage("this number was given before", where="serial number")
        self._connection.execute(
            "INSERT INTO certificate (serial, issuer, kind, addresses, not_after, key_hash, der)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                f"{certificate.serial_number:x}",
                issuer.value,
                kind.value,
                json.dumps(list(addresses)),
                _seconds(certificate.not_after),
                hashlib.sha256(certificate.public_key.spki_der).digest(),
                certificate.der,
            ),
        )

    def note_automatic(self, certificate: Certificate, mailbox: str, at: datetime.datetime) -> None:
        """Count an automatically issued certificate."""
        self._connection.execute(
            "INSERT INTO automatic (serial, mailbox, at) VALUES (?, ?, ?)",
            (f"{certificate.serial_number:x}", mailbox, _seconds(at)),
        )

    def revoke(self, serial_number: int, reason: str, at: datetime.datetime) -> Entry:
        """Revoke a certificate and return its entry. Raises MalformedMessage if it is unknown or revoked already."""
        reason_code(reason)
        entry = self.find(serial_number)
        if entry is None:
            raise MalformedMessage("was not issued here", where=f"{serial_number:x}")
        if entry.revoked is not None:
            raise MalformedMessage(
                f"was revoked on {entry.revoked.revoked_at:%Y-%m-%d} already", where=f"{serial_number:x}"
            )
        self._connection.execute(
            "UPDATE certificate SET revoked_at = ?, reason = ? WHERE serial = ?",
            (_seconds(at), reason, f"{serial_number:x}"),
        )
        return next(self._select("WHERE serial = ?", f"{serial_number:x}"))

    def publish(self, issuer: Issuer, published: PublishedList, at: datetime.datetime) -> None:
        """Store `published`, which was made at `at`, as the issuer's latest CRL."""
        self._connection.execute(
            "INSERT INTO list (issuer, number, next_update, der) VALUES (?, ?, ?, ?) ON CONFLICT (issuer)"
            " DO UPDATE SET number = excluded.number, next_update = excluded.next_update, der = excluded.der",
            (issuer.value, published.number, _seconds(published.next_update), published.der),
        )
        self._connection.execute(
            "UPDATE certificate SET was_listed_expired = 1"
            " WHERE issuer = ? AND revoked_at IS NOT NULL AND not_after < ?",
            (issuer.value, _seconds(at)),
        )


def _seconds(moment: datetime.datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
