"""Fixtures of the key server: a clock that only the test moves, and databases of both kinds."""

from __future__ import annotations

from tests.support.clock import clock
from tests.support.databases.postgresql import database_url, postgresql
from tests.support.servers.tls import tls_folder

__all__ = ["clock", "database_url", "postgresql", "tls_folder"]
