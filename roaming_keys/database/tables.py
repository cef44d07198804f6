"""The tables of the key server, as the latest migration leaves them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text

from sealwax.service.columns import INSTANT
from sealwax.service.counter_table import add_counter_table

TABLES: Final = MetaData()

ACCOUNT: Final = Table(
    "account",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("memory_kib", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("lanes", Integer, nullable=False),
    Column("verifier", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # Without one the account is of protocol 1, which is refused. Only such an account has a verifier.
    Column("login_key", LargeBinary),
    sqlite_strict=True,
)

COUNTER: Final = add_counter_table(TABLES)

KNOWN_NETWORK: Final = Table(
    "known_network",
    TABLES,
    Column("name", LargeBinary, primary_key=True, nullable=False),
    Column("latest", INSTANT, nullable=False),
    Index("known_network_by_latest", "latest"),
    sqlite_strict=True,
)

USED: Final = Table(
    "used",
    TABLES,
    Column("value", Text, primary_key=True, nullable=False),
    Column("ends", INSTANT, nullable=False),
    Index("used_by_end", "ends"),
    sqlite_strict=True,
)

MASTER_KEY: Final = Table(
    "master_key",
    TABLES,
    Column("fingerprint", LargeBinary, primary_key=True, nullable=False),
    sqlite_strict=True,
)
