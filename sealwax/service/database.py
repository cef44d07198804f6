"""The database of a service: SQLite at a path, or PostgreSQL at a URL, with transactions for threads and processes.

SQLite keeps its journal as a write-ahead log (WAL): readers and the writer do not wait for each other, and a commit
costs one fsync instead of three. The log also keeps deleted rows for a while, so `erase_deleted` empties it.
"""

from __future__ import annotations

import logging
import os
import select
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    InvalidatePoolError,
    OperationalError,
    TimeoutError as NoConnectionFree,
)
from sqlalchemy.pool import NullPool, StaticPool

from sealwax.service.errors import ServiceError
from sealwax.service.faults import Fault, fault_of, primary_code
from sealwax.service.sqlite_files import prepare_file, uri_for_reading

BUSY_SECONDS = 10.0
RETRY_AFTER_SECONDS: Final = 5
# A request reads the clock before it waits for its transaction, so a time stored by another request may be a little
# ahead. A time that is further ahead comes from a wrong clock. Until that time, it would block a login or keep a
# session alive.
CLOCK_SLACK_SECONDS = 60
_ERASE_MILLISECONDS: Final = 100
_IN_MEMORY: Final = ":memory:"
# secure_delete overwrites deleted rows, because they contain halves of session keys. Temporary tables stay in memory.
_PRAGMAS: Final = ("secure_delete = ON", "temp_store = MEMORY")
_STATEMENT_AT_FAULT: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_RANGE,
    }
)
_READS_ONLY: Final = "sealwax_reads_only"
_SYNCHRONOUS: Final = "sealwax_synchronous"
_POOL_CONNECTIONS: Final = 64
# Limits that the server applies to a session. If the connection to this machine breaks, the server notices it within 45
# seconds, and ends the session and its locks. The server waits for 15 seconds of silence and three probes, or 45
# seconds for the acknowledgement of sent bytes.
_SESSION: Final = {
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "45s",
}
# This machine notices within 25 seconds that the server has vanished without closing its connections.
_POSTGRESQL: Final[dict[str, str]] = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
}
_log = logging.getLogger(__name__)


class Access(Enum):
    """The use of a database: by a service, or by a command that changes nothing in it."""

    WRITING = "writing"
    READING = "reading"


class DatabaseUnavailable(ServiceError):
    """The database is gone, locked, full or damaged. Nothing has changed, unless the answer to a COMMIT was lost.

    `fault` is the reason, for the operator.
    """

    def __init__(self, fault: Fault = Fault.BUSY) -> None:
        self.fault = fault
        text = "This server cannot use its database now. Try again in a moment."
        super().__init__(503, "database-unavailable", text, RETRY_AFTER_SECONDS)


