"""The tables of the bridge: sessions and counters."""

from __future__ import annotations

from sealwax.service import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    host TEXT NOT NULL,
    server_half BLOB NOT NULL,
    nonce BLOB NOT NULL,
    sealed_password BLOB NOT NULL,
    used_at REAL NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS session_by_expiry ON session (expires_at);
CREATE INDEX IF NOT EXISTS session_by_use ON session (used_at);
CREATE TABLE IF NOT EXISTS login_attempt (counter TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS login_attempt_by_counter ON login_attempt (counter, at);
CREATE INDEX IF NOT EXISTS login_attempt_by_time ON login_attempt (at);
CREATE TABLE IF NOT EXISTS lookup_request (session_id TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS lookup_request_by_session ON lookup_request (session_id, at);
CREATE INDEX IF NOT EXISTS lookup_request_by_time ON lookup_request (at);
"""


def open_database(path: str) -> Database:
    """Return the bridge's database at a path. A database at `:memory:` is lost when it is closed."""
    # With secure_delete, SQLite overwrites deleted rows, which contain halves of session keys.
    return Database(path, _SCHEMA, settings=("secure_delete = ON",))
