"""The bridge's database: its tables, and their migrations, one for each release, in `versions`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sealwax.service import Schema

SCHEMA: Final = Schema(
    service="bridge",
    package=Path(__file__).parent,
    first_tables={
        "session": frozenset(
            {"id", "address", "host", "server_half", "nonce", "sealed_password", "used_at", "expires_at"}
        ),
        "login_attempt": frozenset({"counter", "at"}),
        "lookup_request": frozenset({"session_id", "at"}),
    },
)
