"""The Ed25519 key of a member of the staff (RFC 8032), which signs each call to the key server."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from roaming_keys.organisation.protocol.staff_calls import staff_call_record
from roaming_keys.protocol.calls import Call, Credentials


class StaffKey:
    """The private key of a staff member, which signs calls. `clock` returns the time with fractions of a second."""

    def __init__(self, seed: bytes, clock: Callable[[], datetime.datetime]) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._clock = clock
        self._counter = 0

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, server: str, call: Call) -> str:
        """Return the header Authorization of a call to the server, a normalised origin."""
        self._counter = max(self._counter + 1, int(self._clock().timestamp() * 1_000))
        signature = self._key.sign(staff_call_record(server, self.public, call, self._counter))
        return Credentials(session_key=self.public, counter=self._counter, signature=signature).to_header()
