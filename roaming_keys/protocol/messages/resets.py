"""The messages of a reset by mail login, and their JSON (docs/roaming_protocol.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

from roaming_keys.protocol.messages.accounts import MAX_VERSION, PROTOCOL, parse_request
from roaming_keys.protocol.messages.written import write
from smime_core.text import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequest:
    """The body of `POST /reset`."""

    user: str
    ticket: str = field(repr=False)

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "user": self.user, "ticket": self.ticket})

    @classmethod
    def from_json(cls, data: bytes) -> ResetRequest:
        reader = parse_request(data, "reset")
        return reader.whole(cls(user=reader.short_text("user"), ticket=reader.short_text("ticket")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAnswer:
    """The answer to `POST /reset`: a reset may be finished between `ready` and `ends`, in seconds since 1970.

    Its record gets the version after `version`.
    """

    started: int
    ready: int
    ends: int
    version: int

    def to_json(self) -> bytes:
        return write({"started": self.started, "ready": self.ready, "ends": self.ends, "version": self.version})

    @classmethod
    def from_json(cls, data: bytes) -> ResetAnswer:
        reader = JsonObject(data, "reset")
        return reader.whole(
            cls(
                started=reader.seconds("started"),
                ready=reader.seconds("ready"),
                ends=reader.seconds("ends"),
                version=reader.number("version", 1, MAX_VERSION - 1),
            )
        )
