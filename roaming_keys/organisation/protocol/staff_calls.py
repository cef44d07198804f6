"""The bytes that a staff member signs for each call: everything that the server acts on.

The counter of a call is the time in milliseconds. The server accepts each counter once, and only near its own time.

    Authorization: Sealwax key="…", counter="…", signature="…"       as in a session (`protocol/calls.py`)
"""

from __future__ import annotations

import hashlib

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.key_account import encode_fields
from roaming_keys.protocol.messages.accounts import PROTOCOL


def staff_call_record(server: str, key: bytes, call: Call, counter: int) -> bytes:
    """Return the bytes that a staff member signs for a call."""
    body_hash = hashlib.sha256(call.body).digest()
    return encode_fields("staff call", PROTOCOL, server, key, call.method, call.path, body_hash, counter)
