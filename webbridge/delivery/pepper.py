"""The pepper: a key outside the database, from which the bridge derives the keys for records of proofs and for tickets.

The database has only HMACs of proofs. So a thief of the database cannot test guessed proofs without the pepper. Each
purpose has a separate key. Tickets and challenges are stateless: they contain their values and a tag over the values.
The parcel's record decides whether a ticket still counts.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smime_core.text import read_base64url, write_base64url
from webbridge.delivery.ids import id_bytes, id_text
from webbridge.delivery.limits import FINGERPRINT_BYTES, ID_BYTES, SALT_BYTES

KEY_BYTES: Final = 32
NOBODY: Final = bytes(FINGERPRINT_BYTES)
"""The fingerprint in the ticket of a recipient who has proved to know the secret, without a certificate."""
_PURPOSES: Final = ("proof", "salt", "request", "ticket", "challenge", "count", "client", "key code", "key count")
CODE_DIGITS: Final = 8
_TAG_BYTES: Final = 32
_TIME_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right to fetch the objects of a parcel until `ends_at`.

    `fingerprint` is that of the certificate with which the recipient proved the right, or NOBODY.
    """

    parcel: str
    ends_at: int
    fingerprint: bytes = NOBODY

    @property
    def is_of_certificate(self) -> bool:
        """Whether the recipient has proved to have the key of one of the parcel's certificates."""
        return self.fingerprint != NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """The right of a certificate's owner to prove until `ends_at` that they have decrypted a nonce."""

    ends_at: int
    fingerprint: bytes


class Pepper:
    """The keys that are derived from the pepper. No method returns a key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the pepper has {len(key)} bytes, {KEY_BYTES} are expected")
        self._key = {name: _derive(key, name) for name in _PURPOSES}

    def record_of(self, parcel: str, proof: bytes) -> bytes:
        """Return the HMAC of a proof, which the database keeps."""
        return self._tag("proof", id_bytes(parcel) + proof)

    def made_up_salt(self, parcel: str) -> bytes:
        """Return the salt of an unknown id, which is always the same."""
        return self._tag("salt", id_bytes(parcel))[:SALT_BYTES]

    def digest_of(self, request: bytes) -> bytes:
        """Return the HMAC that identifies a repeated request. A plain hash would allow tests of guessed proofs."""
        return self._tag("request", request)

    def count_name(self, parcel: str) -> str:
        """Return the name under which tries at an unknown id are counted."""
        return self._tag("count", id_bytes(parcel)).hex()

    def client_name(self, network: str) -> str:
        """Return the name under which the requests of a network are counted.

        A plain hash would reveal the network, because there are few networks and all can be tried.
        """
        return self._tag("client", network.encode()).hex()

    def key_code(self, parcel: str, digest: bytes, nonce: bytes) -> str:
        """Return the code of 8 digits that confirms the certification request with this digest."""
        number = int.from_bytes(self._tag("key code", id_bytes(parcel) + digest + nonce)[:16])
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def key_count_name(self, text: str) -> str:
        """Return the name under which requests for certificates are counted."""
        return self._tag("key count", text.encode()).hex()

    def seal_ticket(self, ticket: Ticket) -> str:
        """Return the text of a ticket."""
        content = id_bytes(ticket.parcel) + ticket.ends_at.to_bytes(_TIME_BYTES) + ticket.fingerprint
        return write_base64url(content + self._tag("ticket", content))

    def open_ticket(self, text: str) -> Ticket | None:
        """Return the ticket of a text, or None if this bridge has not made it. The caller checks the ticket's end."""
        content = self._open("ticket", text, ID_BYTES + _TIME_BYTES + FINGERPRINT_BYTES)
        if content is None:
            return None
        ends_at = int.from_bytes(content[ID_BYTES:][:_TIME_BYTES])
        return Ticket(
            parcel=id_text(content[:ID_BYTES]), ends_at=ends_at, fingerprint=content[ID_BYTES + _TIME_BYTES :]
        )

    def seal_challenge(self, parcel: str, challenge: Challenge, nonce: bytes) -> str:
        """Return the text of a challenge. It reveals nothing about the nonce."""
        content = challenge.ends_at.to_bytes(_TIME_BYTES) + challenge.fingerprint
        return write_base64url(content + self._tag("challenge", id_bytes(parcel) + content + nonce))

    def open_challenge(self, text: str, parcel: str, nonce: bytes) -> Challenge | None:
        """Return the challenge of a text, or None if the nonce is wrong. The caller checks the challenge's end."""
        content = self._open("challenge", text, _TIME_BYTES + FINGERPRINT_BYTES, before=id_bytes(parcel), after=nonce)
        if content is None:
            return None
        return Challenge(ends_at=int.from_bytes(content[:_TIME_BYTES]), fingerprint=content[_TIME_BYTES:])

    def _open(self, name: str, text: str, size: int, *, before: bytes = b"", after: bytes = b"") -> bytes | None:
        """Return the content of a text if its tag covers the content with the bytes before and after it."""
        try:
            octets = read_base64url(text, size + _TAG_BYTES)
        except ValueError:
            return None
        content, tag = octets[:-_TAG_BYTES], octets[-_TAG_BYTES:]
        return content if hmac.compare_digest(tag, self._tag(name, before + content + after)) else None

    def _tag(self, name: str, content: bytes) -> bytes:
        return hmac.digest(self._key[name], content, sha256)


def _derive(key: bytes, name: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"sealwax parcel {name} 1".encode()).derive(key)
