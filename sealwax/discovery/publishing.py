"""The current document of a domain: signed again after half of its lifetime, and after each change.

Several processes share the state file. A process signs only while it has the file's lock, and only if no other process
has signed in the meantime.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.state_file import AcceptedMove, State, StateFile
from smime_core import blocking
from smime_core.errors import SmimeError
from smime_core.own_content import (
    Move,
    Server,
    ServerList,
    check_move,
    key_text,
    parse_server_list,
    parse_signed_discovery,
    sign_discovery,
    sign_succession,
)
from smime_core.provider import CryptoProvider, PrivateKey

_REMEDY: Final = "put that key back, or delete the state file, after which all clients have to enrol again"


class DiscoveryKeyReplaced(SmimeError):
    """The configured key is neither the key that signed the published document nor its successor."""

    code = "discovery-key-replaced"

    def __init__(self, expected: str) -> None:
        super().__init__(f"the newest discovery key is {expected}, and another one is configured: {_REMEDY}")


class MoveNotAllowed(SmimeError):
    """A server wants to move to a host outside of the operator's domains."""

    code = "move-not-allowed"


class Publisher:
    """The documents of one configuration."""

    def __init__(self, config: DiscoveryConfig, provider: CryptoProvider) -> None:
        self._config = config
        self._provider = provider
        self._file = StateFile(config.state_file)

    def published(self) -> bytes:
        """The published document unchanged; empty before the first document. Raises OSError or StateDamaged."""
        return self._file.read().signed

    def current(self) -> bytes:
        """The document to send now, signed again if it is time.

        Raises OSError, StateDamaged or DiscoveryKeyReplaced.
        """
        state = self._file.read()
        if self._is_current(state):
            return state.signed
        with self._file.lock():
            state = self._file.read()
            return state.signed if self._is_current(state) else self._sign(state).signed

    def sign(self) -> bytes:
        """Sign a new document in any case, and return it. Raises OSError, StateDamaged or DiscoveryKeyReplaced."""
        with self._file.lock():
            return self._sign(self._file.read()).signed

    def move(self, data: bytes) -> tuple[Move, ServerList]:
        """Accept a server's move, and publish the new list.

        Raises MoveRefused, MoveNotNext, MoveNotAllowed, MalformedMessage, LimitExceeded, DiscoveryKeyReplaced,
        StateDamaged or OSError.
        """
        # The move is first checked without the lock, so that many false moves do not delay other processes.
        self._check_move(data, self.current())
        with self._file.lock():
            state = self._file.read()
            if not self._is_current(state):
                state = self._sign(state)
            move = self._check_move(data, state.signed)
            state = self._sign(_with_move(state, move, self._configured_address(move.server)))
            return move, list_of(state.signed)

    def succeed(self, new_key: PrivateKey) -> bytes:
        """Make `new_key` the successor of the configured key, and return the first document that `new_key` signs.

        The caller configures the new key afterwards. Raises OSError, StateDamaged or DiscoveryKeyReplaced.
        """
        with self._file.lock():
            state = self._file.read()
            self._check_key(state)
            succession = blocking.run(
                sign_succession(self._config.domain, self._provider, old_key=self._config.key, new_key=new_key)
            )
            state = dataclasses.replace(state, successions=(*state.successions, succession))
            return self._sign_by(new_key, state).signed

    def newest_key(self) -> str:
        """The key that clients expect: the newest successor, or the published document's key, or the configured key."""
        return _newest_key(self._file.read()) or key_text(self._config.key)

    def wanted(self, state: State) -> tuple[Server, ...]:
        """The configured servers, each at the address to which it has moved."""
        return tuple(_moved(server, state) for server in self._config.servers)

    def _is_current(self, state: State) -> bool:
        if not state.signed:
            return False
        published = list_of(state.signed)
        half_life = published.issued + (published.expires - published.issued) / 2
        is_of_now = published.issued <= self._config.clock() < half_life
        return is_of_now and published.servers == self.wanted(state) and published.domain == self._config.domain

    def _sign(self, state: State) -> State:
        self._check_key(state)
        return self._sign_by(self._config.key, state)

    def _sign_by(self, key: PrivateKey, state: State) -> State:
        at = self._config.clock()
        server_list = ServerList(
            domain=self._config.domain,
            number=_next_number(state, at),
            issued=at.replace(microsecond=0),
            expires=at.replace(microsecond=0) + self._config.lifetime,
            servers=self.wanted(state),
        )
        signed = blocking.run(sign_discovery(server_list, self._provider, key=key, successions=state.successions))
        # Moves of a key that the configuration no longer names are dropped.
        moves = tuple(move for move in state.moves if server_list.find_by_key(move.key))
        state = dataclasses.replace(state, signed=signed, moves=moves)
        self._file.write(state)
        return state

    def _check_key(self, state: State) -> None:
        expected = _newest_key(state)
        if expected is not None and expected != key_text(self._config.key):
            raise DiscoveryKeyReplaced(expected)

    def _check_move(self, data: bytes, signed: bytes) -> Move:
        move = blocking.run(check_move(data, list_of(signed), self._provider, self._config.clock()))
        self._check_host(move.address)
        return move

    def _check_host(self, address: str) -> None:
        host = urlsplit(address).hostname or ""
        if not any(host == domain or host.endswith(f".{domain}") for domain in self._config.move_domains):
            allowed = ", ".join(self._config.move_domains)
            raise MoveNotAllowed(f"servers may move to hosts in {allowed} only: ask the operator of the domain")

    def _configured_address(self, moved: Server) -> str:
        return next(server.address for server in self._config.servers if server.key == moved.key)


def list_of(signed: bytes) -> ServerList:
    """The list in a document of this service. The document's signature is not verified.

    Raises MalformedMessage or LimitExceeded.
    """
    return parse_server_list(parse_signed_discovery(signed).document)


def _newest_key(state: State) -> str | None:
    if state.successions:
        return state.successions[-1].new
    return parse_signed_discovery(state.signed).key if state.signed else None


def _next_number(state: State, at: datetime) -> int:
    last = list_of(state.signed).number if state.signed else 0
    return max(last + 1, int(at.timestamp()))


def _moved(server: Server, state: State) -> Server:
    for move in state.moves:
        if move.key == server.key:
            # If the operator has changed the configured address since the move, the configured address counts.
            address = move.address if move.old_address == server.address else server.address
            return dataclasses.replace(server, address=address, moves=move.counter)
    return server


def _with_move(state: State, move: Move, configured: str) -> State:
    others = tuple(other for other in state.moves if other.key != move.server.key)
    accepted = AcceptedMove(
        key=move.server.key or "", counter=move.counter, old_address=configured, address=move.address
    )
    return dataclasses.replace(state, moves=(*others, accepted))
