"""The bytes of one connection to a mail server: verified TLS, bounded lines, and one deadline for each call.

A server that sends one byte a second answers every read in time but never finishes. So the deadline limits the whole
waiting of a call, from the connection to the last byte. It does not include the look-up of the host name before the
connection.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address

from sealwax.lookups.public_addresses import is_public
from webbridge.gateway.door import (
    ConnectionLost,
    GatewayCode,
    GatewayError,
    MailServer,
    Security,
    ServerAddress,
    ServerTooSlow,
    UnreadableAnswer,
)

RECEIVE_BYTES = 64 * 1024
# A large message extends its call's deadline by its size divided by this rate.
MIN_BYTES_PER_SECOND = 32 * 1024
# So many bytes count as progress. Fewer bytes do not, because a server could send one byte a minute for ever.
PROGRESS_BYTES = 1024
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)  # Only Linux has this option.
_NOT_TRUSTED = "The mail server's certificate is not trusted. No password or message was sent. Tell your administrator."
_NOT_PUBLIC = "The mail server has an address inside a private network, where it must not be. Tell your administrator."


@contextmanager
def on_error(clean_up: Callable[[], object]) -> Iterator[None]:
    """Call `clean_up` if the body of the `with` statement raises, and raise the same error."""
    try:
        yield
    except BaseException:
        clean_up()
        raise


class CallDeadline:
    """The seconds that one call may still wait for the server. The bridge's computing time does not count."""

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = self._left = seconds
        self._monotonic = monotonic

    @property
    def left(self) -> float:
        """The seconds left. Zero or less means that the time is used up."""
        return self._left

    def extend_for(self, size_bytes: int) -> None:
        """Allow more time for the transfer of this many bytes."""
        self._left += size_bytes / MIN_BYTES_PER_SECOND

    @contextmanager
    def waiting(self) -> Iterator[float]:
        """Subtract the time of the block from the deadline. Yields the seconds that the block may take.

        Raises ServerTooSlow before waiting if no time is left.
        """
        if self._left <= 0:
            raise ServerTooSlow
        start = self._monotonic()
        try:
            yield self._left
        finally:
            self._left -= self._monotonic() - start


class ProgressDeadline(CallDeadline):
    """The seconds that a long message may wait without progress. With progress, its transfer may take any time."""

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(seconds, monotonic=monotonic)
        self._came_bytes = 0

    @classmethod
    def after(cls, call: CallDeadline) -> ProgressDeadline:
        """Return a deadline with the whole time of a call."""
        return cls(call._seconds, monotonic=call._monotonic)

    def count(self, size_bytes: int) -> None:
        """Count received bytes. PROGRESS_BYTES of them restart the time."""
        self._came_bytes += size_bytes
        if self._came_bytes >= PROGRESS_BYTES:
            self._came_bytes = 0
            self._left = self._seconds


