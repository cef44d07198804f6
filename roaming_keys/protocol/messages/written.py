"""Write JSON messages: compact objects, bytes in standard base64, numbers within their bounds."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from smime_core.errors import MalformedMessage


def check_range(value: int, lowest: int, highest: int, where: str) -> None:
    """Check that the value is within its bounds. Raises MalformedMessage."""
    if not lowest <= value <= highest:
        raise MalformedMessage(f"{value}, expected {lowest} to {highest}", where)


def to_base64(data: bytes) -> str:
    """Return the bytes in base64, as the text of a JSON member."""
    return base64.b64encode(data).decode("ascii")


def write(members: Mapping[str, Any]) -> bytes:
    """Return the members as a compact JSON object."""
    return json.dumps(members, separators=(",", ":")).encode()
