"""The calls of a session, each signed with the session's key, over all that the server acts on.

    Authorization: Sealwax key="…", counter="…", signature="…"       RFC 9110 section 11.6.2, values in base64url

The counter grows with each call of a session, so the server accepts no call twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from roaming_keys.protocol.key_account import ED25519, KEY_BYTES, encode_fields
from roaming_keys.protocol.messages.accounts import MAX_VERSION, PROTOCOL
from smime_core.errors import MalformedMessage
from smime_core.keys import public_key_of, raw_private_key, subject_public_key
from smime_core.provider import CryptoProvider, KeyType
from smime_core.text import read_base64url, write_base64url

SCHEME: Final = "Sealwax"
_HEADER: Final = re.compile(
    r'Sealwax key="([A-Za-z0-9_-]{43})", counter="([1-9][0-9]{0,15})", signature="([A-Za-z0-9_-]{86})"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request inside a session. `condition` is the value of If-Match or If-None-Match, "" without one."""

    method: str
    path: str
    condition: str = ""
    body: bytes = field(default=b"", repr=False)

    def members(self) -> dict[str, str]:
        """The call as members of JSON."""
        return {"method": self.method, "path": self.path, "condition": self.condition, "body": self.body.hex()}

    @classmethod
    def from_members(cls, members: Mapping[str, str]) -> Call:
        """The call of `members`."""
        return cls(
            method=members["method"],
            path=members["path"],
            condition=members["condition"],
            body=bytes.fromhex(members["body"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The content of the header Authorization: the session's public key, the counter of the call, and the signature."""

    session_key: bytes
    counter: int
    signature: bytes

    def to_header(self) -> str:
        key, signature = write_base64url(self.session_key), write_base64url(self.signature)
        return f'{SCHEME} key="{key}", counter="{self.counter}", signature="{signature}"'

    @classmethod
    def from_header(cls, header: str) -> Credentials:
        """Parse the header, which is written in exactly one way. Raises MalformedMessage."""
        match = _HEADER.fullmatch(header)
        if match is None or int(match[2]) > MAX_VERSION:
            raise MalformedMessage("expected a signed call", where="Authorization")
        return cls(session_key=_from_text(match[1]), counter=int(match[2]), signature=_from_text(match[3]))


class SessionKey:
    """The private key of one session. It signs the session's calls and numbers them."""

    def __init__(self, seed: bytes, *, counter: int = 0) -> None:
        self._key = raw_private_key(KeyType.ED25519, seed)
        self.seed = seed
        self.public = subject_public_key(public_key_of(self._key))
        self.counter = counter

    @classmethod
    def generate(cls, provider: CryptoProvider) -> SessionKey:
        return cls(provider.random_bytes(KEY_BYTES))

    async def sign(self, server: str, call: Call, provider: CryptoProvider) -> Credentials:
        """Return the credentials of the next call to the server, a normalised origin."""
        self.counter += 1
        record = call_record(server, self.public, call, self.counter)
        signature = await provider.sign(self._key, ED25519, record)
        return Credentials(session_key=self.public, counter=self.counter, signature=signature)


def call_record(server: str, session_key: bytes, call: Call, counter: int) -> bytes:
    """Return the bytes that the session's key signs for a call."""
    body_hash = hashlib.sha256(call.body).digest()
    return encode_fields(
        "call", PROTOCOL, server, session_key, call.method, call.path, call.condition, body_hash, counter
    )


def _from_text(text: str) -> bytes:
    try:
        return read_base64url(text)
    except ValueError:
        raise MalformedMessage("expected base64url", where="Authorization") from None
