"""The proof of a recipient with a certificate: a nonce that only the owner of the certificate's key can decrypt.

A challenge is AuthEnvelopedData with a special content type, which the authenticated attributes protect (RFC 5083
section 2.1). For a proof, a client decrypts only this type. So a dishonest bridge cannot make the client decrypt a mail
or a chunk and send the plaintext back. The bridge makes a challenge for every id and every certificate. It checks only
later, when the nonce comes back, whether the certificate is one of the parcel's.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from sealwax.service import CLOCK_SLACK_SECONDS, Database, LeakyCounter
from smime_core import AES_256_GCM, Encrypting, SmimeError, encrypt_bytes, parse_certificate
from smime_core.cms import PARCEL_CHALLENGE
from smime_core.providers.native import NativeProvider
from webbridge.database.tables import TABLES
from webbridge.delivery.limits import CHALLENGE_SECONDS
from webbridge.delivery.members import bad_request
from webbridge.delivery.openings import Proof
from webbridge.delivery.pepper import Challenge, Pepper

NONCE_BYTES: Final = 32
MAX_PER_CLIENT: Final = 60
_WINDOW_SECONDS: Final = 60
_REFUSAL: Final = "There were too many requests from your network. Wait a minute."


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeChallenge:
    """A challenge for a client: the encrypted nonce, and a token that the client sends back with the nonce."""

    cms: bytes
    token: str = field(repr=False)


class Challenges:
    """The challenges of one bridge."""

    def __init__(self, database: Database, pepper: Pepper, *, clock: Callable[[], datetime]) -> None:
        self._pepper = pepper
        self._clock = clock
        self._provider = NativeProvider()
        # Each challenge costs an operation with a public key that the client chooses.
        self._asked = LeakyCounter(
            database, clock, tables=TABLES, kind="parcel-challenge", seconds=_WINDOW_SECONDS, refusal=_REFUSAL
        )

    def make(self, parcel_id: str, certificate_der: bytes, *, client: str) -> MadeChallenge:
        """Return a challenge for the owner of a certificate. Raises ServiceError if it cannot encrypt."""
        self._asked.start({self._pepper.client_name(client): MAX_PER_CLIENT})
        nonce = secrets.token_bytes(NONCE_BYTES)
        try:
            certificate = parse_certificate(certificate_der)
            encrypting = Encrypting(recipients=[certificate], cipher=AES_256_GCM)
            making = encrypt_bytes(nonce, encrypting, self._provider, content_type=PARCEL_CHALLENGE)
            cms = asyncio.run(making)
        except SmimeError:
            raise bad_request("The certificate cannot be used for encryption.") from None
        ends_at = int(self._clock().timestamp()) + CHALLENGE_SECONDS
        challenge = Challenge(ends_at=ends_at, fingerprint=sha256(certificate_der).digest())
        return MadeChallenge(cms=cms, token=self._pepper.seal_challenge(parcel_id, challenge, nonce))

    def proof_of(self, parcel_id: str, nonce: bytes, token: str) -> Proof:
        """Return the proof for a decrypted nonce. If the nonce is wrong or too old, the proof counts as wrong."""
        challenge = self._pepper.open_challenge(token, parcel_id, nonce)
        at = self._clock().timestamp()
        is_timely = challenge is not None and at < challenge.ends_at <= at + CHALLENGE_SECONDS + CLOCK_SLACK_SECONDS
        return Proof(fingerprint=challenge.fingerprint if challenge is not None and is_timely else None)
