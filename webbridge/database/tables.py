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
    # The half that `login.reload_halves` gives, with its name, its last use, and its life.
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
    # The process that sends it, or empty if a version that did not note it has begun the message.
    Column("process", Text, nullable=False, server_default=""),
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

FOLDER_USE: Final = Table(
    "folder_use",
    TABLES,
    # Hashes: of the account, and of the account with the folder's name.
    Column("account", LargeBinary, primary_key=True, nullable=False),
    Column("role", Text, primary_key=True, nullable=False),
    Column("folder", LargeBinary, nullable=False),
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
    # As the sender chose it; recipients have it in their link.
    Column("id", Text, primary_key=True, nullable=False),
    Column("reference", Text, nullable=False),
    # The verified address of the account or of the token.
    Column("sender", Text, nullable=False),
    # The name of the parcel's folder in the store. It says nothing of the id.
    Column("folder", Text, nullable=False),
    # SHA-256 of the request that made it, so that a repeated one gets the same answer.
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
    # JSON: the bytes of each chunk.
    Column("objects", Text, nullable=False),
    Column("manifest_bytes", LONG, nullable=False),
    Column("total_bytes", LONG, nullable=False),
    # 1 if all bytes came in one request and are one object of the store.
    Column("is_whole", LONG, nullable=False),
    # A word of `delivery.states.Stage`.
    Column("stage", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    # 0 until it is submitted.
    Column("submitted_at", INSTANT, nullable=False),
    # The end of its days. An upload ends earlier, if nothing more comes.
    Column("ends_at", INSTANT, nullable=False),
    # 1 while the bytes are in the store and count for the quota.
    Column("is_stored", LONG, nullable=False),
    # The most openings, or null.
    Column("most_openings", LONG, nullable=True),
    Column("openings", LONG, nullable=False),
    Column("tries_left", LONG, nullable=False),
    # The language of the mails to the sender, or empty if nobody has said it.
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
    # The parcel's row goes first when a parcel is forgotten, and its events follow.
    Column("parcel", Text, primary_key=True, nullable=False),
    # Words of `delivery.states`: the state, and who says so.
    Column("state", Text, primary_key=True, nullable=False),
    Column("said_by", Text, primary_key=True, nullable=False),
    # The address of the recipient whom it is about, or empty.
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
    # "parcel" tells a recipient of the parcel, "tries" its sender of five wrong tries, "answer-1" is an answer,
    # "key-1" has a code.
    Column("kind", Text, primary_key=True, nullable=False),
    Column("language", Text, nullable=False),
    # Fixed before the first try; empty until then.
    Column("message_id", Text, nullable=False),
    # pending, sending, sent, perhaps-twice or failed.
    Column("state", Text, nullable=False),
    Column("tries", LONG, nullable=False),
    # The time of the next try, or while it is being sent, the time at which its process counts as dead.
    Column("next_at", INSTANT, nullable=False),
    # The process that sends it, or empty.
    Column("owner", Text, nullable=False),
    # The stable code of the last refusal, or empty.
    Column("code", Text, nullable=False),
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
    # The reserved bytes and the number of its parcels that are stored.
    Column("total_bytes", LONG, nullable=False),
    Column("parcels", LONG, nullable=False),
    sqlite_strict=True,
)

PARCEL_COMPLAINT: Final = Table(
    "parcel_complaint",
    TABLES,
    # Random.
    Column("id", Text, primary_key=True, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("sender", Text, nullable=False),
    # The domain of the sender.
    Column("domain", Text, nullable=False),
    # A word of the program, never a text of the recipient.
    Column("reason", Text, nullable=False),
    # A hash of the client's network.
    Column("client", LargeBinary, nullable=False),
    Column("at", INSTANT, nullable=False),
    # 0 until the operator has looked at it.
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
    # A word of the program.
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
    # DER of the receipt, for the sender, who knows the signature that it answers.
    Column("cms", LargeBinary, nullable=False),
    Column("at", INSTANT, nullable=False),
    sqlite_strict=True,
)

PARCEL_ANSWER: Final = Table(
    "parcel_answer",
    TABLES,
    Column("parcel", Text, primary_key=True, nullable=False),
    # From 1 on. The notice that sends it has it in its kind.
    Column("number", LONG, primary_key=True, nullable=False),
    # The client's name for it, so that a repeated request is the same answer, and SHA-256 of its bytes.
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    # The encrypted message, or empty once the mail server has taken it or never will.
    Column("cms", LargeBinary, nullable=False),
    Column("at", INSTANT, nullable=False),
    sqlite_strict=True,
)

PARCEL_KEY_REQUEST: Final = Table(
    "parcel_key_request",
    TABLES,
    Column("parcel", Text, primary_key=True, nullable=False),
    # The address that the request names, in small letters and without quotes that it does not need.
    Column("address", Text, primary_key=True, nullable=False),
    # SHA-256 of the request.
    Column("digest", LargeBinary, primary_key=True, nullable=False),
    # From 1 on, another one for each request of the address. The notice with the code has it in its kind.
    Column("number", LONG, nullable=False),
    # DER of the request (PKCS#10).
    Column("request", LargeBinary, nullable=False),
    # The address to which the code goes, or empty if no code counts.
    Column("mailbox", Text, nullable=False),
    # The code is made from it and from the pepper, and is in no database.
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
    # As the account's page chose it. Other accounts may have the same one.
    Column("id", Text, primary_key=True, nullable=False),
    # The name of the file's folder in the store.
    Column("folder", Text, nullable=False),
    # A hash of the request that made it, so that a repeated one gets the same answer.
    Column("digest", LargeBinary, nullable=False),
    # JSON: the bytes of each chunk.
    Column("objects", Text, nullable=False),
    # Until it is complete, the most that the manifest may have.
    Column("manifest_bytes", LONG, nullable=False),
    # The bytes that are reserved.
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
    # Each is one more than the one before it.
    Column("version", LONG, nullable=False),
    # The name of the folder in the store, of which each version has another one.
    Column("folder", Text, nullable=False),
    # JSON: the bytes of each chunk.
    Column("objects", Text, nullable=False),
    Column("manifest_bytes", LONG, nullable=False),
    Column("stored_at", INSTANT, nullable=False),
    Index("kept_index_by_folder", "folder"),
    sqlite_strict=True,
)
