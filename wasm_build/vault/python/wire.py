"""The form in which values cross between JavaScript and Python: JSON, and the binary values as a list beside it.

`{"$buffer": n}` in the JSON marks the place of the n-th binary value. `vault/rpc.js` is the JavaScript side, which
checks every request against the schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

_MARK: Final = "$buffer"


def unpack(args_json: str, buffers: Sequence[bytes]) -> dict[str, Any]:
    """The arguments of a request with their binary values in place."""

    def restore(members: dict[str, Any]) -> Any:
        return buffers[members[_MARK]] if members.keys() == {_MARK} else members

    arguments: dict[str, Any] = json.loads(args_json, object_hook=restore)
    return arguments


def take(args_json: str, views: Iterable[Any]) -> dict[str, Any]:
    """The arguments of a request, as `unpack` returns them.

    The binary values come from JavaScript as Uint8Arrays. Their bytes are copied at once.
    """
    return unpack(args_json, [view.to_bytes() for view in views])


def pack(reply: dict[str, Any]) -> tuple[str, list[bytes]]:
    """The JSON of a reply, and its binary values."""
    buffers: list[bytes] = []

    def set_aside(value: object) -> dict[str, int]:
        if not isinstance(value, bytes):
            raise TypeError(f"a reply cannot hold a {type(value).__name__}, only bytes and the values of JSON")
        buffers.append(value)
        return {_MARK: len(buffers) - 1}

    return json.dumps(reply, default=set_aside, ensure_ascii=False), buffers
