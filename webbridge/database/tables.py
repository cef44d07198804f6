"""The tables of the bridge, as the latest migration leaves them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, Text, text

from sealwax.notices.outbox import queue_columns
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
    # 0 if the session was begun by a version that did not record this time.
    Column("started_at", INSTANT, nullable=False, server_default=text("0.0")),
    # Empty for the pages, otherwise the exact origin of a browser extension.
    Column("origin", Text, nullable=False, server_default=""),
    # A description from `login.programs`, never the header itself.
    Column("program", Text, nullable=False, server_default=""),
    # The address at which a push service takes messages for the browser, or empty.
    Column("push_endpoint", Text, nullable=False, server_default=""),
    # The half of a key for a reload (`login.reload_halves`), with its name, its last use, and its lifetime.
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
    # The process that sends the message, or empty if an earlier version, which did not record the process, began it.
    Column("process", Text, nullable=False, server_default=""),
    Index("submission_by_beginning", "begun_at"),
    sqlite_strict=True,
)

DEVICE: Final = Table(
    "device",
    TABLES,
    # Two hashes: of the token together with the account, and of the account.
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

FOLDER_USE: Final = Table(
    "folder_use",
    TABLES,
    # Two hashes: of the account, and of the account together with the folder's name.
    Column("account", LargeBinary, primary_key=True, nullable=False),
    Column("role", Text, primary_key=True, nullable=False),
    Column("folder", LargeBinary, nullable=False),
    sqlite_strict=True,
)

RETRIEVED: Final = Table(
    "retrieved",
    TABLES,
    # Two hashes: of the account, and of the unique id of a message.
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
    # The number of the lock that the process holds while it lives (`places.locks`), or null if it holds none.
    Column("lock", LONG, nullable=True),
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

PARCEL: Final = Table(
    "parcel",
    TABLES,
    # The sender chooses the id. The recipients' link contains it.
    Column("id", Text, primary_key=True, nullable=False),
    Column("reference", Text, nullable=False),
    # The verified address of the account or of the token.
    Column("sender", Text, nullable=False),
    # The name of the parcel's folder in the store. The name does not reveal the id.
    Column("folder", Text, nullable=False),
    # SHA-256 of the request that made the parcel, so that a repeated request gets the same answer.
    Column("digest", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    # HMAC of the proof under the pepper.
    Column("proof", LargeBinary, nullable=False),
    # SHA-256 of each recipient's certificate, one after the other.
    Column("certificates", LargeBinary, nullable=False),
    # JSON: [{"address", "language"}].
    Column("recipients", Text, nullable=False),
    # A word of `delivery.submission.Kind`.
    Column("kind", Text, nullable=False),
    # JSON: the size of each chunk in bytes.
    Column("objects", Text, nullable=False),
    Column("manifest_bytes", LONG, nullable=False),
    Column("total_bytes", LONG, nullable=False),
    # 1 if all bytes came in one request and are one object of the store.
    Column("is_whole", LONG, nullable=False),
    # A word of `delivery.states.Stage`.
    Column("stage", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    # 0 until the parcel is submitted.
    Column("submitted_at", INSTANT, nullable=False),
    # The time at which the parcel ends. An upload to which nothing is added ends earlier.
    Column("ends_at", INSTANT, nullable=False),
    # 1 while the bytes are in the store and count for the quota.
    Column("is_stored", LONG, nullable=False),
    # The largest number of openings, or null for any number.
    Column("most_openings", LONG, nullable=True),
    Column("openings", LONG, nullable=False),
    Column("tries_left", LONG, nullable=False),
    # The language of the mails to the sender, or empty if the request named none.
    Column("language", Text, nullable=False, server_default=""),
    Index("parcel_by_sender", "sender", "created_at"),
    Index("parcel_by_end", "stage", "ends_at"),
    Index("parcel_by_folder", "folder"),
    Index("parcel_by_reference", "reference"),
    sqlite_strict=True,
)

PARCEL_EVENT: Final = Table(
    "parcel_event",
    TABLES,
    # When a parcel is forgotten, its row is deleted first, then its events.
    Column("parcel", Text, primary_key=True, nullable=False),
    # Words of `delivery.states`: the state, and who reports it.
    Column("state", Text, primary_key=True, nullable=False),
    Column("said_by", Text, primary_key=True, nullable=False),
    # The address of the recipient that the event is about, or empty.
    Column("recipient", Text, primary_key=True, nullable=False),
    Column("at", INSTANT, nullable=False),
    # The stable code of an error, or empty.
    Column("code", Text, nullable=False),
    sqlite_strict=True,
)

PARCEL_NOTICE: Final = Table(
    "parcel_notice",
    TABLES,
    Column("parcel", Text, primary_key=True, nullable=False),
    Column("address", Text, primary_key=True, nullable=False),
    # "parcel" announces the parcel to a recipient, "tries" reports five wrong tries to its sender, "answer-1" is an
    # answer, "key-1" has a code.
    Column("kind", Text, primary_key=True, nullable=False),
    Column("language", Text, nullable=False),
    *queue_columns(),
    Index("parcel_notice_by_next", "state", "next_at"),
    Index("parcel_notice_by_address", "address"),
    sqlite_strict=True,
)

PARCEL_TOKEN: Final = Table(
    "parcel_token",
    TABLES,
    # SHA-256 of the token.
    Column("token", LargeBinary, primary_key=True, nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Index("parcel_token_by_name", "address", "name", unique=True),
    sqlite_strict=True,
)

PARCEL_USAGE: Final = Table(
    "parcel_usage",
    TABLES,
    # The address of a sender.
    Column("sender", Text, primary_key=True, nullable=False),
    # The sender's reserved bytes, and the number of the sender's stored parcels.
    Column("total_bytes", LONG, nullable=False),
    Column("parcels", LONG, nullable=False),
    sqlite_strict=True,
)

PARCEL_COMPLAINT: Final = Table(
    "parcel_complaint",
    TABLES,
    # A random id.
    Column("id", Text, primary_key=True, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("sender", Text, nullable=False),
    # The domain of the sender.
    Column("domain", Text, nullable=False),
    # The reason, as a word of the program, never a text of the recipient.
    Column("reason", Text, nullable=False),
    # A hash of the client's network.
    Column("client", LargeBinary, nullable=False),
    Column("at", INSTANT, nullable=False),
    # 0 until the operator has settled the complaint.
    Column("settled_at", INSTANT, nullable=False),
    Index("parcel_complaint_by_parcel", "parcel"),
    Index("parcel_complaint_by_sender", "sender", "at"),
    Index("parcel_complaint_by_time", "at"),
    sqlite_strict=True,
)

PARCEL_BLOCK: Final = Table(
    "parcel_block",
    TABLES,
    # "sender" and "domain" may not send, "recipient" and "recipient-domain" get no notices.
    Column("kind", Text, primary_key=True, nullable=False),
    # An address or a domain, in small letters.
    Column("name", Text, primary_key=True, nullable=False),
    # The reason for the block, as a word of the program.
    Column("reason", Text, nullable=False),
    Column("made_at", INSTANT, nullable=False),
    # 0 for a block without an end.
    Column("ends_at", INSTANT, nullable=False),
    Index("parcel_block_by_end", "ends_at"),
    sqlite_strict=True,
)

PARCEL_RECEIPT: Final = Table(
    "parcel_receipt",
    TABLES,
    Column("parcel", Text, primary_key=True, nullable=False),
    # SHA-256 of the signer's certificate.
    Column("signer", LargeBinary, primary_key=True, nullable=False),
    # DER of the receipt, for the sender. The sender knows the signature that the receipt answers.
    Column("cms", LargeBinary, nullable=False),
    Column("at", INSTANT, nullable=False),
    sqlite_strict=True,
)

PARCEL_ANSWER: Final = Table(
    "parcel_answer",
    TABLES,
    Column("parcel", Text, primary_key=True, nullable=False),
    # Answers are numbered from 1. The kind of the notice that sends the answer contains this number.
    Column("number", LONG, primary_key=True, nullable=False),
    # The client's name for the answer, so that a repeated request adds no answer, and SHA-256 of the answer's bytes.
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    # The encrypted message. Empty once the mail server has accepted it, or has finally refused it.
    Column("cms", LargeBinary, nullable=False),
    Column("at", INSTANT, nullable=False),
    sqlite_strict=True,
)

PARCEL_KEY_REQUEST: Final = Table(
    "parcel_key_request",
    TABLES,
    Column("parcel", Text, primary_key=True, nullable=False),
    # The address that the request names, in small letters and without needless quotes.
    Column("address", Text, primary_key=True, nullable=False),
    # SHA-256 of the request.
    Column("digest", LargeBinary, primary_key=True, nullable=False),
    # The requests of an address are numbered from 1. The kind of the notice with the code contains this number.
    Column("number", LONG, nullable=False),
    # DER of the request (PKCS#10).
    Column("request", LargeBinary, nullable=False),
    # The address to which the code is mailed, or empty if no code is valid.
    Column("mailbox", Text, nullable=False),
    # The code is made from this nonce and the pepper. No database has the code.
    Column("nonce", LargeBinary, nullable=False),
    Column("tries_left", LONG, nullable=False),
    Column("ends_at", INSTANT, nullable=False),
    Index("parcel_key_request_by_end", "ends_at"),
    sqlite_strict=True,
)

KEPT_FILE: Final = Table(
    "kept_file",
    TABLES,
    # The verified address of the account.
    Column("account", Text, primary_key=True, nullable=False),
    # The account's page chooses the id. Other accounts may use the same id.
    Column("id", Text, primary_key=True, nullable=False),
    # The name of the file's folder in the store.
    Column("folder", Text, nullable=False),
    # A hash of the request that made the file, so that a repeated request gets the same answer.
    Column("digest", LargeBinary, nullable=False),
    # JSON: the size of each chunk in bytes.
    Column("objects", Text, nullable=False),
    # The largest size of the manifest, until the file is complete. Then it is the manifest's size.
    Column("manifest_bytes", LONG, nullable=False),
    # The reserved bytes.
    Column("total_bytes", LONG, nullable=False),
    # 1 if all bytes came in one request and are one object of the store.
    Column("is_whole", LONG, nullable=False),
    # A word of `delivery.kept.records.KeptStage`.
    Column("stage", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Index("kept_file_by_stage", "stage", "created_at"),
    Index("kept_file_by_folder", "folder"),
    sqlite_strict=True,
)

KEPT_INDEX: Final = Table(
    "kept_index",
    TABLES,
    Column("account", Text, primary_key=True, nullable=False),
    # Each version is one more than the version before it.
    Column("version", LONG, nullable=False),
    # The name of the folder in the store. Each version has a different folder.
    Column("folder", Text, nullable=False),
    # JSON: the size of each chunk in bytes.
    Column("objects", Text, nullable=False),
    Column("manifest_bytes", LONG, nullable=False),
    Column("stored_at", INSTANT, nullable=False),
    Index("kept_index_by_folder", "folder"),
    sqlite_strict=True,
)
