"""The tables of the bridge, as the latest migration leaves them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, Text, text

from sealwax.service.columns import INSTANT, LONG
from sealwax.service.counter_table import add_counter_table

TABLES: Final = MetaData()

SESSION: Final = Table(
    "session",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("address", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("server_half", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("sealed_password", LargeBinary, nullable=False),
    Column("used_at", INSTANT, nullable=False),
    Column("expires_at", LONG, nullable=False),
    # 0 if a version that did not note it has begun the session.
    Column("started_at", INSTANT, nullable=False, server_default=text("0.0")),
    # Empty for the pages, otherwise the exact origin of a browser extension.
    Column("origin", Text, nullable=False, server_default=""),
    # A description from `login.programs`, never the header itself.
    Column("program", Text, nullable=False, server_default=""),
    # The address at which a push service takes messages for the browser, or empty.
    Column("push_endpoint", Text, nullable=False, server_default=""),
    # What `login.reload_halves` gives, with its name, its last use, and its life.
    Column("reload_half", LargeBinary, nullable=True),
    Column("reload_name", Text, nullable=False, server_default=""),
    Column("reload_used_at", INSTANT, nullable=False, server_default=text("0.0")),
    Column("reload_seconds", LONG, nullable=False, server_default=text("0")),
    Index("session_by_address", "address"),
    Index("session_by_expiry", "expires_at"),
    Index("session_by_use", "used_at"),
)

COUNTER: Final = add_counter_table(TABLES)

SUBMISSION: Final = Table(
    "submission",
    TABLES,
    # Hashes, so that the table names neither accounts nor keys.
    Column("account", LargeBinary, primary_key=True, nullable=False),
    Column("key", LargeBinary, primary_key=True, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("owner", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("begun_at", INSTANT, nullable=False),
    Column("busy_until", INSTANT, nullable=False),
    Index("submission_by_beginning", "begun_at"),
    sqlite_strict=True,
)

DEVICE: Final = Table(
    "device",
    TABLES,
    # Hashes: of token and account, and of the account.
    Column("device", LargeBinary, primary_key=True, nullable=False),
    Column("account", LargeBinary, nullable=False),
    Column("used_at", INSTANT, nullable=False),
    Index("device_by_account", "account", "used_at"),
    Index("device_by_use", "used_at"),
    sqlite_strict=True,
)

SENT_COPY: Final = Table(
    "sent_copy",
    TABLES,
    # A hash of the account.
    Column("account", LargeBinary, primary_key=True, nullable=False),
    Column("choice", Text, nullable=False),
    Column("ends_until", INSTANT, nullable=False),
    sqlite_strict=True,
)

RETRIEVED: Final = Table(
    "retrieved",
    TABLES,
    # Hashes: of the account, and of the unique id of a message.
    Column("account", LargeBinary, primary_key=True, nullable=False),
    Column("message", LargeBinary, primary_key=True, nullable=False),
    Column("due_at", INSTANT, nullable=False),
    Index("retrieved_by_due", "due_at"),
    sqlite_strict=True,
)

PROCESS: Final = Table(
    "process",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("until", INSTANT, nullable=False),
    sqlite_strict=True,
)

PLACE: Final = Table(
    "place",
    TABLES,
    Column("kind", Text, primary_key=True, nullable=False),
    # The id of a session, or a hash.
    Column("name", Text, primary_key=True, nullable=False),
    Column("number", LONG, primary_key=True, nullable=False, autoincrement=False),
    Column("process", Text, nullable=False),
    Column("lease", Text, nullable=False),
    Index("place_by_process", "process"),
    sqlite_strict=True,
)

SETTING: Final = Table(
    "setting",
    TABLES,
    Column("name", Text, primary_key=True, nullable=False),
    Column("value", LargeBinary, nullable=False),
    sqlite_strict=True,
)
