"""The messages about second factors, as frozen dataclasses and as JSON: one-time codes and security keys.

If an account has a second factor, the answer to a login is a FactorDemand instead of the record. Every `from_json`
raises MalformedMessage, or LimitExceeded if a value is too long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from roaming_keys.protocol.messages.accounts import (
    MAX_ANSWER_BYTES,
    MAX_RECORD_BYTES,
    NONCE_BYTES,
    PROTOCOL,
    parse_request,
)
from roaming_keys.protocol.messages.written import read_name, to_base64, write
from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject

TOTP_SECRET_BYTES: Final = 20  # RFC 4226 section 4 recommends 160 bits.
CODE_DIGITS: Final = 6
CHALLENGE_BYTES: Final = 32
MAX_FACTORS: Final = 10
MAX_NAME_CHARACTERS: Final = 100
MAX_CREDENTIAL_ID_BYTES: Final = 1_023  # WebAuthn Level 3 section 4.
_MAX_PART_BYTES: Final = 2_048  # Each part of an assertion is smaller.


class FactorKind(StrEnum):
    """The kinds of second factors."""

    TOTP = "totp"
    WEBAUTHN = "webauthn"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorDemand:
    """The answer to a login whose session waits for a second factor until `ends`, in seconds since 1970.

    A security key has to sign the `challenge` with one of the `credentials`.
    """

    ends: int
    kinds: tuple[FactorKind, ...]
    challenge: bytes
    credentials: tuple[bytes, ...] = ()

    def to_json(self) -> bytes:
        return write(
            {
                "ends": self.ends,
                "factors": list(self.kinds),
                "challenge": to_base64(self.challenge),
                "credentials": [to_base64(credential) for credential in self.credentials],
            }
        )

    @classmethod
    def find(cls, answer: bytes) -> FactorDemand | None:
        """Return the demand in the answer to a login, or None if the answer has the record."""
        reader = JsonObject(answer, "login", max_bytes=MAX_ANSWER_BYTES)
        if "factors" not in reader:
            return None
        return reader.whole(
            cls(
                ends=reader.seconds("ends"),
                # Ignores kinds that only later versions know.
                kinds=tuple(
                    FactorKind(text) for text in reader.short_texts("factors", MAX_FACTORS) if text in set(FactorKind)
                ),
                challenge=reader.exactly("challenge", CHALLENGE_BYTES),
                credentials=reader.data_list("credentials", MAX_FACTORS, MAX_CREDENTIAL_ID_BYTES),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeProof:
    """A one-time code of RFC 6238."""

    code: str = field(repr=False)

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "kind": FactorKind.TOTP, "code": self.code})


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionProof:
    """An assertion of WebAuthn by a security key."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes

    def to_json(self) -> bytes:
        return write(
            {
                "protocol": PROTOCOL,
                "kind": FactorKind.WEBAUTHN,
                "credential_id": to_base64(self.credential_id),
                "client_data": to_base64(self.client_data),
                "authenticator_data": to_base64(self.authenticator_data),
                "signature": to_base64(self.signature),
            }
        )


Proof = CodeProof | AssertionProof
"""The proof of a second factor."""


def read_proof(data: bytes) -> Proof:
    """Return the body of `POST /factor`."""
    reader = parse_request(data, "factor")
    if reader.choice("kind", FactorKind) is FactorKind.TOTP:
        return reader.whole(CodeProof(code=_read_code(reader)))
    return reader.whole(
        AssertionProof(
            credential_id=reader.data("credential_id", MAX_CREDENTIAL_ID_BYTES),
            client_data=reader.data("client_data", _MAX_PART_BYTES),
            authenticator_data=reader.data("authenticator_data", _MAX_PART_BYTES),
            signature=reader.data("signature", _MAX_PART_BYTES),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCodes:
    """An authenticator app to add: the secret that the app and the server share, and the app's first code."""

    name: str
    secret: bytes = field(repr=False)
    code: str = field(repr=False)

    def to_json(self) -> bytes:
        members = {"protocol": PROTOCOL, "kind": FactorKind.TOTP, "name": self.name}
        return write({**members, "secret": to_base64(self.secret), "code": self.code})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecurityKey:
    """A security key to add: the registration that the browser made for the `challenge` of `GET /factors`."""

    name: str
    challenge: bytes
    client_data: bytes
    attestation: bytes

    def to_json(self) -> bytes:
        return write(
            {
                "protocol": PROTOCOL,
                "kind": FactorKind.WEBAUTHN,
                "name": self.name,
                "challenge": to_base64(self.challenge),
                "client_data": to_base64(self.client_data),
                "attestation": to_base64(self.attestation),
            }
        )


def read_new_factor(data: bytes) -> NewCodes | NewSecurityKey:
    """Return the body of `POST /factors`."""
    reader = parse_request(data, "factor")
    kind, name = reader.choice("kind", FactorKind), read_name(reader, "name", MAX_NAME_CHARACTERS)
    if kind is FactorKind.TOTP:
        secret = reader.exactly("secret", TOTP_SECRET_BYTES)
        return reader.whole(NewCodes(name=name, secret=secret, code=_read_code(reader)))
    return reader.whole(
        NewSecurityKey(
            name=name,
            challenge=reader.exactly("challenge", NONCE_BYTES),
            client_data=reader.data("client_data", _MAX_PART_BYTES),
            attestation=reader.data("attestation", _MAX_PART_BYTES),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFactor:
    """A factor of the account. The times are in seconds since 1970; `latest` is the time of its last use."""

    id: str
    kind: str
    name: str
    created: int
    latest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """The answer to `GET /factors`. `challenge` is needed to add a security key."""

    factors: tuple[KnownFactor, ...]
    challenge: bytes

    def to_json(self) -> bytes:
        members = [
            {
                "id": factor.id,
                "kind": factor.kind,
                "name": factor.name,
                "created": factor.created,
                "latest": factor.latest,
            }
            for factor in self.factors
        ]
        return write({"factors": members, "challenge": to_base64(self.challenge)})

    @classmethod
    def from_json(cls, data: bytes) -> Factors:
        reader = JsonObject(data, "factors", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(
            cls(
                factors=tuple(_read_known(factor) for factor in reader.objects("factors", MAX_FACTORS)),
                challenge=reader.exactly("challenge", NONCE_BYTES),
            )
        )


def _read_code(reader: JsonObject) -> str:
    code = reader.short_text("code")
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        # The text of this error does not quote the code.
        raise MalformedMessage(f"expected {CODE_DIGITS} digits", where="code")
    return code


def _read_known(reader: JsonObject) -> KnownFactor:
    known: dict[str, Any] = {name: reader.short_text(name) for name in ("id", "kind", "name")}
    return reader.whole(KnownFactor(**known, created=reader.seconds("created"), latest=reader.seconds("latest")))
