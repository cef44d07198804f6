"""Values in the scripts that the build made."""

from __future__ import annotations

import json
from typing import Any


def object_in(script: str, name: str) -> Any:
    """The value of a variable in a bundled script that is written as JSON."""
    _, _, value = next(
        parts for parts in (script.partition(f"{before}{name}=") for before in ("var ", ";")) if parts[1]
    )
    return json.JSONDecoder().raw_decode(value)[0]
