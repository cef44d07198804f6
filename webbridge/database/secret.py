"""The bridge's secret. All processes of the bridge derive the same keys from it."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import select

from sealwax.service import Database
from sealwax.service.database import insert_into
from webbridge.database.tables import SETTING

SECRET_BYTES: Final = 32
_NAME: Final = "secret"


def bridge_secret(database: Database) -> bytes:
    """Return the secret of 32 bytes. The first process that asks makes it."""
    with database.transaction() as rows:
        made = insert_into(rows, SETTING).values(name=_NAME, value=secrets.token_bytes(SECRET_BYTES))
        rows.execute(made.on_conflict_do_nothing())
        return bytes(rows.execute(select(SETTING.c.value).where(SETTING.c.name == _NAME)).scalar_one())
