"""The parcels: their states and notices, the tokens of senders, complaints, blocks, receipts, answers and keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the tables."""
    _make_parcel()
    _make_parcel_event()
    _make_parcel_notice()
    _make_parcel_token()
    _make_parcel_usage()
    _make_parcel_complaint()
    _make_parcel_block()
    _make_parcel_receipt()
    _make_parcel_answer()
    _make_parcel_key_request()


def downgrade() -> None:
    """Delete the tables. The bytes of the parcels stay in the store, but nothing finds them any more."""
    for table in (
        "parcel_key_request",
        "parcel_answer",
        "parcel_receipt",
        "parcel_block",
        "parcel_complaint",
        "parcel_usage",
        "parcel_token",
        "parcel_notice",
        "parcel_event",
        "parcel",
    ):
        op.drop_table(table)


def _make_parcel() -> None:
    op.create_table(
        "parcel",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("proof", sa.LargeBinary, nullable=False),
        sa.Column("certificates", sa.LargeBinary, nullable=False),
        sa.Column("recipients", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("objects", sa.Text, nullable=False),
        sa.Column("manifest_bytes", LONG, nullable=False),
        sa.Column("total_bytes", LONG, nullable=False),
        sa.Column("is_whole", LONG, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("is_stored", LONG, nullable=False),
        sa.Column("most_openings", LONG, nullable=True),
        sa.Column("openings", LONG, nullable=False),
        sa.Column("tries_left", LONG, nullable=False),
        sa.Column("language", sa.Text, nullable=False, server_default=""),
        sqlite_strict=True,
    )
    op.create_index("parcel_by_sender", "parcel", ["sender", "created_at"])
    op.create_index("parcel_by_end", "parcel", ["stage", "ends_at"])
    op.create_index("parcel_by_folder", "parcel", ["folder"])
    op.create_index("parcel_by_reference", "parcel", ["reference"])


def _make_parcel_event() -> None:
    op.create_table(
        "parcel_event",
        sa.Column("parcel", sa.Text, primary_key=True, nullable=False),
        sa.Column("state", sa.Text, primary_key=True, nullable=False),
        sa.Column("said_by", sa.Text, primary_key=True, nullable=False),
        sa.Column("recipient", sa.Text, primary_key=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _make_parcel_notice() -> None:
    op.create_table(
        "parcel_notice",
        sa.Column("parcel", sa.Text, primary_key=True, nullable=False),
        sa.Column("address", sa.Text, primary_key=True, nullable=False),
        sa.Column("kind", sa.Text, primary_key=True, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", LONG, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("parcel_notice_by_next", "parcel_notice", ["state", "next_at"])
    op.create_index("parcel_notice_by_address", "parcel_notice", ["address"])


def _make_parcel_token() -> None:
    op.create_table(
        "parcel_token",
        sa.Column("token", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("parcel_token_by_name", "parcel_token", ["address", "name"], unique=True)


def _make_parcel_usage() -> None:
    op.create_table(
        "parcel_usage",
        sa.Column("sender", sa.Text, primary_key=True, nullable=False),
        sa.Column("total_bytes", LONG, nullable=False),
        sa.Column("parcels", LONG, nullable=False),
        sqlite_strict=True,
    )


def _make_parcel_complaint() -> None:
    op.create_table(
        "parcel_complaint",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("parcel", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("client", sa.LargeBinary, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("parcel_complaint_by_parcel", "parcel_complaint", ["parcel"])
    op.create_index("parcel_complaint_by_sender", "parcel_complaint", ["sender", "at"])
    op.create_index("parcel_complaint_by_time", "parcel_complaint", ["at"])


def _make_parcel_block() -> None:
    op.create_table(
        "parcel_block",
        sa.Column("kind", sa.Text, primary_key=True, nullable=False),
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("parcel_block_by_end", "parcel_block", ["ends_at"])


def _make_parcel_receipt() -> None:
    op.create_table(
        "parcel_receipt",
        sa.Column("parcel", sa.Text, primary_key=True, nullable=False),
        sa.Column("signer", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("cms", sa.LargeBinary, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sqlite_strict=True,
    )


def _make_parcel_answer() -> None:
    op.create_table(
        "parcel_answer",
        sa.Column("parcel", sa.Text, primary_key=True, nullable=False),
        sa.Column("number", LONG, primary_key=True, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("cms", sa.LargeBinary, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sqlite_strict=True,
    )


def _make_parcel_key_request() -> None:
    op.create_table(
        "parcel_key_request",
        sa.Column("parcel", sa.Text, primary_key=True, nullable=False),
        sa.Column("address", sa.Text, primary_key=True, nullable=False),
        sa.Column("digest", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("number", LONG, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("tries_left", LONG, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("parcel_key_request_by_end", "parcel_key_request", ["ends_at"])
