"""Rows of parcels in the bridge's database, for tests of the notices about them."""

from __future__ import annotations

import datetime
import json
from typing import Any

from sqlalchemy import insert, select

from sealwax.notices.submission import Submission
from sealwax.service import Database
from webbridge.database.tables import PARCEL, PARCEL_EVENT, PARCEL_NOTICE
from webbridge.delivery.abuse.refusals import RefusalTokens
from webbridge.delivery.notices.letterhead import Letterhead
from webbridge.delivery.notices.outbox import queue_parcel
from webbridge.delivery.notices.settings import NoticesConfig

PARCEL_ID = "AAECAwQFBgcICQoLDA0ODw"
REFERENCE = "7K3M-0PQR-XYZ1"
SENDER, RECIPIENT, SERVICE = "alice@example.test", "bob@example.org", "parcels@example.test"
PAGES, API = "https://mail.example.test", "https://api.example.test/mail"
TOKENS = RefusalTokens(bytes(32))


def config_of(submission: Submission) -> NoticesConfig:
    return NoticesConfig(submission=submission, head=Letterhead(pages_origin=PAGES, api_url=API, sender=SERVICE))


def add_parcel(
    database: Database,
    at: datetime.datetime,
    *,
    parcel: str = PARCEL_ID,
    sender: str = SENDER,
    recipients: tuple[str, ...] = (RECIPIENT,),
    language: str = "en",
    sender_language: str = "",
) -> None:
    """Add a submitted parcel, and queue its notices."""
    row: dict[str, Any] = {
        "id": parcel,
        "reference": REFERENCE,
        "sender": sender,
        "folder": parcel.lower(),
        "digest": b"",
        "salt": bytes(16),
        "proof": bytes(32),
        "certificates": b"",
        "recipients": json.dumps([{"address": recipient, "language": language} for recipient in recipients]),
        "kind": "files",
        "objects": "[3400000]",
        "manifest_bytes": 900,
        "total_bytes": 3_400_900,
        "is_whole": 0,
        "stage": "submitted",
        "created_at": at.timestamp(),
        "submitted_at": at.timestamp(),
        "ends_at": (at + datetime.timedelta(days=7)).timestamp(),
        "is_stored": 1,
        "most_openings": None,
        "openings": 0,
        "tries_left": 5,
        "language": sender_language,
    }
    with database.transaction() as rows:
        rows.execute(insert(PARCEL), row)
        queue_parcel(rows, parcel, [(recipient, language) for recipient in recipients], at)


def states(database: Database) -> dict[tuple[str, str], str]:
    """The state of each notice, by address and kind."""
    with database.reading() as rows:
        return {(row.address, row.kind): row.state for row in rows.execute(select(PARCEL_NOTICE))}


def events(database: Database) -> list[tuple[str, str, str, str]]:
    """State, who says so, recipient and code of each event."""
    with database.reading() as rows:
        entries = rows.execute(select(PARCEL_EVENT).order_by(PARCEL_EVENT.c.state, PARCEL_EVENT.c.recipient))
        return [(row.state, row.said_by, row.recipient, row.code) for row in entries]