class Wire:
    """One connection. Reading, writing and starting TLS raise only GatewayErrors. After an error it is `broken`."""

    def __init__(self, connected: socket.socket, deadline: CallDeadline) -> None:
        self._socket = connected
        self._buffer = bytearray()
        self._ended = False
        self.deadline = deadline
        self.broken = False

    @classmethod
    def connect(cls, server: MailServer, address: ServerAddress, deadline: CallDeadline) -> Wire:
        """Connect, and start TLS unless the protocol starts it later. Raises GatewayError."""
        wire = cls(_connect_socket(address, deadline), deadline)
        if address.security is Security.IMPLICIT_TLS:
            wire.start_tls(server.tls_context(), address.host)
        return wire

    @property
    def local_host(self) -> str:
        """The IP address of the bridge's end of the connection."""
        return str(self._socket.getsockname()[0])

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Verify the server and encrypt from now on.

        Raises UnreadableAnswer if bytes have come before TLS. An attacker may have sent these bytes, and they would be
        taken for answers of the server (RFC 9051 section 11.1, RFC 3207 section 4.2).
        """
        if self._buffer:
            self.broken = True
            raise UnreadableAnswer
        try:
            with self._guarded() as seconds:
                self._socket.settimeout(seconds)
                self._socket = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
                # The timeout is for the whole handshake, not for each of its messages.
                self._socket.do_handshake()
        except GatewayError:
            self.close()
            raise

    def read_line(self, max_bytes: int) -> bytes:
        """Return the next line with its line end. Raises UnreadableAnswer if it is longer than `max_bytes`."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > max_bytes:
                break
            self._buffer += self._receive(RECEIVE_BYTES)
        if end < 0 or end >= max_bytes:
            self.broken = True
            raise UnreadableAnswer
        return self._take(end + 1)

    def read_some(self, max_bytes: int) -> bytes:
        """Return at least one byte and at most `max_bytes`."""
        if self._buffer:
            return self._take(min(max_bytes, len(self._buffer)))
        return self._receive(min(max_bytes, RECEIVE_BYTES))

    def unread(self, data: bytes) -> None:
        """Put bytes back. The next read returns them first."""
        self._buffer[:0] = data

    def send(self, data: bytes) -> None:
        """Send all of the data."""
        rest = memoryview(data)
        while rest:
            with self._guarded() as seconds:
                self._socket.settimeout(seconds)
                rest = rest[self._socket.send(rest[:RECEIVE_BYTES]) :]

    def is_quiet(self) -> bool:
        """Return whether the connection is open and has no unread bytes."""
        return not self._buffer and not self._ended and not self._receives_at_hand() and not self._ended

    def check_quiet(self) -> None:
        """Raise UnreadableAnswer if bytes answer no command, and ConnectionLost if the connection ended."""
        if not self.is_quiet():
            self.broken = True
            raise UnreadableAnswer if self._buffer else ConnectionLost

    def fileno(self) -> int:
        """Return the number of the socket, for a selector."""
        return self._socket.fileno()

    def lines_at_hand(self, max_bytes: int) -> list[bytes]:
        """Return the whole lines that have come, without waiting for more.

        Raises ConnectionLost if the connection has ended, and UnreadableAnswer if more than `max_bytes` have come.
        """
        while self._receives_at_hand():
            if len(self._buffer) > max_bytes:
                self.broken = True
                raise UnreadableAnswer
        lines = self._take(self._buffer.rfind(b"\n") + 1).splitlines(keepends=True)
        if self._ended and not lines:
            self.broken = True
            raise ConnectionLost
        return lines

    def close(self) -> None:
        """Close the connection without a LOGOUT or QUIT."""
        self.break_off()
        with suppress(OSError):
            self._socket.close()

    def break_off(self) -> None:
        """Shut the connection down, so that a thread that waits for the server stops."""
        self.broken = True
        with suppress(OSError):
            # SSLSocket.shutdown would drop the TLS object while another thread reads from it.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _receive(self, max_bytes: int) -> bytes:
        with self._guarded() as seconds:
            self._socket.settimeout(seconds)
            if _QUICK_ACK is not None:
                # Cyrus and Courier send an answer in two parts. Without TCP_QUICKACK, the server sends the second part
                # only after 40 ms, when it has the acknowledgement of the first. The system clears the option again, so
                # it is set before each read.
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
            received = self._socket.recv(max_bytes)
        if not received:
            self.broken = self._ended = True
            raise ConnectionLost
        return received

    def _receives_at_hand(self) -> bool:
        """Receive without waiting. Return whether bytes have come, and note the end of the connection."""
        if self._ended:
            return False
        try:
            self._socket.settimeout(0)
            received = self._socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except (OSError, ValueError):
            received = b""
        self._buffer += received
        self._ended = not received
        return not self._ended

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    @contextmanager
    def _guarded(self) -> Iterator[float]:
        """Wait within the deadline, and convert the socket's errors to the gateway's."""
        try:
            with self.deadline.waiting() as seconds:
                yield seconds
        except ssl.SSLCertVerificationError as error:
            self.broken = True
            raise GatewayError(GatewayCode.MISCONFIGURED, _NOT_TRUSTED) from error
        except TimeoutError as error:
            self.broken = True
            raise ServerTooSlow from error
        except (OSError, ValueError) as error:  # A ValueError means a closed socket, or a bad host name.
            self.broken = True
            raise ConnectionLost from error
        except GatewayError:
            self.broken = True
            raise


def _connect_socket(address: ServerAddress, deadline: CallDeadline) -> socket.socket:
    """Return a connection to the first address of the host that answers."""
    last: OSError | None = None
    try:
        addresses = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _no_answer() from error
    # The connection goes to the checked address, so that a second DNS answer cannot lead elsewhere.
    if address.is_public_only and not all(is_public(ip_address(str(place[0]))) for *_rest, place in addresses):
        raise GatewayError(GatewayCode.MISCONFIGURED, _NOT_PUBLIC)
    for family, kind, protocol, _name, place in addresses:
        connecting = socket.socket(family, kind, protocol)
        try:
            with deadline.waiting() as seconds:
                connecting.settimeout(seconds)
                connecting.connect(place)
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, GatewayError) as error:
            connecting.close()
            if isinstance(error, GatewayError):
                raise
            last = error
        else:
            return connecting
    raise _no_answer() from last


def _no_answer() -> GatewayError:
    return GatewayError(GatewayCode.UNREACHABLE, "The mail server does not answer. Try again later.")
