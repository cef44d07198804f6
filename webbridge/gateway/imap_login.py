"""Open an IMAP connection: verified TLS, then the login (RFC 9051 sections 6.2.1 to 6.2.3, RFC 5530, RFC 7628).

imapclient reads the greeting and the capabilities and logs in. It uses the bridge's `Wire`, which has a deadline
against slow servers and refuses long answers. After the login `imap_wire` reads the answers instead of imapclient. In
imapclient a damaged answer may raise any exception, and one unreadable row would hide the whole list.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from webbridge.gateway.door import (
    ConnectionLost,
    Credentials,
    GatewayCode,
    GatewayError,
    LoginRefused,
    MailServer,
    Secret,
    Security,
    UnreadableAnswer,
)
from webbridge.gateway.failures import LOGIN_CODES, login_code, names_mechanism, names_password
from webbridge.gateway.imap_syntax import read_code
from webbridge.gateway.imap_wire import ImapWire
from webbridge.gateway.sasl import Exchange, MechanismRefused, SaidGoodbye, log_in_by, with_mechanisms_left
from webbridge.gateway.wire import CallDeadline, Wire, on_error

_MAX_LOGIN_BYTES: Final = 64 * 1024  # Our own bound. A greeting and two lists of capabilities have some hundred bytes.
# A tagged status line without text.
_WITHOUT_TEXT: Final = re.compile(rb"[A-Za-z0-9]{1,20} (?:OK|NO|BAD)\r\n")
# The text of imaplib's error is "LOGIN command error: BAD [b'…']" after BAD, and the server's own text after NO.
_BAD: Final = re.compile(r"[A-Z]+ command error: BAD ")


def connect(credentials: Credentials, deadline: CallDeadline) -> ImapWire:
    """Return a connection that is logged in.

    Raises GatewayError. LOGIN_REFUSED means that the server says that the password is wrong, or gives no reason. The
    other codes are BUSY, MISCONFIGURED, UNREACHABLE and UNREADABLE.
    """
    return with_mechanisms_left(lambda refused: _connect(credentials, deadline, refused))


def _connect(credentials: Credentials, deadline: CallDeadline, refused: set[str]) -> ImapWire:
    server = credentials.account.server
    wire = Wire.connect(server, server.mailbox, deadline)
    with on_error(wire.close):
        client = _open(wire, server)
        _log_in(client, credentials, refused)
        return ImapWire(wire, _capabilities(client))


class BothRevisions(imaplib.IMAP4):
    """imaplib, but it also accepts a server that has only the second revision of IMAP (RFC 9051 section 6.1.1)."""

    def _get_capabilities(self) -> None:
        super()._get_capabilities()  # type: ignore[misc]  # typeshed does not know it
        if "IMAP4REV2" in self.capabilities:
            self.capabilities = (*self.capabilities, "IMAP4REV1")


class _ImapOverWire(BothRevisions):
    """imaplib on an open connection. The wire's deadline and a number of bytes limit it."""

    def __init__(self, wire: Wire, host: str) -> None:
        self._wire = wire
        self._bytes_left = _MAX_LOGIN_BYTES
        super().__init__(host)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self.host = host

    def read(self, size: int) -> bytes:
        self._take(size)
        content = bytearray()
        while len(content) < size:
            content += self._wire.read_some(size - len(content))
        return bytes(content)

    def readline(self) -> bytes:
        line = self._wire.read_line(_MAX_LOGIN_BYTES)
        self._take(len(line))
        if line[:5].upper() == b"* BYE":
            # Some servers keep the connection open after BYE, and imaplib would wait for the answer to the login.
            raise SaidGoodbye
        # imaplib requires the line ends and the text that RFC 9051 sections 2.2 and 7.1 prescribe. Some servers end the
        # answer to a login in a bare LF (GNU Mailutils 3.15), and some leave the text out.
        line = line.rstrip(b"\r\n") + b"\r\n"
        return line[:-2] + b" \r\n" if _WITHOUT_TEXT.fullmatch(line) else line

    def send(self, data: bytes) -> None:  # type: ignore[override]  # imaplib's method takes any buffer
        self._wire.send(data)

    def capability(self) -> Any:
        # Most servers name the capabilities in the greeting (RFC 9051 section 7.1). imaplib would ask for them again.
        if "CAPABILITY" in self.untagged_responses:
            return self._untagged_response("OK", [None], "CAPABILITY")
        return super().capability()

    # imaplib expects a callable, but this method gets an Exchange.
    def authenticate(self, mechanism: str, authobject: Exchange) -> tuple[str, str]:  # type: ignore[override]
        # RFC 4959: the first message fits into the command, which saves a round trip.
        first = None if authobject.first is None else b64encode(authobject.first)
        is_at_once = first is not None and "SASL-IR" in self.capabilities
        self.literal = _Challenges(authobject, None if is_at_once else first).process  # type: ignore[assignment]
        kind, data = self._simple_command(
            "AUTHENTICATE", mechanism, *([first.decode()] if first and is_at_once else [])
        )
        if kind != "OK":
            raise self.error(data[-1].decode(errors="replace"))
        self.state = "AUTH"
        return kind, data

    def shutdown(self) -> None:
        self._wire.close()

    def begin_tls(self, context: ssl.SSLContext) -> None:
        kind, _ = self._simple_command("STARTTLS")
        if kind != "OK":
            raise self.error("STARTTLS is refused")
        self._wire.start_tls(context, self.host)
        self.untagged_responses = {}  # Answers that came before TLS may be forged.
        self._get_capabilities()

    def _take(self, size_bytes: int) -> None:
        self._bytes_left -= size_bytes
        if self._bytes_left < 0:
            raise UnreadableAnswer


