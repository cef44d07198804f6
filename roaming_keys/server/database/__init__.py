"""The key server's database: its tables, and their migrations, one for each release, in `versions`.

`copying` writes a backup of the whole database to one SQLite file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sealwax.service import Schema

SCHEMA: Final = Schema(
    service="keys",
    package=Path(__file__).parent,
    first_tables={
        "account": frozenset({"user", "salt", "memory_kib", "passes", "lanes", "verifier", "sealed"}),
        "failed_login": frozenset({"counter", "failures", "blocked_until", "latest"}),
        "known_network": frozenset({"name", "latest"}),
        "master_key": frozenset({"fingerprint"}),
    },
)
