"""The messages of protocol 2 between a client and the key server, as frozen dataclasses and as JSON.

Argon2id's cost (RFC 9106) has a lower and an upper limit. So a hostile server can neither weaken the stretching of a
passphrase nor exhaust the device that computes it. Every `from_json` raises MalformedMessage, or LimitExceeded if a
value is too long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from roaming_keys.protocol.messages.written import check_range, read_name, to_base64, write
from smime_core.errors import MalformedMessage
from smime_core.text import MAX_SMALL_BYTES, JsonObject

PROTOCOL: Final = 2
# The number in the labels of derived keys and wraps. It stays when the protocol changes, because browsers store bundles
# for passkeys, which must still open.
KEY_FORM: Final = 1

MIN_MEMORY_KIB: Final = 65_536  # The second recommendation of RFC 9106 section 4.
MAX_MEMORY_KIB: Final = 262_144  # The browser of a phone gives a page no more memory.
MIN_PASSES: Final = 3
MAX_PASSES: Final = 16  # 16 passes over MAX_MEMORY_KIB take about 3 s on a phone.
MAX_LANES: Final = 8
MIN_SALT_BYTES: Final = 16
MAX_SALT_BYTES: Final = 64
PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
NONCE_BYTES: Final = 40
TOKEN_BYTES: Final = 32
# The sizes of bundle and state are multiples of this, so that they reveal little about the content.
STEP_BYTES: Final = 16_384
MAX_BUNDLE_BYTES: Final = 1_048_576  # A PKCS#12 file with a chain has about 5,000 bytes.
MAX_STATE_BYTES: Final = 1_048_576
MAX_RECORD_BYTES: Final = 3_145_728  # The JSON text of a message with bundle and state.
MAX_WRAPS: Final = 20
MAX_WRAPPED_BYTES: Final = 8_192  # Enough for a CMS structure for a recovery certificate.
MAX_DEVICES: Final = 50
MAX_DEVICE_NAME_CHARACTERS: Final = 100
MAX_VERSION: Final = 2**53 - 1  # The largest integer that all JSON parsers read exactly.
MAX_ANSWER_BYTES: Final = MAX_RECORD_BYTES + MAX_SMALL_BYTES


def parse_request(data: bytes, where: str, *, max_bytes: int = MAX_SMALL_BYTES) -> JsonObject:
    """Return the members of a client's message, which names the protocol. Raises MalformedMessage or LimitExceeded."""
    reader = JsonObject(data, where, max_bytes=max_bytes)
    reader.check_protocol(PROTOCOL)
    return reader


