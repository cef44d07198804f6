"""Write JSON messages, as compact objects with bytes in standard base64. Check the bounds of numbers and names."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject


def check_range(value: int, lowest: int, highest: int, where: str) -> None:
    """Check that the value is within its bounds. Raises MalformedMessage."""
    if not lowest <= value <= highest:
        raise MalformedMessage(f"{value}, expected {lowest} to {highest}", where)


def read_name(reader: JsonObject, member: str, max_characters: int) -> str:
    """Return a name that people see: 1 to `max_characters` printable characters. Raises MalformedMessage."""
    name = reader.short_text(member)
    check_range(len(name), 1, max_characters, where=f"{member} in characters")
    if not name.isprintable():
        raise MalformedMessage("expected letters", where=member)
    return name


def to_base64(data: bytes) -> str:
    """Return the bytes in base64, as the text of a JSON member."""
    return base64.b64encode(data).decode("ascii")


def write(members: Mapping[str, Any]) -> bytes:
    """Return the members as a compact JSON object."""
    return json.dumps(members, separators=(",", ":")).encode()
