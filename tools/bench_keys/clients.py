"""Clients of the key server that sign logins with fixed keys, because stretching a passphrase would take time."""

from __future__ import annotations

import http.client
import os
import time
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from roaming_keys.protocol.key_account import LoginMethod, login_record
from roaming_keys.protocol.messages.accounts import Device, KeyRecord, Login, LoginTerms, ParametersRequest, Wrap

LOGIN_SEED: Final = b"A" * 32
WRONG_SEED: Final = b"B" * 32
DEVICE: Final = Device(token=b"t" * 32, name="a benchmark")
# A device that no account knows. The limits on wrong logins treat known devices differently.
STRANGE_DEVICE: Final = Device(token=b"s" * 32, name="a stranger")
_JSON: Final = {"Content-Type": "application/json"}


@dataclass
class KeyClient:
    """One connection. `origin` is the key server's public origin, and `port` its port on loopback."""

    origin: str
    port: int

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def post(self, path: str, body: bytes, address: str = "192.0.2.1") -> tuple[int, bytes, float]:
        """Return status, body and milliseconds. The request reports `address` as the client's, as a proxy does."""
        host = self.origin.removeprefix("https://")
        forwarded = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "X-Forwarded-Host": host}
        headers = {**_JSON, "Host": host, **forwarded}
        started = time.perf_counter()
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        return answer.status, data, (time.perf_counter() - started) * 1000

    def sign(self, user: str, seed: bytes, device: Device = DEVICE) -> bytes:
        """Return the body of a login."""
        _, data, _ = self.post("/parameters", ParametersRequest(user=user).to_json())
        terms = LoginTerms.from_json(data)
        session_key = Ed25519PrivateKey.from_private_bytes(os.urandom(32)).public_key().public_bytes_raw()
        login = Login(
            user=user,
            nonce=terms.nonce,
            at=int(time.time()),
            session_key=session_key,
            device=device,
            signature=b"",
        )
        record = login_record(self.origin, user, LoginMethod.PASSPHRASE, login)
        return replace(login, signature=Ed25519PrivateKey.from_private_bytes(seed).sign(record)).to_json()


def record_of(size: int) -> KeyRecord:
    """A record whose bundle has `size` bytes."""
    wrap = Wrap(kind="passphrase", nonce=b"n" * 12, wrapped=b"w" * 48)
    return KeyRecord(bundle_id="b1", version=1, bundle=os.urandom(size), state=os.urandom(16_384), wraps=(wrap,))