class WrapKind(StrEnum):
    """The kinds of wraps that this client makes. It ignores wraps of other kinds."""

    PASSPHRASE = "passphrase"  # noqa: S105  # the name of a kind
    PASSKEY = "passkey"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters for stretching one account's passphrase. Raises MalformedMessage if a value is out of bounds."""

    salt: bytes
    memory_kib: int = MIN_MEMORY_KIB
    passes: int = MIN_PASSES
    lanes: int = 4

    def __post_init__(self) -> None:
        check_range(len(self.salt), MIN_SALT_BYTES, MAX_SALT_BYTES, where="salt")
        check_range(self.memory_kib, MIN_MEMORY_KIB, MAX_MEMORY_KIB, where="memory_kib")
        check_range(self.passes, MIN_PASSES, MAX_PASSES, where="passes")
        check_range(self.lanes, 1, MAX_LANES, where="lanes")

    def at_the_cost_of(self, other: Parameters) -> Parameters:
        """Return these parameters, raised to at least the memory and the passes of `other`."""
        return replace(self, memory_kib=max(self.memory_kib, other.memory_kib), passes=max(self.passes, other.passes))

    def members(self) -> dict[str, Any]:
        """The JSON members that `/parameters`, `/register` and `/passphrase` share."""
        return {
            "salt": to_base64(self.salt),
            "memory_kib": self.memory_kib,
            "passes": self.passes,
            "lanes": self.lanes,
        }

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> Parameters:
        return cls.read_from(JsonObject(members, "parameters"))

    @classmethod
    def read_from(cls, reader: JsonObject) -> Parameters:
        return cls(
            salt=reader.data("salt", MAX_SALT_BYTES),
            memory_kib=reader.number("memory_kib", MIN_MEMORY_KIB, MAX_MEMORY_KIB),
            passes=reader.number("passes", MIN_PASSES, MAX_PASSES),
            lanes=reader.number("lanes", 1, MAX_LANES),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersRequest:
    """The body of `POST /parameters`. The user is not in the URL, because servers and proxies write URLs into logs."""

    user: str

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "user": self.user})

    @classmethod
    def from_json(cls, data: bytes) -> ParametersRequest:
        reader = parse_request(data, "parameters")
        return reader.whole(cls(user=reader.short_text("user")))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTerms:
    """The answer to `POST /parameters`: how to stretch the passphrase, and the nonce that the login has to sign."""

    parameters: Parameters
    nonce: bytes

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "nonce": to_base64(self.nonce), **self.parameters.members()})

    @classmethod
    def from_json(cls, data: bytes) -> LoginTerms:
        reader = parse_request(data, "parameters")
        return reader.whole(cls(nonce=reader.exactly("nonce", NONCE_BYTES), parameters=Parameters.read_from(reader)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """The key of a record or bundle, encrypted under another key. `kind` says which kind of key this is.

    `nonce` is the nonce of AES-GCM, or an ephemeral public key for `WrapKind.RECOVERY`.
    """

    kind: str
    nonce: bytes
    wrapped: bytes

    def members(self) -> dict[str, Any]:
        return {"kind": self.kind, "nonce": to_base64(self.nonce), "wrapped": to_base64(self.wrapped)}

    @classmethod
    def read_from(cls, reader: JsonObject) -> Wrap:
        return reader.whole(
            cls(
                kind=reader.short_text("kind"),
                nonce=reader.data("nonce", MAX_WRAPPED_BYTES),
                wrapped=reader.data("wrapped", MAX_WRAPPED_BYTES),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One version of all that a user stores: PKCS#12 and state, both padded and encrypted, and the wraps of their key.

    `bundle_id` names the key. `version` counts all records of the account, also across changes of the key.
    """

    bundle_id: str
    version: int
    bundle: bytes = field(repr=False)
    state: bytes = field(repr=False)
    wraps: tuple[Wrap, ...]

    def __post_init__(self) -> None:
        for name, data in (("bundle", self.bundle), ("state", self.state)):
            if not data or len(data) % STEP_BYTES:
                raise MalformedMessage(f"{len(data)} bytes, expected a multiple of {STEP_BYTES}", where=name)

    @property
    def tag(self) -> str:
        """The record's name in `ETag`, `If-Match` and `If-None-Match` (RFC 9110 section 8.8.3)."""
        return f'"{self.bundle_id}.{self.version}"'

    def to_json(self) -> bytes:
        return write(self.members())

    def members(self) -> dict[str, Any]:
        return {
            "bundle_id": self.bundle_id,
            "version": self.version,
            "bundle": to_base64(self.bundle),
            "state": to_base64(self.state),
            "wraps": [wrap.members() for wrap in self.wraps],
        }

    @classmethod
    def from_json(cls, data: bytes) -> KeyRecord:
        return cls.read_from(JsonObject(data, "record", max_bytes=MAX_RECORD_BYTES))

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> KeyRecord:
        return cls.read_from(JsonObject(members, "record"))

    @classmethod
    def read_from(cls, reader: JsonObject) -> KeyRecord:
        return reader.whole(
            cls(
                bundle_id=reader.id("bundle_id"),
                version=reader.number("version", 1, MAX_VERSION),
                bundle=reader.data("bundle", MAX_BUNDLE_BYTES),
                state=reader.data("state", MAX_STATE_BYTES),
                wraps=tuple(Wrap.read_from(wrap) for wrap in reader.objects("wraps", MAX_WRAPS)),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginKeys:
    """The public keys (Ed25519, RFC 8032) that log in to an account, and the parameters for `login_key`.

    `recovery_key` is None without a recovery code.
    """

    parameters: Parameters
    login_key: bytes
    recovery_key: bytes | None = None

    def members(self) -> dict[str, Any]:
        """The JSON members that `/register` and `/passphrase` share."""
        return {
            **self.parameters.members(),
            "login_key": to_base64(self.login_key),
            "recovery_key": to_base64(self.recovery_key or b""),
        }

    @classmethod
    def read_from(cls, reader: JsonObject) -> LoginKeys:
        return cls(
            parameters=Parameters.read_from(reader),
            login_key=reader.exactly("login_key", PUBLIC_KEY_BYTES),
            recovery_key=reader.nothing_or("recovery_key", PUBLIC_KEY_BYTES),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The body of `POST /register`. `ticket` proves to the key server that the user owns the address."""

    user: str
    ticket: str = field(repr=False)
    keys: LoginKeys
    record: KeyRecord

    def to_json(self) -> bytes:
        members = {"protocol": PROTOCOL, "user": self.user, "ticket": self.ticket, **self.keys.members()}
        return write({**members, "record": self.record.members()})

    @classmethod
    def from_json(cls, data: bytes) -> Registration:
        reader = parse_request(data, "registration", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(
            cls(
                user=reader.short_text("user"),
                ticket=reader.short_text("ticket"),
                keys=LoginKeys.read_from(reader),
                record=KeyRecord.read_from(reader.nested("record")),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The device of a login. The server recognises the device by its secret `token`, which opens nothing."""

    token: bytes = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The body of `POST /login` and `POST /recover`.

    `at` is the client's time in seconds since 1970, `session_key` the Ed25519 public key that signs the calls of this
    login. The signature covers the server's origin too, so no other server can forward the login.
    """

    user: str
    nonce: bytes
    at: int
    session_key: bytes
    device: Device
    signature: bytes

    def to_json(self) -> bytes:
        return write(
            {
                "protocol": PROTOCOL,
                "user": self.user,
                "nonce": to_base64(self.nonce),
                "at": self.at,
                "session_key": to_base64(self.session_key),
                "device_token": to_base64(self.device.token),
                "device_name": self.device.name,
                "signature": to_base64(self.signature),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Login:
        reader = parse_request(data, "login")
        return reader.whole(
            cls(
                user=reader.short_text("user"),
                nonce=reader.exactly("nonce", NONCE_BYTES),
                at=reader.seconds("at"),
                session_key=reader.exactly("session_key", PUBLIC_KEY_BYTES),
                device=Device(
                    token=reader.exactly("device_token", TOKEN_BYTES),
                    name=read_name(reader, "device_name", MAX_DEVICE_NAME_CHARACTERS),
                ),
                signature=reader.exactly("signature", SIGNATURE_BYTES),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAnswer:
    """The answer to a login: the record, and the end of the session in seconds since 1970.

    While a reset of the account goes on, `reset_ready` is the time from which the reset may be finished. Otherwise it
    is None.
    """

    ends: int
    record: KeyRecord
    reset_ready: int | None = None

    @classmethod
    def from_json(cls, data: bytes) -> LoginAnswer:
        reader = JsonObject(data, "login", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(
            cls(
                ends=reader.seconds("ends"),
                record=KeyRecord.read_from(reader.nested("record")),
                reset_ready=reader.seconds("reset_ready") if "reset_ready" in reader else None,
            )
        )


def write_login_answer(ends: int, record: bytes, *, reset_ready: int | None) -> bytes:
    """Return the JSON of a LoginAnswer. `record` is JSON already, and is copied unchanged."""
    others = {"ends": ends} | ({} if reset_ready is None else {"reset_ready": reset_ready})
    return write(others)[:-1] + b',"record":' + record + b"}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """The body of `PUT /bundle`: the next record, under the same key."""

    record: KeyRecord

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "record": self.record.members()})

    @classmethod
    def from_json(cls, data: bytes) -> Push:
        reader = parse_request(data, "push", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(cls(record=KeyRecord.read_from(reader.nested("record"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The body of `POST /passphrase`: new login keys, and the next record under a new key.

    `revoked` are the ids of devices that the server forgets.
    """

    keys: LoginKeys
    record: KeyRecord
    revoked: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        members = {"protocol": PROTOCOL, **self.keys.members(), "revoked": list(self.revoked)}
        return write({**members, "record": self.record.members()})

    @classmethod
    def from_json(cls, data: bytes) -> Rotation:
        reader = parse_request(data, "rotation", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(
            cls(
                keys=LoginKeys.read_from(reader),
                record=KeyRecord.read_from(reader.nested("record")),
                revoked=reader.ids("revoked", MAX_DEVICES),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device of the account. The times are in seconds since 1970."""

    id: str
    name: str
    created: int
    latest: int
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """The answer to `GET /devices`."""

    devices: tuple[KnownDevice, ...]

    def to_json(self) -> bytes:
        return write(
            {
                "devices": [
                    {
                        "id": device.id,
                        "name": device.name,
                        "created": device.created,
                        "latest": device.latest,
                        "is_this": device.is_this,
                    }
                    for device in self.devices
                ]
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Devices:
        reader = JsonObject(data, "devices", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(
            cls(devices=tuple(_read_known_device(device) for device in reader.objects("devices", MAX_DEVICES)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClaims:
    """The claims of an enrolment ticket. `issued` and `ends` are seconds since 1970.

    `discovery_key` is the key that signs the list of the domain's servers; it is missing if the bridge does not know
    it.
    """

    audience: str
    user: str
    purpose: str
    issued: int
    ends: int
    id: str
    discovery_key: str | None = None

    def to_json(self) -> bytes:
        return write(
            {
                "aud": self.audience,
                "user": self.user,
                "purpose": self.purpose,
                "iat": self.issued,
                "exp": self.ends,
                "jti": self.id,
                **({} if self.discovery_key is None else {"discovery_key": self.discovery_key}),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> TicketClaims:
        reader = JsonObject(data, "ticket")
        return reader.whole(
            cls(
                audience=reader.short_text("aud"),
                user=reader.short_text("user"),
                purpose=reader.short_text("purpose"),
                issued=reader.seconds("iat"),
                ends=reader.seconds("exp"),
                id=reader.short_text("jti"),
                discovery_key=reader.short_text("discovery_key") if "discovery_key" in reader else None,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyBundle:
    """A PKCS#12 file whose key only a passkey unwraps. Browsers store it as JSON."""

    bundle_id: str
    bundle: bytes = field(repr=False)
    wrap: Wrap

    def to_json(self) -> bytes:
        return write(
            {
                "bundle_id": self.bundle_id,
                "version": 1,
                "bundle": to_base64(self.bundle),
                "wraps": [self.wrap.members()],
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> PasskeyBundle:
        reader = JsonObject(data, "bundle", max_bytes=MAX_RECORD_BYTES)
        reader.number("version", 1, 1)
        wraps = reader.objects("wraps", 1)
        check_range(len(wraps), 1, 1, where="wraps")
        return reader.whole(
            cls(
                bundle_id=reader.short_text("bundle_id"),
                bundle=reader.data("bundle", MAX_BUNDLE_BYTES),
                wrap=Wrap.read_from(wraps[0]),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The body of an error. With the code CHANGED, `record` is the record that the server has."""

    code: str
    message: str
    record: KeyRecord | None = None

    @classmethod
    def from_json(cls, data: bytes) -> Refusal:
        reader = JsonObject(data, "error", max_bytes=MAX_ANSWER_BYTES)
        code, message = reader.short_text("code"), reader.short_text("message")
        record = KeyRecord.read_from(reader.nested("record")) if code == CHANGED else None
        return cls(code=code, message=message, record=record)


CHANGED: Final = "record-changed"


def _read_known_device(reader: JsonObject) -> KnownDevice:
    return reader.whole(
        KnownDevice(
            id=reader.id("id"),
            name=reader.short_text("name"),
            created=reader.seconds("created"),
            latest=reader.seconds("latest"),
            is_this=reader.boolean("is_this"),
        )
    )
