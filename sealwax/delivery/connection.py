"""One connection to a delivery service, kept for several exchanges. Redirects are never followed here.

Every exchange has a deadline and every body a bound. Proxies, cookies and the environment play no part, so that a
token goes to the named host and nowhere else.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sealwax.delivery.address import ServerAddress
from sealwax.delivery.failures import DeliveryFailed, lie, unreachable
from sealwax.lookups.deadline import Deadline
from sealwax.lookups.timed_socket import TimedSocket, failure_words
from smime_core.asn1 import Buffer

EXCHANGE_SECONDS: Final = 60.0
_BYTES_A_SECOND: Final = 8_192  # An upload that is slower than a bad telephone line is given up, and goes on anew.
_PIECE_BYTES: Final = 262_144
_MAX_ANSWER_BYTES: Final = 8_388_608  # A list of 1,000 parcels with their states takes one megabyte.
_REDIRECTS: Final = range(300, 400)
_ELSEWHERE: Final = frozenset({http.client.TEMPORARY_REDIRECT})

Move = Callable[[int], None]
"""A function that is called with the number of bytes that went over the connection since the last call."""


def no_move(_: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `path` begins below the address of the API."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Buffer = field(default=b"", repr=False)

    @property
    def seconds(self) -> float:
        """The time that sending it and reading a short answer may take."""
        return EXCHANGE_SECONDS + len(self.body) / _BYTES_A_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a call."""

    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """The value of a header field; empty if there is none."""
        return str(self.headers.get(name, ""))