class Database:
    """A database of one service.

    `url` is the path of an SQLite file, or a URL: `sqlite:///…` or `postgresql+psycopg://user:password@host/name`.
    Transactions on SQLite run one after another. A database at `:memory:` has one connection, and its data is lost when
    the connection is closed.
    """

    def __init__(self, url: str | Path, *, access: Access = Access.WRITING) -> None:
        """Connect to the database, whose tables must exist. `Schema.open` makes them first.

        With Access.READING the file of an SQLite database does not change by a single byte, and no file is made beside
        it. Raises ValueError or DatabaseUnavailable.
        """
        self._url = parse_url(url)
        self._process = os.getpid()
        self._turn: threading.Lock | None = None if self.is_postgresql else threading.Lock()
        self._is_in_memory = is_in_memory(self._url)
        file = file_of(url)
        if file is not None and access is Access.READING:
            self._engine = _reading_engine(file)
        else:
            if file is not None:
                with _file_failures_named():
                    prepare_file(file, busy_seconds=BUSY_SECONDS)
            self._engine = _postgresql_engine(self._url) if self.is_postgresql else _sqlite_engine(self._url)
        # These engines with options are made once, because making one takes as long as a small statement.
        self._durable = self._engine.execution_options(**{_SYNCHRONOUS: "FULL"})
        # With a write-ahead log, NORMAL waits for the disk only at a checkpoint.
        self._quick = self._engine.execution_options(**{_SYNCHRONOUS: "NORMAL"})
        # A SELECT needs no BEGIN and no COMMIT, which are round trips to PostgreSQL.
        reads: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if self.is_postgresql else {_READS_ONLY: True}
        self._reads = self._engine.execution_options(**reads)
        self._inherited: list[object] = []
        self._has_left = False

    def __repr__(self) -> str:
        # The query may have a password too.
        return f"Database({self._url.set(query={}).render_as_string(hide_password=True)})"

    @property
    def is_postgresql(self) -> bool:
        """Whether the database is on a PostgreSQL server, which several machines may share."""
        return self._url.get_backend_name() == "postgresql"

    @property
    def file(self) -> Path | None:
        """The file of the database, or None if it has none."""
        return file_of(self._url.render_as_string(hide_password=False)) if not self._is_in_memory else None

    def own_connection(self) -> Any:
        """Return a new connection of psycopg, which the caller closes. PostgreSQL only. Raises psycopg's errors."""
        dialect = self._engine.dialect
        arguments, options = dialect.create_connect_args(self._url)
        return dialect.connect(*arguments, **{**_defaults(self._url), **options})

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """A connection inside one transaction: all changes or none. Raises DatabaseUnavailable.

        A `durable` transaction and all earlier transactions survive a power failure, because SQLite waits for the disk.
        Other transactions are sure to survive only the end of the process.
        """
        self._after_a_fork()
        engine = self._durable if durable else self._quick
        with _failures_named(), self._in_turn(), engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for a SELECT, which waits for no writer. Raises DatabaseUnavailable."""
        self._after_a_fork()
        with _failures_named(), self._in_turn(waits=self._is_in_memory), self._reads.connect() as connection:
            yield connection

    def erase_deleted(self) -> None:
        """Empty SQLite's write-ahead log, which has the pages of deleted rows. PostgreSQL keeps such rows until VACUUM.

        While another process reads, this has no effect, and `erase_left` does it later. Raises DatabaseUnavailable.
        """
        if self.is_postgresql or self._is_in_memory:
            return
        self._has_left = True
        self._after_a_fork()
        with _failures_named(), self._in_turn(), self._engine.connect() as connection:
            # The checkpoint must not run inside a transaction, so it does not use SQLAlchemy.
            raw = connection.connection.driver_connection
            if isinstance(raw, sqlite3.Connection):
                self._has_left = not _empty_log(raw)

    def erase_left(self) -> None:
        """Empty the log if the last `erase_deleted` could not. Raises DatabaseUnavailable."""
        if self._has_left:
            self.erase_deleted()

    def close(self) -> None:
        """Wait for the running transaction on SQLite, then close. A database in memory is lost."""
        with self._in_turn():
            self._engine.dispose()

    @contextmanager
    def _in_turn(self, *, waits: bool = True) -> Iterator[None]:
        """Wait for the other threads. SQLite would wait too, but it sleeps between its tries, longer than needed."""
        turn = self._turn
        if turn is None or not waits:
            yield
            return
        if not turn.acquire(timeout=BUSY_SECONDS):
            raise DatabaseUnavailable
        try:
            yield
        finally:
            turn.release()

    def _after_a_fork(self) -> None:
        """Open new connections in a forked process.

        The inherited ones stay open, because closing them could disturb the parent.
        """
        if self._process != os.getpid():
            self._inherited.append(self._engine.pool)
            self._engine.dispose(close=False)
            self._process = os.getpid()


def parse_url(url: str | Path) -> URL:
    """Return the URL of a database for a path or a URL. Raises ValueError, whose text does not repeat a password."""
    text = str(url)
    if "://" not in text:
        return URL.create("sqlite+pysqlite", database=text)
    try:
        parsed = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(_BAD_URL) from None
    driver = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}.get(parsed.drivername, parsed.drivername)
    if driver not in ("sqlite+pysqlite", "postgresql+psycopg"):
        raise ValueError(_BAD_URL)
    return parsed.set(drivername=driver)


_BAD_URL: Final = "the database is neither a path nor a URL like postgresql+psycopg://user@host/name"


def is_in_memory(url: URL) -> bool:
    """Return whether the URL names an SQLite database in memory."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", _IN_MEMORY)