class _Challenges:
    """Gives imaplib the line to send after each challenge of a login."""

    def __init__(self, exchange: Exchange, first: bytes | None) -> None:
        self._exchange = exchange
        self._first = first

    def process(self, challenge: bytes) -> bytes:
        """Return the client's next line, which is the first message if the command had none."""
        first, self._first = self._first, None
        return self._exchange.answer_line(challenge) if first is None else first


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
    """imapclient over a wire. It keeps no log, because that would contain the password."""

    def __init__(self, wire: Wire, host: str) -> None:
        self._wire = wire
        super().__init__(host, ssl=False)
        if self._imap.state != "NONAUTH":
            # PREAUTH means that a user, perhaps another one, is logged in already. Before TLS it may be an attack (RFC
            # 9051 section 11.1).
            raise UnreadableAnswer
        self._imap.debug = 0
        self._imap._mesg = self._imap._log = lambda *_: None

    def begin_tls(self, context: ssl.SSLContext) -> None:
        """Encrypt with STARTTLS, and ask for the capabilities again."""
        self._imap.begin_tls(context)
        self._starttls_done = True

    def _create_IMAP4(self) -> _ImapOverWire:
        return _ImapOverWire(self._wire, self.host)

    def _set_read_timeout(self) -> None:
        """Do nothing, because the wire's deadline bounds the time."""


def _open(wire: Wire, server: MailServer) -> _Client:
    """Read the greeting and the capabilities, inside TLS."""
    try:
        client = _Client(wire, server.mailbox.host)
        if server.mailbox.security is Security.STARTTLS:
            client.begin_tls(server.tls_context())
    except GatewayError:
        raise
    except Exception:  # noqa: BLE001 (a damaged answer raises any exception in imaplib)
        raise UnreadableAnswer from None
    return client


def _log_in(client: _Client, credentials: Credentials, refused: set[str]) -> None:
    offered = frozenset(
        name.decode("ascii", "replace").upper().removeprefix("AUTH=")
        for name in client.capabilities()
        if name.upper().startswith(b"AUTH=")
    )

    def attempt(exchange: Exchange) -> None:
        with _login_errors(client):
            client.sasl_login(exchange.mechanism.value, exchange)

    reason = log_in_by(offered, credentials, credentials.account.server.mailbox, attempt, refused=refused)
    if reason is None:
        return
    login, password = credentials.account.login, credentials.password
    is_refused = b"LOGINDISABLED" in client.capabilities() or not (login + password).isascii()
    if credentials.kind is Secret.TOKEN or is_refused:
        raise reason
    with _login_errors(client):
        client.login(login, password)


@contextmanager
def _login_errors(client: _Client) -> Iterator[None]:
    """Convert the errors of imapclient and imaplib at a login to errors of the gateway."""
    try:
        yield
    except GatewayError:
        raise
    except LoginError as error:
        if isinstance(error.__context__, imaplib.IMAP4.abort):
            raise _abort_meaning(client) from None
        raise _login_refusal(str(error)) from None
    except Exception:  # noqa: BLE001 (a damaged answer raises any exception in imaplib)
        raise UnreadableAnswer from None


def _capabilities(client: _Client) -> frozenset[bytes]:
    """Return the capabilities after the login, from its answer or from a command (RFC 9051 section 6.1.1)."""
    try:
        return frozenset(client.capabilities())
    except GatewayError:
        raise
    except Exception:  # noqa: BLE001 (a damaged answer raises any exception in imaplib)
        # If the answer is damaged, the server counts as one without further capabilities.
        return frozenset()


def _abort_meaning(client: _Client) -> GatewayError:
    """Return the error for a login without an answer. The server has closed the connection, or sent unreadable text."""
    return ConnectionLost() if "BYE" in client._imap.untagged_responses else UnreadableAnswer()


def _login_refusal(text: str) -> GatewayError:
    # The server's own words are not passed on, because they could repeat the password.
    is_bad = _BAD.match(text) is not None
    code = "" if is_bad else read_code(text.encode("utf-8", "replace"))
    meaning = login_code(code, text)
    if meaning is GatewayCode.BUSY:
        return GatewayError(GatewayCode.BUSY, "The mail server accepts no login at the moment. Try again later.")
    if is_bad or (not code and names_mechanism(text)):
        return MechanismRefused()
    if meaning is GatewayCode.LOGIN_REFUSED:
        return LoginRefused(names_password=names_password(code, text))
    reason = f" ({code})" if code in LOGIN_CODES and code else ""
    return GatewayError(
        GatewayCode.MISCONFIGURED, f"The mail server refused to sign you in{reason}. Tell your administrator."
    )
