"""HTTP to the services of Sealwax: a connection that is kept for several exchanges.

Every exchange has a deadline and every body a bound. A redirect is an answer like any other and is never followed.
Cookies are not used. Because redirects are not followed, a token goes only to the named host.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from sealwax.deadline import Deadline
from sealwax.timed_socket import TimedSocket, failure_words
from smime_core.asn1 import Buffer
from smime_core.text import is_loopback

EXCHANGE_SECONDS: Final = 60.0
MAX_ANSWER_BYTES: Final = 8_388_608
_PIECE_BYTES: Final = 262_144
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_MAX_RETRY_DIGITS: Final = 9  # Nine digits are 30 years. Python refuses to parse more than 4,300 digits.

Move = Callable[[int], None]
"""A function that is called with the number of bytes that went over the connection since the last call."""


def no_move(_: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSocket:
    """A service behind a Unix socket."""

    path: Path
    scheme: str = "http"
    host: str = "localhost"
    port: int = DEFAULT_PORTS["http"]
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAddress:
    """The web address of a service's API or pages. `prefix` is a path without its last slash."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def of(cls, origin: str) -> ServiceAddress:
        """The address in an origin that was checked."""
        parts = urlsplit(origin)
        return cls(scheme=parts.scheme, host=parts.hostname or "", port=parts.port or DEFAULT_PORTS[parts.scheme])

    def __str__(self) -> str:
        shown_host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{shown_host}{port}{self.prefix}"


Endpoint = LocalSocket | ServiceAddress
"""The address at which a service is reached."""


class Trouble(StrEnum):
    """The reasons why no answer came."""

    LATE = "late"
    UNTRUSTED = "untrusted"
    LOST = "lost"
    TOO_LARGE = "too-large"


