"""HTTP requests to servers that certificates name, single requests or several at the same time.

The URL comes from a certificate, which anyone may have made. So only http and https, the ports 80 and 443, and public
addresses are allowed. The name is resolved once, and the connection goes to the addresses that were checked. There are
no redirects, proxies, cookies or credentials. The exchange has a deadline and the body a bound. Nothing is logged.
"""

from __future__ import annotations

import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from sealwax.deadline import Deadline
from sealwax.lookups.public_addresses import Address, is_public
from sealwax.timed_socket import TimedSocket, failure_words
from smime_core.errors import SmimeError
from smime_core.limits import (
    LOOKUP_BATCH_SECONDS,
    LOOKUP_SECONDS,
    MAX_ISSUERS_BYTES,
    MAX_LOOKUP_ADDRESSES,
    MAX_LOOKUP_BYTES,
    MAX_LOOKUP_URL_CHARACTERS,
    MAX_PARALLEL_LOOKUPS,
)

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST_NAME: Final = re.compile(
    r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
_CHUNK_BYTES: Final = 65_536
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)


class LookupFailure(StrEnum):
    """The reason why no answer came."""

    BAD_URL = "bad-url"
    REFUSED_PORT = "refused-port"
    NOT_PUBLIC = "not-public"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    HTTP_STATUS = "http-status"
    TOO_LARGE = "too-large"
    NOT_ASKED = "not-asked"
    """The time of the whole batch was over before this request, or the server was asked too often."""


