"""Fixtures of the key server's tests: databases of both kinds."""

from __future__ import annotations

from tests.support.databases.postgresql import database_url, postgresql

__all__ = ["database_url", "postgresql"]
