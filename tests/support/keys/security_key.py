"""A security key and its browser, which make registrations and assertions of WebAuthn Level 3 (sections 6 and 7)."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from roaming_keys.protocol.messages.factors import AssertionProof, NewSecurityKey
from tests.support.keys.people import PAGES

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftKey:
    """A key of one page. Its count grows at each use."""

    origin: str = PAGES
    host: str = "mail.example.test"
    flags: int = PRESENT
    is_framed: bool = False
    count: int = 0
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    private_key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    def register(self, challenge: bytes, name: str = "a blue key") -> NewSecurityKey:
        public = self.private_key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(cose)
        data = self._authenticator_data(self.flags | ATTESTED) + attested
        return NewSecurityKey(
            name=name,
            challenge=challenge,
            client_data=self._client_data("webauthn.create", challenge),
            attestation=cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}),
        )

    def sign(self, challenge: bytes) -> AssertionProof:
        self.count += 1
        client_data = self._client_data("webauthn.get", challenge)
        data = self._authenticator_data(self.flags)
        signature = self.private_key.sign(data + hashlib.sha256(client_data).digest(), ECDSA(SHA256()))
        return AssertionProof(
            credential_id=self.credential_id, client_data=client_data, authenticator_data=data, signature=signature
        )

    def _client_data(self, kind: str, challenge: bytes) -> bytes:
        members = {
            "type": kind,
            "challenge": bytes_to_base64url(challenge),
            "origin": self.origin,
            "crossOrigin": self.is_framed,
        }
        return json.dumps(members).encode()

    def _authenticator_data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
