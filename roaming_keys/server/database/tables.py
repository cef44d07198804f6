"""The tables of the key server, as the latest migration leaves them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

from sealwax.notices.outbox import queue_columns
from sealwax.service.columns import INSTANT, LONG
from sealwax.service.counter_table import add_counter_table

TABLES: Final = MetaData()

# The accounts of 0.1, to which nobody can log in.
EARLIER_ACCOUNT: Final = Table(
    "account",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("memory_kib", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("lanes", Integer, nullable=False),
    Column("verifier", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("login_key", LargeBinary),
    sqlite_strict=True,
)

ACCOUNT: Final = Table(
    "key_account",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("memory_kib", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("lanes", Integer, nullable=False),
    # Public keys, encrypted by the server.
    Column("sealed_login_key", LargeBinary, nullable=False),
    Column("sealed_recovery_key", LargeBinary),
    sqlite_strict=True,
)

# Records are separate from accounts. Otherwise the time to read a row would reveal whether an account exists, and how
# large its record is.
RECORD: Final = Table(
    "record",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("bundle_id", Text, nullable=False),
    Column("version", LONG, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_strict=True,
)

# The running resets. They may be finished between `ready` and `ends`.
RESET: Final = Table(
    "account_reset",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("started", INSTANT, nullable=False),
    Column("ready", INSTANT, nullable=False),
    Column("ends", INSTANT, nullable=False),
    Index("account_reset_by_end", "ends"),
    sqlite_strict=True,
)

# Account and record from before a reset, until `ends`.
KEPT_ACCOUNT: Final = Table(
    "kept_account",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("memory_kib", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("lanes", Integer, nullable=False),
    Column("sealed_login_key", LargeBinary, nullable=False),
    Column("sealed_recovery_key", LargeBinary),
    Column("bundle_id", Text, nullable=False),
    Column("version", LONG, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # The recovery copy of the account, if its owner had confirmed officers.
    Column("sealed_copy", LargeBinary),
    Column("ends", INSTANT, nullable=False),
    Index("kept_account_by_end", "ends"),
    sqlite_strict=True,
)

DEVICE: Final = Table(
    "device",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    # A hash of the token.
    Column("token", LargeBinary, nullable=False),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("latest", INSTANT, nullable=False),
    # 1 after a change of the account's keys, until the device's next login.
    Column("of_earlier_keys", Integer, nullable=False, server_default=text("0")),
    Index("device_by_token", "user", "token", unique=True),
    sqlite_strict=True,
)

SESSION: Final = Table(
    "session",
    TABLES,
    # The public key that signs the calls.
    Column("key", LargeBinary, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("counter", LONG, nullable=False),
    Column("started", INSTANT, nullable=False),
    Column("ends", INSTANT, nullable=False),
    Index("session_by_user", "user"),
    Index("session_by_end", "ends"),
    sqlite_strict=True,
)

# The second factors of accounts.
FACTOR: Final = Table(
    "factor",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # The name and the secret, or the public key.
    Column("sealed", LargeBinary, nullable=False),
    # The time step of the latest code, or the security key's count of signatures. Each use has to increase it.
    Column("counter", LONG, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("latest", INSTANT, nullable=False),
    Index("factor_by_user", "user"),
    sqlite_strict=True,
)

# The second factors that an account had at its reset. They protect the kept account, and have the ids of the originals.
KEPT_FACTOR: Final = Table(
    "kept_factor",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("counter", LONG, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("latest", INSTANT, nullable=False),
    Index("kept_factor_by_user", "user"),
    sqlite_strict=True,
)

# The logins that wait for a factor. They are not in the table of sessions, so no call of a session finds them.
WAITING_LOGIN: Final = Table(
    "waiting_login",
    TABLES,
    Column("key", LargeBinary, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("token", LargeBinary, nullable=False),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("counter", LONG, nullable=False),
    # The challenge that a security key has to sign; NULL after its use.
    Column("challenge", LargeBinary),
    Column("started", INSTANT, nullable=False),
    Column("ends", INSTANT, nullable=False),
    Index("waiting_login_by_user", "user"),
    Index("waiting_login_by_end", "ends"),
    sqlite_strict=True,
)

COUNTER: Final = add_counter_table(TABLES)

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
    # The server's secrets, sealed under this key. NULL in a database of a version before 0.2.
    Column("secrets", LargeBinary),
    sqlite_strict=True,
)

# Triggers refuse to delete rows. They also refuse to change columns, except the last two, which the hash does not
# cover.
AUDIT: Final = Table(
    "audit",
    TABLES,
    Column("number", LONG, primary_key=True, nullable=False, autoincrement=False),
    Column("at", LONG, nullable=False),
    Column("kind", Text, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("name", LargeBinary),
    Column("sealed", LargeBinary),
    Index("audit_by_name", "name", "number"),
    sqlite_strict=True,
)

# The notices that wait to be sent by mail, and are tried next at `next_at`. They stay when their account is deleted.
NOTICE: Final = Table(
    "notice",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    *queue_columns(),
    Index("notice_by_next", "next_at"),
    sqlite_strict=True,
)

STAFF: Final = Table(
    "staff",
    TABLES,
    Column("name", Text, primary_key=True, nullable=False),
    Column("role", Text, nullable=False),
    # The public key that signs the calls, and the number of the latest call.
    Column("key", LargeBinary, nullable=False),
    Column("counter", LONG, nullable=False),
    # The fingerprint of an officer's certificate.
    Column("certificate", Text),
    Index("staff_by_key", "key", unique=True),
    Index("staff_by_certificate", "certificate", unique=True),
    sqlite_strict=True,
)

RECOVERY_POLICY: Final = Table(
    "recovery_policy",
    TABLES,
    Column("number", LONG, primary_key=True, nullable=False, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    sqlite_strict=True,
)

RECOVERY_COPY: Final = Table(
    "recovery_copy",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_strict=True,
)

RECOVERY_CASE: Final = Table(
    "recovery_case",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    Column("asked", INSTANT, nullable=False),
    # The times at which a device of the owner has shown the case, and at which the keys were fetched.
    Column("told", INSTANT),
    Column("opened", INSTANT),
    Column("sealed", LargeBinary, nullable=False),
    # The recovery copy at the time when the case was opened. Later copies do not replace it.
    Column("sealed_copy", LargeBinary, nullable=False),
    Index("recovery_case_by_user", "user"),
    sqlite_strict=True,
)

RECOVERY_APPROVAL: Final = Table(
    "recovery_approval",
    TABLES,
    Column("case", Text, primary_key=True, nullable=False),
    Column("number", Integer, primary_key=True, nullable=False, autoincrement=False),
    Column("user", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("recovery_approval_by_user", "user"),
    sqlite_strict=True,
)

# The bundles of groups, each with its owner. The server cannot open them.
GROUP_BUNDLE: Final = Table(
    "group_bundle",
    TABLES,
    Column("id", Text, primary_key=True, nullable=False),
    Column("user", Text, nullable=False),
    Column("version", LONG, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("group_bundle_by_user", "user"),
    sqlite_strict=True,
)

# The keys of these bundles, encrypted for each member. A member may have no account here yet.
GROUP_MEMBER: Final = Table(
    "group_member",
    TABLES,
    Column("group", Text, primary_key=True, nullable=False),
    Column("user", Text, primary_key=True, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # The time at which the member was added to the group, and the time at which the member first asked for the group.
    Column("since", INSTANT, nullable=False, server_default=text("0")),
    Column("asked", INSTANT),
    Index("group_member_by_user", "user"),
    sqlite_strict=True,
)

# An account without a row may log in, and need not renew anything.
RESTRICTION: Final = Table(
    "restriction",
    TABLES,
    Column("user", Text, primary_key=True, nullable=False),
    Column("disabled", INSTANT),
    Column("renew", INSTANT),
    sqlite_strict=True,
)
