"""One deadline for all waiting of a call, and a deadline without progress for the bytes of a message."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer, Wait
from tests.support.servers.mailboxes import login_at
from tests.support.servers.pools import NewPool
from webbridge.gateway import ConnectionPool, GatewayError, ImapConnection, Mailbox, MailServer, ServerAddress
from webbridge.gateway.door import ServerTooSlow
from webbridge.gateway.imap_wire import ImapWire
from webbridge.gateway.pool import MAX_IDLE_SECONDS
from webbridge.gateway.slots import LOGOUT_SECONDS
from webbridge.gateway.wire import PROGRESS_BYTES, CallDeadline, Wire

INBOX = Mailbox("INBOX", 9)
SELECTED = b"* OK [UIDVALIDITY 9] x\r\nS1 OK\r\n"
SECONDS = 30.0


class SlowWire(Wire):
    """A wire whose server sends one piece after another, each after a pause on a clock that only it moves."""

    def __init__(self, pieces: list[tuple[float, bytes]]) -> None:
        self.now = 0.0
        super().__init__(socket.socket(), CallDeadline(SECONDS, monotonic=lambda: self.now))
        self._pieces: Iterator[tuple[float, bytes]] = iter(pieces)

    def send(self, data: bytes) -> None:
        """Drop the data, because nobody reads it."""

    def _receive(self, max_bytes: int) -> bytes:
        pause, piece = next(self._pieces)
        assert len(piece) <= max_bytes
        with self._guarded() as seconds:
            self.now += min(pause, seconds)
            if pause > seconds:
                raise TimeoutError
        return piece


def read(pieces: list[tuple[float, bytes]]) -> tuple[bytes, float]:
    """Return the bytes of a message, and the seconds that they took."""
    with closing(SlowWire(pieces)) as wire:
        raw = ImapConnection(ImapWire(wire)).open_raw(INBOX, 7, max_bytes=10**9)
        return b"".join(raw.chunks), wire.now


def of_size(size: int) -> bytes:
    return b"* 1 FETCH (UID 7 BODY[] {%d}\r\n" % size


def test_the_default_is_thirty_seconds() -> None:
    address = ServerAddress(host="imap.example.test", port=993)
    assert MailServer(imap=address, smtp=address).timeout_seconds == SECONDS


def test_all_waiting_of_a_call_counts_together() -> None:
    with closing(SlowWire([(9.0, b'* LIST () "/" x\r\n')] * 9)) as wire:
        connection = ImapConnection(ImapWire(wire))
        with pytest.raises(ServerTooSlow):
            connection.list_folders()
        assert wire.now == SECONDS
        assert connection.broken


def test_the_waiting_before_a_message_is_bounded_by_the_call() -> None:
    with pytest.raises(GatewayError):
        read([(20.0, SELECTED), (20.0, of_size(3) + b"abc)\r\nS2 OK\r\n")])


def test_a_message_that_progresses_may_take_any_time() -> None:
    pieces = [(29.0, b"x" * PROGRESS_BYTES)] * 20
    text, seconds = read([(0.0, SELECTED), (0.0, of_size(20 * PROGRESS_BYTES)), *pieces, (1.0, b")\r\nS2 OK\r\n")])
    assert (len(text), seconds) == (20 * PROGRESS_BYTES, 581.0)


@pytest.mark.parametrize(("pause", "size"), [(31.0, PROGRESS_BYTES), (8.0, 100), (1.0, 1)])
def test_a_message_without_progress_ends_after_thirty_seconds(pause: float, size: int) -> None:
    wire = SlowWire([(0.0, SELECTED), (0.0, of_size(10**6)), *[(pause, b"x" * size)] * 100])
    with closing(wire), pytest.raises(ServerTooSlow):
        list(ImapConnection(ImapWire(wire)).open_raw(INBOX, 7, max_bytes=10**9).chunks)
    assert wire.now <= SECONDS


@pytest.mark.server
@pytest.mark.parametrize(
    "close",
    [
        ConnectionPool.look_after,
        ConnectionPool.close,
    ],
    ids=["the look after idle ones", "the end of the process"],
)
def test_a_server_that_answers_no_logout_holds_up_nobody(
    imap: LyingServer, close: Callable[[ConnectionPool], object], new_pool: NewPool
) -> None:
    imap.answers |= {**HEALTHY, "LOGOUT": [Wait()]}
    seconds = [0.0]
    pool = new_pool(monotonic=lambda: seconds[0])
    for number in range(6):
        pool.add(f"session {number}", pool.log_in(login_at(imap.address())))
    seconds[0] = MAX_IDLE_SECONDS + 1
    start = time.monotonic()
    close(pool)
    assert time.monotonic() - start < 3 * LOGOUT_SECONDS
    pool.close()