def file_of(url: str | Path) -> Path | None:
    """Return the file of a database at a path or URL, or None if it has none. Raises ValueError."""
    parsed = parse_url(url)
    has_file = parsed.get_backend_name() == "sqlite" and not is_in_memory(parsed)
    return Path(parsed.database or "") if has_file else None


def is_missing(url: str | Path) -> bool:
    """Return whether the database has a file that does not exist yet. Raises DatabaseUnavailable or ValueError."""
    file = file_of(url)
    with _file_failures_named():
        return file is not None and not file.exists()


def has_password(url: str) -> bool:
    """Return whether the URL of a database has a password. A URL that cannot be read counts as having one."""
    try:
        parsed = parse_url(url)
    except ValueError:
        return True
    return parsed.password is not None or any("password" in name.lower() for name in parsed.query)


def insert_into(target: Connection | Database, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT into a table that may have ON CONFLICT, in the dialect of the connection or database."""
    is_postgresql = target.is_postgresql if isinstance(target, Database) else target.dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except NoConnectionFree as error:
        raise _unavailable(error, Fault.BUSY) from None
    except DBAPIError as error:
        if not _is_unavailable(error):
            raise
        raise _unavailable(error, fault_of(error.orig)) from None


@contextmanager
def _file_failures_named() -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise _unavailable(error, fault_of(error)) from None


def _unavailable(error: Exception, fault: Fault) -> DatabaseUnavailable:
    # The text of the error may contain values of rows.
    _log.error("the database is unavailable: %s", _kind_of(error))
    return DatabaseUnavailable(fault)


def _is_unavailable(error: DBAPIError) -> bool:
    """Return whether the database caused an error, and not the statement."""
    if isinstance(error.orig, sqlite3.Error):
        return primary_code(error.orig) not in _STATEMENT_AT_FAULT
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError | InternalError)


def _kind_of(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__


def _reading_engine(file: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        with _file_failures_named():
            return sqlite3.connect(
                uri_for_reading(file), uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
            )

    return create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _sqlite_engine(url: URL) -> Engine:
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None}
    pool: dict[str, Any] = (
        {"poolclass": StaticPool}
        if is_in_memory(url)
        else {"pool_size": _POOL_CONNECTIONS, "max_overflow": 0, "pool_timeout": BUSY_SECONDS}
    )
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # With IMMEDIATE, a transaction that reads a counter and then writes it has the lock from the start.
        options = connection.get_execution_options()
        if options.get(_READS_ONLY, False):
            connection.exec_driver_sql("BEGIN")
            return
        synchronous = options.get(_SYNCHRONOUS, "FULL")
        if connection.info.get(_SYNCHRONOUS) != synchronous:
            connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
            connection.info[_SYNCHRONOUS] = synchronous
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Empty the write-ahead log, and return whether it is empty now. A reader is waited for only a short time."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {_ERASE_MILLISECONDS}")
        try:
            ((is_busy, _, _),) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    return not is_busy


def _defaults(url: URL) -> dict[str, Any]:
    return {name: value for name, value in _POSTGRESQL.items() if name not in url.query}


def _postgresql_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args=_defaults(url),
        hide_parameters=True,
        pool_size=_POOL_CONNECTIONS // 4,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
    )

    @event.listens_for(engine, "checkout")
    def replace_ended(connection: Any, _record: object, _proxy: object) -> None:
        # If a restarted server has closed this connection, all idle connections are replaced before they are used.
        if _has_news(connection.pgconn.socket):
            raise InvalidatePoolError

    return engine


def _has_news(socket: int) -> bool:
    """Return whether the server has sent something on an idle connection: its end, or a message about its end.

    Unlike a ping before each transaction, this needs no round trip. It does not notice that a server has vanished; the
    keepalives do.
    """
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