class NoAnswer(Exception):
    """The service gave no answer that can be used. The text is for people, who see it after the name of the host."""

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One request. `path` begins below the address of the API."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Buffer = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """The answer to a call."""

    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """The value of a header field; empty if there is none."""
        return str(self.headers.get(name, ""))

    @property
    def retry_after_seconds(self) -> int | None:
        """The pause that the service asks for, in seconds; None if it names none."""
        text = self.header("Retry-After")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_RETRY_DIGITS else None


class HttpClient:
    """A client of one service. It connects at the first call, and again after a failure.

    `tls` or `ca_file` replaces the system's authorities. With `uses_proxy`, requests by https go through the proxy that
    the environment names, except requests to this machine.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        ca_file: Path | None = None,
        tls: ssl.SSLContext | None = None,
        uses_proxy: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self._ca_file = ca_file
        self._tls = tls
        self._uses_proxy = uses_proxy
        self._http: _Http | None = None

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. The next call opens it again."""
        if self._http is not None:
            self._http.close_all()
            self._http = None

    def break_off(self) -> None:
        """End the exchange that another thread is making. That thread sees a lost connection."""
        if self._http is not None:
            self._http.break_off()

    def connect(self, seconds: float = EXCHANGE_SECONDS) -> None:
        """Connect, and send no request. Raises NoAnswer."""
        with self._mapped():
            self._connection(Deadline(seconds)).connect()

    def exchange(
        self,
        call: HttpCall,
        move: Move = no_move,
        *,
        seconds: float = EXCHANGE_SECONDS,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> HttpAnswer:
        """The answer, with any status. `move` reports the sent bytes. Raises NoAnswer."""
        with self._mapped():
            return _read_answer(self._start(call, Deadline(seconds), move), max_bytes)

    def download(self, call: HttpCall, room: memoryview, move: Move = no_move) -> tuple[HttpAnswer, int]:
        """The answer and the number of its bytes that were written to the beginning of `room`.

        Bytes are written only if the status is 200 or 206. If the connection is lost after some bytes, only these bytes
        are counted, and no error is raised. Raises NoAnswer.
        """
        with self._mapped():
            response = self._start(call, Deadline(EXCHANGE_SECONDS), no_move)
            if response.status not in (http.client.OK, http.client.PARTIAL_CONTENT):
                return _read_answer(response, MAX_ANSWER_BYTES), 0
            announced = response.length
            if announced is not None and announced != len(room):
                raise NoAnswer(Trouble.TOO_LARGE, f"{announced} bytes where {len(room)} belong")
            count = self._fill(response, room, move)
            if count == len(room) and response.read(1):
                raise NoAnswer(Trouble.TOO_LARGE, f"more than {len(room)} bytes where as many belong")
            if not count:
                raise http.client.IncompleteRead(b"", len(room))
            return HttpAnswer(status=response.status, headers=response.headers), count

    def _fill(self, response: http.client.HTTPResponse, room: memoryview, move: Move) -> int:
        count = 0
        try:
            while count < len(room):
                # Each piece has a deadline, so a service that sends too slowly does not delay the caller for long.
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
        try:
            yield
        except NoAnswer:
            self.close()
            raise
        except TimeoutError as error:
            self.close()
            raise NoAnswer(Trouble.LATE, "no answer in time") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            is_untrusted = isinstance(error, ssl.SSLCertVerificationError)
            raise NoAnswer(Trouble.UNTRUSTED if is_untrusted else Trouble.LOST, failure_words(error)) from error

    def _connection(self, deadline: Deadline) -> _Http:
        if self._http is None:
            proxy = _proxy_for(self.endpoint) if self._uses_proxy else None
            self._http = _Http(self.endpoint, self._ca_file, self._tls, proxy)
        self._http.deadline = deadline
        return self._http

    def _start(self, call: HttpCall, deadline: Deadline, move: Move) -> http.client.HTTPResponse:
        connection = self._connection(deadline)
        headers = {"Accept": "application/json", "User-Agent": "sealwax", **call.headers}
        if call.body or call.method in _WITH_BODY:
            headers["Content-Length"] = str(len(call.body))
        try:
            connection.request(call.method, self.endpoint.prefix + call.path, headers=headers)
            _send_body(connection, call.body, move)
        except (BrokenPipeError, ConnectionResetError):
            # A service that refuses a large body may answer before it has read all of it.
            return connection.getresponse()
        return connection.getresponse()


def _send_body(connection: http.client.HTTPConnection, body: Buffer, move: Move) -> None:
    view = memoryview(body)
    for start in range(0, len(view), _PIECE_BYTES):
        piece = view[start : start + _PIECE_BYTES]
        connection.send(piece)
        move(len(piece))


def _read_answer(response: http.client.HTTPResponse, max_bytes: int) -> HttpAnswer:
    body = response.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise NoAnswer(Trouble.TOO_LARGE, f"more than {max_bytes} bytes")
    if response.length:
        # `read` raises no error when the connection ends before the end of the body.
        raise http.client.IncompleteRead(body, response.length)
    return HttpAnswer(status=response.status, headers=response.headers, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proxy:
    """A proxy for TLS (RFC 9110 section 9.3.6)."""

    host: str
    port: int
    authorization: str = field(repr=False)


def _proxy_for(endpoint: Endpoint) -> _Proxy | None:
    """The proxy that the environment names for a service by https on another machine, or None."""
    if endpoint.scheme != "https" or is_loopback(endpoint.host):
        return None
    url = getproxies().get(endpoint.scheme, "")
    if not url or proxy_bypass(endpoint.host):
        return None
    parts = urlsplit(url if "://" in url else f"//{url}")
    if not parts.hostname:
        return None
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return _Proxy(
        host=parts.hostname,
        port=parts.port or DEFAULT_PORTS["http"],
        authorization=f"Basic {b64encode(user.encode()).decode('ascii')}" if user else "",
    )


class _Http(http.client.HTTPConnection):
    """A connection with one deadline for all its steps together. Each exchange sets a new `deadline`."""

    def __init__(
        self, endpoint: Endpoint, ca_file: Path | None, tls: ssl.SSLContext | None, proxy: _Proxy | None
    ) -> None:
        super().__init__(endpoint.host, endpoint.port)
        # http.client writes the port into the Host field unless it is `default_port`.
        self.default_port = DEFAULT_PORTS[endpoint.scheme]
        self._endpoint = endpoint
        self._ca_file = ca_file
        self._tls = tls
        self._proxy = proxy
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
        """Connect, with TLS for https."""
        self._close_socket()
        self._socket = self._open()
        if self._endpoint.scheme == "https":
            self._socket.settimeout(self._deadline.remaining())
            context = self._tls or ssl.create_default_context(cafile=self._ca_file)
            self._socket = context.wrap_socket(self._socket, server_hostname=self._endpoint.host)
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

    def _open(self) -> socket.socket:
        if isinstance(self._endpoint, LocalSocket):
            local = socket.socket(socket.AF_UNIX)
            local.settimeout(self._deadline.remaining())
            try:
                local.connect(str(self._endpoint.path))
            except OSError:
                local.close()
                raise
            return local
        target = self._proxy or self._endpoint
        opened = socket.create_connection((target.host, target.port), timeout=self._deadline.remaining())
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._proxy is not None:
            try:
                self._lead_through(opened, self._proxy)
            except BaseException:
                opened.close()
                raise
        return opened

    def _lead_through(self, opened: socket.socket, proxy: _Proxy) -> None:
        host = f"[{self._endpoint.host}]" if ":" in self._endpoint.host else self._endpoint.host
        lines = [f"CONNECT {host}:{self._endpoint.port} HTTP/1.1", f"Host: {host}:{self._endpoint.port}"]
        if proxy.authorization:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        timed = TimedSocket(opened, self._deadline)
        timed.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        response = http.client.HTTPResponse(timed, method="CONNECT")  # type: ignore[arg-type]  # it has what is used
        response.begin()
        if response.status != http.client.OK:
            raise OSError(0, f"the proxy answers with status {response.status}")

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
