"""The records of protocol 2 between a client and the key server, as frozen values and as JSON.

Both sides parse with the same strictness: every field is present, none is unknown, none is repeated, and each has its
type and its bounds. Bytes are standard base64. Argon2id's cost (RFC 9106) has a lower and an upper limit, so that a
hostile server can neither weaken the stretching of a passphrase nor exhaust the device that computes it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from smime_core.errors import MalformedMessage
from smime_core.limits import check_limit
from smime_core.trust import parse_json

PROTOCOL: Final = 2
# The number in the labels of derived keys and wraps. Browsers keep bundles of passkeys, so it stays when the protocol
# changes.
KEY_FORM: Final = 1

MIN_MEMORY_KIB: Final = 65_536  # The second recommendation of RFC 9106 section 4.
MAX_MEMORY_KIB: Final = 262_144  # A phone's browser gives a page no more memory.
MIN_PASSES: Final = 3
MAX_PASSES: Final = 16  # 16 passes over MAX_MEMORY_KIB take about 3 s on a phone.
MAX_LANES: Final = 8
MIN_SALT_BYTES: Final = 16
MAX_SALT_BYTES: Final = 64
LOGIN_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
NONCE_BYTES: Final = 40
MAX_RECORD_BYTES: Final = 2_097_152  # The JSON text of one record.
MAX_BUNDLE_BYTES: Final = 1_048_576  # A PKCS#12 file with a chain has about 5,000 bytes.
MAX_WRAPS: Final = 20
MAX_WRAPPED_BYTES: Final = 8_192  # The largest wrap would be a CMS structure for a recovery certificate.
MAX_VERSION: Final = 2**53 - 1  # The largest number that every JSON reader keeps exactly.
MAX_SECONDS: Final = 253_402_300_799  # The end of the year 9999, the last that a datetime can have.
MAX_TEXT_CHARACTERS: Final = 2_048

# JSON can write an unpaired surrogate, which UTF-8 cannot encode (RFC 8259 section 8.2).
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


class WrapKind(StrEnum):
    """The kinds of wrap that this client makes. Others (recovery code, organisation) are skipped."""

    PASSPHRASE = "passphrase"  # noqa: S105  # the name of a kind
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters for stretching one account's passphrase. Raises MalformedMessage if a value is out of bounds."""

    salt: bytes
    memory_kib: int = MIN_MEMORY_KIB
    passes: int = MIN_PASSES
    lanes: int = 4

    def __post_init__(self) -> None:
        _check_range(len(self.salt), MIN_SALT_BYTES, MAX_SALT_BYTES, where="salt")
        _check_range(self.memory_kib, MIN_MEMORY_KIB, MAX_MEMORY_KIB, where="memory_kib")
        _check_range(self.passes, MIN_PASSES, MAX_PASSES, where="passes")
        _check_range(self.lanes, 1, MAX_LANES, where="lanes")

    def members(self) -> dict[str, Any]:
        """The JSON members that `/parameters` and `/register` share."""
        return {
            "salt": _to_base64(self.salt),
            "memory_kib": self.memory_kib,
            "passes": self.passes,
            "lanes": self.lanes,
        }

    @classmethod
    def from_reader(cls, record: _Reader) -> Parameters:
        return cls(
            salt=record.data("salt", MAX_SALT_BYTES),
            memory_kib=record.integer("memory_kib"),
            passes=record.integer("passes"),
            lanes=record.integer("lanes"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTerms:
    """The answer to `POST /parameters`: how to stretch the passphrase, and the nonce that one login signs."""

    parameters: Parameters
    nonce: bytes

    def to_json(self) -> bytes:
        return _write({"protocol": PROTOCOL, "nonce": _to_base64(self.nonce), **self.parameters.members()})

    @classmethod
    def from_json(cls, data: bytes) -> LoginTerms:
        """Parse the answer. Raises MalformedMessage."""
        record = _Reader(data, "parameters")
        record.check_protocol()
        terms = cls(nonce=_exactly(record, "nonce", NONCE_BYTES), parameters=Parameters.from_reader(record))
        record.check_finished()
        return terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """The bundle key, encrypted under another key that `kind` names. `nonce` is empty for kinds that need none."""

    kind: str
    nonce: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBundle:
    """One version of a user's PKCS#12 and the wraps of its key: the answer to `POST /login`."""

    bundle_id: str
    version: int
    bundle: bytes = field(repr=False)
    wraps: tuple[Wrap, ...]

    def to_json(self) -> bytes:
        return _write(self.members())

    def members(self) -> dict[str, Any]:
        """The JSON members that `/login` and `/register` share."""
        return {
            "bundle_id": self.bundle_id,
            "version": self.version,
            "bundle": _to_base64(self.bundle),
            "wraps": [
                {"kind": wrap.kind, "nonce": _to_base64(wrap.nonce), "wrapped": _to_base64(wrap.wrapped)}
                for wrap in self.wraps
            ],
        }

    @classmethod
    def from_json(cls, data: bytes) -> SealedBundle:
        """Parse the answer to `POST /login`. Raises MalformedMessage or LimitExceeded."""
        record = _Reader(data, "bundle record")
        sealed = cls.from_reader(record)
        record.check_finished()
        return sealed

    @classmethod
    def from_reader(cls, record: _Reader) -> SealedBundle:
        version = record.integer("version")
        _check_range(version, 1, MAX_VERSION, where="version")
        return cls(
            bundle_id=record.text("bundle_id"),
            version=version,
            bundle=record.data("bundle", MAX_BUNDLE_BYTES),
            wraps=tuple(_parse_wrap(wrap) for wrap in record.records("wraps", MAX_WRAPS)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The body of `POST /register`. `ticket` proves to the key server that the user owns the address.

    `login_key` is the Ed25519 public key that later logins are checked by (RFC 8032).
    """

    user: str
    ticket: str = field(repr=False)
    parameters: Parameters
    login_key: bytes
    sealed: SealedBundle

    def to_json(self) -> bytes:
        return _write(
            {
                "protocol": PROTOCOL,
                "user": self.user,
                "ticket": self.ticket,
                "login_key": _to_base64(self.login_key),
                **self.parameters.members(),
                **self.sealed.members(),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Registration:
        """Parse the body of `POST /register`. Raises MalformedMessage or LimitExceeded."""
        record = _Reader(data, "registration")
        record.check_protocol()
        registration = cls(
            user=record.text("user"),
            ticket=record.text("ticket"),
            login_key=_exactly(record, "login_key", LOGIN_KEY_BYTES),
            parameters=Parameters.from_reader(record),
            sealed=SealedBundle.from_reader(record),
        )
        record.check_finished()
        return registration


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersRequest:
    """The body of `POST /parameters`. The user is not in the URL, because servers and proxies write URLs into logs."""

    user: str

    def to_json(self) -> bytes:
        return _write({"protocol": PROTOCOL, "user": self.user})

    @classmethod
    def from_json(cls, data: bytes) -> ParametersRequest:
        """Parse the body of `POST /parameters`. Raises MalformedMessage."""
        record = _Reader(data, "parameters")
        record.check_protocol()
        request = cls(user=record.text("user"))
        record.check_finished()
        return request


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The body of `POST /login`. `at` is the client's time in seconds since 1970.

    The signature by the login key covers the server's origin too, so that no other server can pass it on.
    """

    user: str
    nonce: bytes
    at: int
    signature: bytes

    def to_json(self) -> bytes:
        return _write(
            {
                "protocol": PROTOCOL,
                "user": self.user,
                "nonce": _to_base64(self.nonce),
                "at": self.at,
                "signature": _to_base64(self.signature),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Login:
        """Parse the body of `POST /login`. Raises MalformedMessage."""
        record = _Reader(data, "login")
        record.check_protocol()
        login = cls(
            user=record.text("user"),
            nonce=_exactly(record, "nonce", NONCE_BYTES),
            at=_seconds(record, "at"),
            signature=_exactly(record, "signature", SIGNATURE_BYTES),
        )
        record.check_finished()
        return login


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClaims:
    """The claims of an enrolment ticket. `issued` and `ends` are seconds since 1970."""

    audience: str
    user: str
    purpose: str
    issued: int
    ends: int
    id: str

    def to_json(self) -> bytes:
        return _write(
            {
                "aud": self.audience,
                "user": self.user,
                "purpose": self.purpose,
                "iat": self.issued,
                "exp": self.ends,
                "jti": self.id,
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> TicketClaims:
        """Parse the claims of a ticket. Raises MalformedMessage."""
        record = _Reader(data, "ticket")
        claims = cls(
            audience=record.text("aud"),
            user=record.text("user"),
            purpose=record.text("purpose"),
            issued=_seconds(record, "iat"),
            ends=_seconds(record, "exp"),
            id=record.text("jti"),
        )
        record.check_finished()
        return claims


def parse_error(data: bytes) -> tuple[str, str]:
    """Return code and sentence from an error's body. Raises MalformedMessage."""
    record = _Reader(data, "error")
    return record.text("code"), record.text("message")


class _Reader:
    """A JSON object from which every member is taken exactly once."""

    def __init__(self, source: bytes | Mapping[str, Any], where: str) -> None:
        self._where = where
        self._members = dict(source) if isinstance(source, Mapping) else _parse_object(source, where)

    def text(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARACTERS or _HALF_CHARACTER.search(value):
            raise MalformedMessage("expected a text", where=f"{self._where}: {name}")
        return value

    def integer(self, name: str) -> int:
        value = self._take(name)
        # bool is an int in Python, but not in JSON.
        if not isinstance(value, int) or isinstance(value, bool):
            raise MalformedMessage("expected a whole number", where=f"{self._where}: {name}")
        return value

    def data(self, name: str, maximum: int) -> bytes:
        value = self._take(name)
        where = f"{self._where}: {name}"
        if not isinstance(value, str):
            raise MalformedMessage("expected base64", where)
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            # The cause is left out: its text might quote the value, which may be a key.
            raise MalformedMessage("expected base64", where) from None
        check_limit(f"{where} in bytes", len(data), maximum)
        return data

    def records(self, name: str, maximum: int) -> list[_Reader]:
        values = self._take(name)
        where = f"{self._where}: {name}"
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise MalformedMessage("expected a list of objects", where)
        check_limit(where, len(values), maximum)
        return [_Reader(value, where) for value in values]

    def check_protocol(self) -> None:
        protocol = self.integer("protocol")
        if protocol != PROTOCOL:
            raise MalformedMessage(f"protocol {protocol}, expected {PROTOCOL}", where=self._where)

    def check_finished(self) -> None:
        if self._members:
            raise MalformedMessage(f"{len(self._members)} unknown members", where=self._where)

    def _take(self, name: str) -> Any:
        if name not in self._members:
            raise MalformedMessage("is missing", where=f"{self._where}: {name}")
        return self._members.pop(name)


def _parse_wrap(record: _Reader) -> Wrap:
    wrap = Wrap(
        kind=record.text("kind"),
        nonce=record.data("nonce", MAX_WRAPPED_BYTES),
        wrapped=record.data("wrapped", MAX_WRAPPED_BYTES),
    )
    record.check_finished()
    return wrap


def _exactly(record: _Reader, name: str, length: int) -> bytes:
    data = record.data(name, length)
    _check_range(len(data), length, length, where=name)
    return data


def _seconds(record: _Reader, name: str) -> int:
    seconds = record.integer(name)
    _check_range(seconds, 0, MAX_SECONDS, where=name)
    return seconds


def _parse_object(data: bytes, where: str) -> dict[str, Any]:
    parsed = parse_json(data, where, max_bytes=MAX_RECORD_BYTES)
    if not isinstance(parsed, dict):
        raise MalformedMessage("expected a JSON object", where)
    return parsed


def _check_range(value: int, lowest: int, highest: int, where: str) -> None:
    if not lowest <= value <= highest:
        raise MalformedMessage(f"{value}, expected {lowest} to {highest}", where)


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _write(members: dict[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
