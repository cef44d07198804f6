"""Types of columns that have the same meaning in SQLite and PostgreSQL.

SQLite's STRICT tables know only INTEGER, REAL, TEXT and BLOB. Without STRICT, SQLite keeps any value in any column.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import REAL, BigInteger, Double, Integer
from sqlalchemy.types import TypeEngine

INSTANT: Final[TypeEngine[float]] = Double().with_variant(REAL(), "sqlite")
"""Seconds since 1970, with fractions. PostgreSQL's REAL would have only 7 digits."""
NUMBER: Final[TypeEngine[float]] = INSTANT
"""A number with fractions."""
LONG: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")
"""An integer of 64 bits."""