class LookupFailed(SmimeError):
    """No answer came. `failure` says why, for programs.

    `status` and `fields` are the HTTP status and the header fields of an answer that was refused.
    """

    code = "lookup-failed"

    def __init__(
        self,
        failure: LookupFailure,
        text: str,
        *,
        status: int | None = None,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(text)
        self.failure = failure
        self.status = status
        self.fields = fields


def resolve_host(host: str, port: int) -> Sequence[str]:
    """The addresses of a host from the system's resolver. Raises OSError."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in addresses))


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """The bounds of a fetch. The defaults are for addresses that strangers chose.

    `allowed_hosts` are names or addresses as in URLs. An allowed host may have an address that is not public. The entry
    "ca.example.test" allows this host on ports 80 and 443, "ca.example.test:8080" on port 8080. `allowed_networks` are
    further networks in which any host may have its address. `ca_file` replaces the system's authorities for https.
    `may_connect` is called before each connection to an address, and returns False to refuse the connection.
    """

    allowed_hosts: frozenset[str] = frozenset()
    allowed_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    timeout_seconds: float = LOOKUP_SECONDS
    max_body_bytes: int = MAX_LOOKUP_BYTES
    ca_file: Path | None = None
    resolve: Callable[[str, int], Sequence[str]] = resolve_host
    may_connect: Callable[[Address], bool] | None = None

    def lists(self, host: str, port: int) -> bool:
        """Whether `allowed_hosts` lists this host for this port."""
        name = f"[{host}]" if ":" in host else host
        names = {f"{name}:{port}", name} if port in _DEFAULT_PORTS.values() else {f"{name}:{port}"}
        return not names.isdisjoint(listed.lower() for listed in self.allowed_hosts)

    def admits(self, address: Address) -> bool:
        """Whether a host that is not listed may have this address."""
        return is_public(address) or any(address in network for network in self.allowed_networks)

    def for_strangers(self) -> FetchPolicy:
        """The same policy without the allowed hosts and networks, and with a smaller bound on the body.

        The bound is smaller because parsing a megabyte of certificates takes a second.
        """
        return replace(
            self,
            allowed_hosts=frozenset(),
            allowed_networks=(),
            max_body_bytes=min(self.max_body_bytes, MAX_ISSUERS_BYTES),
        )


PUBLIC_ONLY: Final = FetchPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """A GET of `url`, or a POST if there is a `body`, unless `method` says otherwise.

    `headers` are further header fields. An answer with a status in `taken` is not refused.
    """

    url: str
    body: bytes = b""
    content_type: str = ""
    method: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    taken: frozenset[int] = frozenset({_OK})


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAnswer:
    """The body of an answer, and its header fields in their order."""

    body: bytes
    fields: tuple[tuple[str, str], ...]
    is_head_read: bool = True
    """False if the head has a line that is no field. Python leaves out the lines after it, and browsers read them."""


class _Target(NamedTuple):
    scheme: str
    host: str
    port: int
    request_target: str
    is_listed: bool


def fetch(request: FetchRequest, policy: FetchPolicy = PUBLIC_ONLY) -> bytes:
    """The body of the answer. Raises LookupFailed."""
    return fetch_answer(request, policy).body


def fetch_answer(request: FetchRequest, policy: FetchPolicy = PUBLIC_ONLY) -> FetchAnswer:
    """The whole answer. Raises LookupFailed."""
    return _fetch_until(request, policy, Deadline(policy.timeout_seconds))


def fetch_all(
    requests: Sequence[FetchRequest], policy: FetchPolicy = PUBLIC_ONLY, seconds: float = LOOKUP_BATCH_SECONDS
) -> tuple[bytes | LookupFailed, ...]:
    """The answers or failures in the order of the requests, within `seconds`. MAX_PARALLEL_LOOKUPS run at a time."""
    whole = Deadline(seconds)

    def fetch_one(request: FetchRequest) -> bytes | LookupFailed:
        if not whole.left():
            return LookupFailed(LookupFailure.NOT_ASKED, f"there was no time left to ask {request.url}")
        try:
            return _fetch_until(request, policy, whole.at_most(policy.timeout_seconds)).body
        except LookupFailed as failure:
            return failure

    if not requests:
        return ()
    with ThreadPoolExecutor(min(MAX_PARALLEL_LOOKUPS, len(requests))) as threads:
        return tuple(threads.map(fetch_one, requests))


def _fetch_until(request: FetchRequest, policy: FetchPolicy, deadline: Deadline) -> FetchAnswer:
    target = _parse_url(request.url, policy)
    try:
        addresses = _find_addresses(target, policy, deadline)
        with _Connection(target, policy, addresses, deadline) as connection:
            return _exchange(connection, target, request, policy)
    except TimeoutError as error:
        raise LookupFailed(LookupFailure.TIMEOUT, f"{target.host} did not answer in time") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise LookupFailed(
            LookupFailure.UNREACHABLE, f"{target.host} cannot be reached: {failure_words(error)}"
        ) from error


def _parse_url(url: str, policy: FetchPolicy) -> _Target:
    # urlsplit drops tabs and line breaks and accepts nearly everything else, so its input is checked first.
    if len(url) > MAX_LOOKUP_URL_CHARACTERS or not all("!" <= character <= "~" for character in url):
        raise LookupFailed(LookupFailure.BAD_URL, "the address holds characters that no URL has, or is too long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise LookupFailed(LookupFailure.BAD_URL, f"{url} is no URL") from error
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or not _is_host(host, parts.netloc):
        raise LookupFailed(LookupFailure.BAD_URL, f"{url} is no http or https URL of a host only")
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    is_listed = policy.lists(host, port)
    if port not in _DEFAULT_PORTS.values() and not is_listed:
        raise LookupFailed(LookupFailure.REFUSED_PORT, f"{host}: port {port} is neither 80 nor 443")
    return _Target(parts.scheme, host, port, _request_target(parts), is_listed)


def _is_host(host: str, netloc: str) -> bool:
    if "[" in netloc:
        try:
            return ipaddress.IPv6Address(host).scope_id is None
        except ValueError:
            return False
    return len(host) <= 253 and _HOST_NAME.fullmatch(host) is not None


def _request_target(parts: SplitResult) -> str:
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _find_addresses(target: _Target, policy: FetchPolicy, deadline: Deadline) -> tuple[Address, ...]:
    # A host is refused if any of its addresses is private, because its DNS decides which address is tried first.
    texts = _resolve_until(target, policy, deadline)
    addresses = tuple(ipaddress.ip_address(text) for text in texts)
    if not target.is_listed and not all(map(policy.admits, addresses)):
        # The error does not name the address. On a server, the address would tell clients about the server's network.
        raise LookupFailed(LookupFailure.NOT_PUBLIC, f"{target.host} leads to no public address")
    if not addresses:
        raise LookupFailed(LookupFailure.UNREACHABLE, f"{target.host} has no address")
    return addresses[:MAX_LOOKUP_ADDRESSES]


def _resolve_until(target: _Target, policy: FetchPolicy, deadline: Deadline) -> Sequence[str]:
    # The system's resolver accepts no deadline. It runs in a thread, and after the deadline nothing waits for this
    # thread.
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            answers.put(policy.resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=resolve, daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _exchange(connection: _Connection, target: _Target, request: FetchRequest, policy: FetchPolicy) -> FetchAnswer:
    # User-Agent has only the name of the program, so it reveals no version and no system.
    headers = {"Accept": "*/*", "Connection": "close", "User-Agent": "sealwax", **dict(request.headers)}
    if request.body:
        headers["Content-Type"] = request.content_type
    method = request.method or ("POST" if request.body else "GET")
    connection.request(method, target.request_target, request.body or None, headers)
    response = connection.getresponse()
    if response.status in _REDIRECTS:
        raise LookupFailed(LookupFailure.REDIRECT, f"{target.host} sends elsewhere, which is not followed")
    if response.status not in request.taken:
        raise LookupFailed(
            LookupFailure.HTTP_STATUS,
            f"{target.host} answered with HTTP status {response.status}",
            status=response.status,
            fields=tuple(response.getheaders()),
        )
    head = response.headers
    return FetchAnswer(
        body=_read_body(response, target, policy.max_body_bytes),
        fields=tuple(response.getheaders()),
        is_head_read=not (head.defects or head.get_payload() or head.get_unixfrom()),
    )


def _read_body(response: http.client.HTTPResponse, target: _Target, allowed: int) -> bytes:
    body = bytearray()
    if (response.length or 0) <= allowed:
        while chunk := response.read(min(_CHUNK_BYTES, allowed + 1 - len(body))):
            body += chunk
            if len(body) > allowed:
                break
        else:
            if response.length:
                raise LookupFailed(LookupFailure.UNREACHABLE, f"{target.host} broke off in its answer")
            return bytes(body)
    raise LookupFailed(LookupFailure.TOO_LARGE, f"{target.host} answers with more than {allowed} bytes")


class _Connection(http.client.HTTPConnection):
    """A connection to one of the checked addresses. Each step may take the time that is left until the deadline."""

    def __init__(
        self, target: _Target, policy: FetchPolicy, addresses: tuple[Address, ...], deadline: Deadline
    ) -> None:
        super().__init__(target.host, target.port)
        # http.client writes the port into the Host field unless it is `default_port`.
        self.default_port = _DEFAULT_PORTS[target.scheme]
        self._target = target
        self._policy = policy
        self._addresses = addresses
        self._deadline = deadline
        self._connected: socket.socket | None = None

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        if self._connected is not None:
            self._connected.close()

    def connect(self) -> None:
        """Connect to the first address that answers, with TLS for https."""
        self._connected = self._connect_to_any()
        if self._target.scheme == "https":
            self._connected = self._wrap(self._connected)
        self.sock = TimedSocket(self._connected, self._deadline)

    def _connect_to_any(self) -> socket.socket:
        for left, address in zip(range(len(self._addresses), 0, -1), self._addresses, strict=True):
            if self._policy.may_connect is not None and not self._policy.may_connect(address):
                raise LookupFailed(LookupFailure.NOT_ASKED, f"{self._target.host} was asked too often")
            try:
                # Each address gets a share of the remaining time. So an address that does not answer leaves time for
                # the next.
                seconds = self._deadline.remaining() / left
                return socket.create_connection((str(address), self._target.port), timeout=seconds)
            except OSError:
                if left == 1:
                    raise
        raise OSError("no address")

    def _wrap(self, plain: socket.socket) -> socket.socket:
        context = ssl.create_default_context(cafile=self._policy.ca_file)
        plain.settimeout(self._deadline.remaining())
        return context.wrap_socket(plain, server_hostname=self._target.host)
