"""Values in the scripts that the build made."""

from __future__ import annotations

import json
import re
from typing import Any


def object_in(script: str, name: str) -> Any:
    """The value of a variable in a bundled script that is written as JSON."""
    return json.JSONDecoder().raw_decode(re.split(rf"\b{name}=", script, maxsplit=1)[1])[0]
