"""The state of the discovery service: the published document, the latest moves of servers, and the successions of keys.

It is one JSON file, which is replaced as a whole under a lock. It has no secrets. The number of a document is at least
the time of its issue in seconds. So clients accept newer documents even after the file was lost.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealwax.files.locks import lock_beside
from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.limits import MAX_LISTED_SERVERS
from smime_core.own_content import Succession, parse_succession
from smime_core.text import JsonObject, base64_text

_FORMAT: Final = "sealwax-discovery-state-1"
_WHERE: Final = "state of the discovery service"
_MEMBERS: Final = ("format", "signed", "moves", "successions")
_MOVE_MEMBERS: Final = ("key", "counter", "from", "to")
_MAX_BYTES: Final = 1_048_576
_MAX_SUCCESSIONS: Final = 1_000  # A document contains only the newest successions.
_PUBLIC_MODE: Final = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedMove:
    """The latest move of the server with `key`. It counts while the configuration still names `old_address`."""

    key: str
    counter: int
    old_address: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The contents of the file. `signed` is empty before the first document."""

    signed: bytes = b""
    moves: tuple[AcceptedMove, ...] = ()
    successions: tuple[Succession, ...] = ()


class StateDamaged(SmimeError):
    """The file is not one of this service."""

    code = "discovery-state-damaged"


class StateFile:
    """The file at a path. A file that is missing counts as an empty state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[tuple[int, int, int], State] | None = None

    def lock(self) -> AbstractContextManager[None]:
        """Keep other processes from writing. Raises OSError."""
        return lock_beside(self._path)

    def read(self) -> State:
        """The state. Raises OSError or StateDamaged."""
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_ino, status.st_size)
            if self._seen is None or self._seen[0] != version:
                self._seen = (version, _parse(read_small(self._path, max_bytes=_MAX_BYTES)))
        except FileNotFoundError:
            return State()
        except MalformedMessage as error:
            raise StateDamaged(f"{self._path}: {error}") from error
        return self._seen[1]

    def write(self, state: State) -> None:
        """Replace the state. The caller holds the lock. Raises OSError."""
        write_whole(self._path, _build(state), mode=_PUBLIC_MODE)


def _build(state: State) -> bytes:
    moves = [
        {"key": move.key, "counter": move.counter, "from": move.old_address, "to": move.address} for move in state.moves
    ]
    successions = [
        {"old": succession.old, "new": succession.new, "signature": base64_text(succession.signature)}
        for succession in state.successions
    ]
    signed = base64_text(state.signed)
    return json.dumps({"format": _FORMAT, "signed": signed, "moves": moves, "successions": successions}).encode()


def _parse(data: bytes) -> State:
    members = JsonObject.of_version(data, _MEMBERS, _FORMAT, _WHERE, max_bytes=_MAX_BYTES)
    return State(
        signed=members.data("signed", _MAX_BYTES),
        moves=tuple(map(_parse_move, members.values("moves", limit=MAX_LISTED_SERVERS))),
        successions=tuple(map(parse_succession, members.values("successions", limit=_MAX_SUCCESSIONS))),
    )


def _parse_move(value: object) -> AcceptedMove:
    members = JsonObject.of(value, _MOVE_MEMBERS, _WHERE)
    return AcceptedMove(
        key=members.text("key"),
        counter=members.number("counter"),
        old_address=members.text("from"),
        address=members.text("to"),
    )
