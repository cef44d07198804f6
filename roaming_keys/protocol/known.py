"""The facts that a device stores about an account. They expose a server that gives it an earlier record."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from roaming_keys.protocol.messages.accounts import (
    MAX_MEMORY_KIB,
    MAX_PASSES,
    MAX_VERSION,
    MIN_MEMORY_KIB,
    MIN_PASSES,
    KeyRecord,
    Parameters,
)
from roaming_keys.protocol.messages.written import to_base64, write
from roaming_keys.protocol.records.record import OpenRecord, digest_of
from roaming_keys.protocol.records.state import DIGEST_BYTES, KEPT_DIGESTS
from smime_core.errors import SmimeError
from smime_core.text import JsonObject

UNDONE: Final = "undone"


class ServerLies(SmimeError):
    """The server's answer contradicts what this device has seen. `code` names the contradiction."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # here the code differs by error


class AccountReset(ServerLies):
    """The record is not of the account that this device knows, but of the account after or before a reset.

    The operator of the mail server can reset an account, so a client goes on only after the person has agreed. `reset`
    is the day of the reset as 2026-01-31, or UNDONE if the record is of the account from before the reset.
    """

    def __init__(self, reset: str) -> None:
        if reset == UNDONE:
            text = "a reset of this account by mail login was undone: its keys are those from before the reset"
        else:
            text = f"this account was reset on {reset} by mail login: its keys are others than this device knows"
        # The code names the reset too, because some clients get only the code and the text of an error.
        super().__init__(f"account-reset-{reset}", text)
        self.reset = reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The latest record of an account that this device has seen, and the cost of its parameters.

    If a reset has made the account, `reset` is its time in seconds since 1970.
    """

    version: int
    digest: bytes
    memory_kib: int
    passes: int
    reset: int | None = None

    @classmethod
    def of(cls, record: KeyRecord, user: str, parameters: Parameters, *, reset: int | None = None) -> Known:
        return cls(
            version=record.version,
            digest=digest_of(record, user),
            memory_kib=parameters.memory_kib,
            passes=parameters.passes,
            reset=reset,
        )

    def check_parameters(self, parameters: Parameters) -> None:
        """Check that the parameters cost a guesser at least as much as the known ones. Raises ServerLies."""
        if parameters.memory_kib < self.memory_kib or parameters.passes < self.passes:
            raise ServerLies("parameters-weakened", "the key server asks for a weaker protection of the passphrase")

    def check_record(self, opened: OpenRecord, user: str, *, agreed: str = "") -> None:
        """Check that the record is the known record, or one that follows it. Raises ServerLies or AccountReset.

        A record that is more than KEPT_DIGESTS versions later is accepted, because its history does not reach back to
        the known record. A device may have been off for long. A record after another reset is accepted if `agreed` is
        the `reset` of the AccountReset that it would raise.
        """
        record = opened.record
        if opened.state.reset != self.reset:
            reset = UNDONE if opened.state.reset is None else day_of(opened.state.reset)
            if reset != agreed:
                raise AccountReset(reset)
            return
        if record.version < self.version:
            raise ServerLies(
                "record-rolled-back",
                f"the key server gives version {record.version}, but this device has seen version {self.version}",
            )
        seen = digest_of(record, user) if record.version == self.version else opened.state.history.get(self.version)
        if seen is None and record.version - self.version > KEPT_DIGESTS:
            return
        if seen != self.digest:
            raise _forked()

    def followed_by(self, seen: Known) -> Known:
        """Return the later of these facts and `seen`. Raises ServerLies if they contradict each other."""
        if seen.version < self.version:
            return self
        if seen.version == self.version and seen.digest != self.digest:
            raise _forked()
        return seen

    def to_json(self) -> bytes:
        return write(
            {
                "version": self.version,
                "digest": to_base64(self.digest),
                "memory_kib": self.memory_kib,
                "passes": self.passes,
                **({} if self.reset is None else {"reset": self.reset}),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Known:
        """Parse the JSON. Raises MalformedMessage."""
        reader = JsonObject(data, "known record")
        return reader.whole(
            cls(
                version=reader.number("version", 1, MAX_VERSION),
                digest=reader.exactly("digest", DIGEST_BYTES),
                memory_kib=reader.number("memory_kib", MIN_MEMORY_KIB, MAX_MEMORY_KIB),
                passes=reader.number("passes", MIN_PASSES, MAX_PASSES),
                reset=reader.seconds("reset") if "reset" in reader else None,
            )
        )


def day_of(seconds: int) -> str:
    """Return the day of a time in seconds since 1970, as 2026-01-31."""
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d}"


def _forked() -> ServerLies:
    return ServerLies("record-forked", "the key server gives different devices different keys")