class Connection:
    """The way to one service. It connects at the first call, and anew after a failure."""

    def __init__(self, address: ServerAddress, *, ca_file: Path | None = None) -> None:
        self.address = address
        self._ca_file = ca_file
        self._http: _Http | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def to(self, address: ServerAddress) -> Connection:
        """A connection to another server, with the same authorities."""
        return Connection(address, ca_file=self._ca_file)

    def close(self) -> None:
        """Close the connection. The next call opens it again."""
        if self._http is not None:
            self._http.close_all()
            self._http = None

    def break_off(self) -> None:
        """End the exchange of another thread, which hears of a lost connection."""
        if self._http is not None:
            self._http.break_off()

    def exchange(self, call: Call, move: Move = no_move) -> Answer:
        """The answer, with any status but a redirect. `move` hears of the sent bytes. Raises DeliveryFailed."""
        with self._mapped():
            response = self._start(call, Deadline(call.seconds), move)
            return _read_answer(response)

    def download(self, call: Call, room: memoryview, move: Move = no_move) -> tuple[Answer, int]:
        """The answer and the number of its bytes that were written to the beginning of `room`.

        The body is left alone unless the status is 200 or 206; 307 is a status like others. A lost connection ends the
        bytes early, without an error, if some came. Raises DeliveryFailed.
        """
        with self._mapped():
            response = self._start(call, Deadline(EXCHANGE_SECONDS), no_move, taken=_ELSEWHERE)
            if response.status not in (http.client.OK, http.client.PARTIAL_CONTENT):
                return _read_answer(response), 0
            announced = response.length
            if announced is not None and announced != len(room):
                raise lie(f"{announced} bytes where {len(room)} belong")
            count = self._fill(response, room, move)
            if count == len(room) and response.read(1):
                raise lie(f"more than {len(room)} bytes where as many belong")
            if not count:
                raise http.client.IncompleteRead(b"", len(room))
            return Answer(status=response.status, headers=response.headers), count

    def _fill(self, response: http.client.HTTPResponse, room: memoryview, move: Move) -> int:
        count = 0
        try:
            while count < len(room):
                # Each piece has its own time, so that a service that drips holds nobody for long.
                if self._http is not None:
                    self._http.deadline = Deadline(EXCHANGE_SECONDS)
                read = response.readinto(room[count : count + _PIECE_BYTES])
                if not read:
                    break
                count += read
                move(read)
        except (OSError, http.client.HTTPException):
            if not count:
                raise
            self.close()
        if count < len(room):
            self.close()
        return count

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        host = self.address.host
        try:
            yield
        except DeliveryFailed:
            self.close()
            raise
        except TimeoutError as error:
            self.close()
            raise unreachable(f"{host} did not answer in time") from error
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise DeliveryFailed("delivery-unreachable", f"{host} cannot be reached: {failure_words(error)}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise unreachable(f"{host} cannot be reached: {failure_words(error)}") from error

    def _start(
        self, call: Call, deadline: Deadline, move: Move, *, taken: frozenset[int] = frozenset()
    ) -> http.client.HTTPResponse:
        if self._http is None:
            self._http = _Http(self.address, self._ca_file)
        connection = self._http
        connection.deadline = deadline
        headers = {"Accept": "application/json", "User-Agent": "sealwax", "X-Sealwax": "1", **call.headers}
        if call.body or call.method in ("POST", "PATCH"):
            headers["Content-Length"] = str(len(call.body))
        try:
            connection.request(call.method, self.address.prefix + call.path, headers=headers)
            _send_body(connection, call.body, move)
        except (BrokenPipeError, ConnectionResetError):
            # A service that refuses a large body may answer before it has read all of it.
            response = connection.getresponse()
        else:
            response = connection.getresponse()
        if response.status in _REDIRECTS and response.status not in taken:
            raise DeliveryFailed(
                "delivery-redirect",
                f"{self.address.host} sends elsewhere, which is not followed",
                status=response.status,
            )
        return response


def _send_body(connection: http.client.HTTPConnection, body: Buffer, move: Move) -> None:
    view = memoryview(body)
    for start in range(0, len(view), _PIECE_BYTES):
        piece = view[start : start + _PIECE_BYTES]
        connection.send(piece)
        move(len(piece))


def _read_answer(response: http.client.HTTPResponse) -> Answer:
    body = response.read(_MAX_ANSWER_BYTES + 1)
    if len(body) > _MAX_ANSWER_BYTES:
        raise lie(f"more than {_MAX_ANSWER_BYTES} bytes")
    if response.length:
        # `read` ends quietly when the connection does.
        raise http.client.IncompleteRead(body, response.length)
    return Answer(status=response.status, headers=response.headers, body=body)


class _Http(http.client.HTTPConnection):
    """A connection whose steps together may take the time until `deadline`, which each exchange sets anew."""

    def __init__(self, address: ServerAddress, ca_file: Path | None) -> None:
        super().__init__(address.host, address.port)
        # http.client writes the port into the Host field unless it is `default_port`.
        self.default_port = {"https": 443, "http": 80}[address.scheme]
        self._address = address
        self._ca_file = ca_file
        self._socket: socket.socket | None = None
        self._timed: TimedSocket | None = None
        self._deadline = Deadline(EXCHANGE_SECONDS)

    @property
    def deadline(self) -> Deadline:
        """The end of the present exchange."""
        return self._deadline

    @deadline.setter
    def deadline(self, deadline: Deadline) -> None:
        self._deadline = deadline
        if self._timed is not None:
            self._timed.deadline = deadline

    def connect(self) -> None:
        """Connect, by TLS for https."""
        self._close_socket()
        self._socket = socket.create_connection(
            (self._address.host, self._address.port), timeout=self._deadline.remaining()
        )
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._address.scheme == "https":
            context = ssl.create_default_context(cafile=self._ca_file)
            self._socket.settimeout(self._deadline.remaining())
            self._socket = context.wrap_socket(self._socket, server_hostname=self._address.host)
        self._timed = TimedSocket(self._socket, self._deadline)
        self.sock = self._timed

    def close_all(self) -> None:
        """Close the connection and its socket."""
        self.close()
        self._close_socket()

    def break_off(self) -> None:
        """End both directions of the connection, while another thread uses it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
