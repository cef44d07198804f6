"""The tables that the versions without migrations made, as they wrote them."""

from __future__ import annotations

from typing import Final

_SESSION: Final = """
CREATE TABLE session (id TEXT PRIMARY KEY, address TEXT NOT NULL, host TEXT NOT NULL, server_half BLOB NOT NULL,
    nonce BLOB NOT NULL, sealed_password BLOB NOT NULL, used_at REAL NOT NULL, expires_at {expiry} NOT NULL);
CREATE TABLE login_attempt (counter TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX login_attempt_by_counter ON login_attempt (counter, at);
"""
_LOOKUPS: Final = """
CREATE TABLE lookup_request (session_id TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX lookup_request_by_session ON lookup_request (session_id, at);
"""
_TIMES: Final = """
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX session_by_use ON session (used_at);
CREATE INDEX login_attempt_by_time ON login_attempt (at);
CREATE INDEX lookup_request_by_time ON lookup_request (at);
"""
BRIDGE: Final = {
    "first": _SESSION.format(expiry="REAL"),
    "whole seconds": _SESSION.format(expiry="INTEGER"),
    "lookups": _SESSION.format(expiry="INTEGER") + _LOOKUPS,
    "0.1 and 0.2": _SESSION.format(expiry="INTEGER") + _LOOKUPS + _TIMES,
}

_ACCOUNTS: Final = """
CREATE TABLE account (user TEXT PRIMARY KEY, salt BLOB NOT NULL, memory_kib INTEGER NOT NULL, passes INTEGER NOT NULL,
    lanes INTEGER NOT NULL, verifier BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE TABLE failed_login (counter BLOB PRIMARY KEY, failures INTEGER NOT NULL, blocked_until REAL NOT NULL,
    latest REAL NOT NULL) STRICT;
CREATE TABLE master_key (fingerprint BLOB PRIMARY KEY) STRICT;
"""
_LATEST: Final = "CREATE INDEX failed_login_by_latest ON failed_login (latest);"
_NETWORKS: Final = "CREATE TABLE known_network (name BLOB PRIMARY KEY, latest REAL NOT NULL) STRICT;"
KEYS: Final = {
    "first": _ACCOUNTS,
    "times": _ACCOUNTS + _LATEST,
    "0.1 and 0.2": _ACCOUNTS + _LATEST + _NETWORKS,
}
