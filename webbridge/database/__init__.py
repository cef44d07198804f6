"""The bridge's database: its tables, and their migrations, one for each release, in `versions`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sealwax.service import Schema

SCHEMA: Final = Schema(service="bridge", package=Path(__file__).parent)
