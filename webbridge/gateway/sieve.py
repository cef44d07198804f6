"""A connection to a ManageSieve server (RFC 5804), which stores the scripts that filter a person's mail (RFC 5228).

Verified TLS comes before the login. Capabilities that came before TLS count for nothing, because an attacker may have
sent them (section 2.2). PUTSCRIPT checks a script and the room for it by itself (section 2.6), so the bridge sends
neither CHECKSCRIPT nor HAVESPACE. The server is not trusted: it may lie in each answer.
"""

from __future__ import annotations

import time
from base64 import b64encode
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final, Self

from webbridge.gateway.door import (
    Busy,
    ConnectionLost,
    Credentials,
    GatewayCode,
    GatewayError,
    MailServer,
    Security,
    ServerAddress,
    clean_text,
)
from webbridge.gateway.failures import names_mechanism
from webbridge.gateway.sasl import Exchange, MechanismRefused, SaidGoodbye, log_in_by, with_mechanisms_left
from webbridge.gateway.sieve_wire import Row, SieveAnswer, SieveWire, Word, literal, quoted
from webbridge.gateway.wire import CallDeadline, Wire, on_error

# These bounds are our own.
MAX_SCRIPT_BYTES: Final = 256 * 1024
MAX_SCRIPTS: Final = 200
MAX_NAME_BYTES: Final = 512  # RFC 5804 section 1.6 demands that servers take names of 128 characters.
# Pigeonhole 0.5.19 loses about one of 100 commands that follow its greeting at once, if TLS began with the first byte.
# After 10 ms it lost none.
_AFTER_GREETING_SECONDS: Final = 0.02

_ACTIVE: Final = Word("ACTIVE")
# RFC 5804 section 1.3. These codes name faults that only an administrator can remedy.
_FOR_THE_ADMINISTRATOR: Final = frozenset({"AUTH-TOO-WEAK", "ENCRYPT-NEEDED", "TRANSITION-NEEDED", "REFERRAL", "SASL"})


@dataclass(frozen=True, slots=True)
class SieveScript:
    """The name of a script on the server. At most one script of a person is active, which filters the mail."""

    name: str
    is_active: bool


class SieveConnection:
    """A connection that is logged in. Every method raises GatewayError."""

    def __init__(self, sieve: SieveWire, extensions: frozenset[str]) -> None:
        self._sieve = sieve
        self.extensions = extensions
        """The extensions of Sieve that the server says it has."""

    @classmethod
    def open(cls, credentials: Credentials, deadline: CallDeadline) -> Self:
        """Connect, verify the server and log in. The deadline is for the whole life of the connection."""
        return with_mechanisms_left(lambda refused: cls._open(credentials, deadline, refused))

    @classmethod
    def _open(cls, credentials: Credentials, deadline: CallDeadline, refused: set[str]) -> Self:
        server = credentials.account.server
        address = _address_of(server)
        sieve, greeting = _connect(server, address, deadline)
        with on_error(sieve.wire.close):
            _log_in(sieve, _words_of(sieve, greeting, b"SASL"), credentials, address, refused)
            # The extensions may depend on the person.
            capabilities = _checked(sieve.ask(b"CAPABILITY"))
            extensions = _words_of(sieve, capabilities, b"SIEVE")
            return cls(sieve, frozenset(name.lower() for name in extensions))

    def list_scripts(self) -> list[SieveScript]:
        """Return the person's scripts."""
        rows = self._run(b"LISTSCRIPTS").rows
        scripts = [self._script_of(row) for row in rows[: MAX_SCRIPTS + 1]]
        names = {script.name for script in scripts}
        is_one_active = sum(script.is_active for script in scripts) <= 1
        if len(scripts) > MAX_SCRIPTS or len(names) < len(scripts) or not is_one_active:
            raise self._sieve.unreadable()
        return scripts

    def get_script(self, name: str) -> bytes:
        """Return the text of a script."""
        # An answer is a little longer than its script.
        answer = _checked(self._sieve.ask(b"GETSCRIPT " + quoted(name), max_bytes=MAX_SCRIPT_BYTES + 1024))
        if len(answer.rows) != 1 or len(answer.rows[0]) != 1 or not isinstance(answer.rows[0][0], bytes):
            raise self._sieve.unreadable()
        return answer.rows[0][0]

    def put_script(self, name: str, script: bytes) -> None:
        """Store a script, which replaces an earlier one of this name. The server refuses a script with errors."""
        self._run(b"PUTSCRIPT " + quoted(name) + b" " + literal(script))

    def activate(self, name: str) -> None:
        """Let this script filter the mail, and no other."""
        self._run(b"SETACTIVE " + quoted(name))

    def close(self) -> None:
        """Log out if the connection is intact, and close it."""
        with suppress(GatewayError):
            if not self._sieve.wire.broken:
                self._sieve.send(b"LOGOUT")
        self._sieve.wire.close()

    def _run(self, command: bytes) -> SieveAnswer:
        return _checked(self._sieve.ask(command))

    def _script_of(self, row: Row) -> SieveScript:
        name = row[0]
        if not isinstance(name, bytes) or row[1:] not in ((), (_ACTIVE,)) or not 0 < len(name) <= MAX_NAME_BYTES:
            raise self._sieve.unreadable()
        try:
            text = name.decode()
        except UnicodeDecodeError:
            raise self._sieve.unreadable() from None
        # RFC 5804 section 1.6: names have no control characters. `clean_text` would replace them.
        if any(ord(character) < ord(" ") or 0x7F <= ord(character) <= 0x9F for character in text):
            raise self._sieve.unreadable()
        return SieveScript(text, is_active=len(row) > 1)


def sieve_mechanisms(server: MailServer, deadline: CallDeadline) -> frozenset[str]:
    """Return the SASL mechanisms that the server offers inside TLS, without a login. Raises GatewayError."""
    sieve, greeting = _connect(server, _address_of(server), deadline)
    with closing(SieveConnection(sieve, frozenset())):
        return _words_of(sieve, greeting, b"SASL")


def _address_of(server: MailServer) -> ServerAddress:
    if server.sieve is None:
        text = "The mail server of this account has no filters that can be changed here."
        raise GatewayError(GatewayCode.NOT_OFFERED, text)
    return server.sieve


def _connect(server: MailServer, address: ServerAddress, deadline: CallDeadline) -> tuple[SieveWire, SieveAnswer]:
    """Return a connection inside TLS, and the server's greeting there, which names its capabilities."""
    wire = Wire.connect(server, address, deadline)
    with on_error(wire.close):
        sieve = SieveWire(wire)
        greeting = _read_greeting(sieve)
        if address.security is Security.IMPLICIT_TLS:
            time.sleep(_AFTER_GREETING_SECONDS)
            return sieve, greeting
        if not sieve.ask(b"STARTTLS").is_ok:
            raise _misconfigured("offers no TLS for filters")
        wire.start_tls(server.tls_context(), address.host)
        # RFC 5804 section 2.2: the server sends its capabilities again.
        return sieve, _read_greeting(sieve)


def _read_greeting(sieve: SieveWire) -> SieveAnswer:
    greeting = sieve.read_answer()
    if not greeting.is_ok:
        raise SaidGoodbye
    return greeting


def _words_of(sieve: SieveWire, capabilities: SieveAnswer, name: bytes) -> frozenset[str]:
    """Return the words of a capability in capitals. A capability that the server does not name has none."""
    values: dict[bytes, bytes] = {}
    for row in capabilities.rows:
        key, *rest = (part if isinstance(part, bytes) else b"" for part in row)
        if len(rest) > 1 or key.upper() in values:
            raise sieve.unreadable()
        values[key.upper()] = rest[0] if rest else b""
    return frozenset(values.get(name, b"").decode("ascii", "replace").upper().split())


def _log_in(
    sieve: SieveWire, offered: frozenset[str], credentials: Credentials, address: ServerAddress, refused: set[str]
) -> None:
    def attempt(exchange: Exchange) -> None:
        answer = _authenticate(sieve, exchange)
        if answer.is_ok:
            return
        if answer.status == "BYE":
            raise SaidGoodbye
        if not answer.code and names_mechanism(answer.text.decode("utf-8", "replace")):
            raise MechanismRefused
        if answer.code == "TRYLATER":
            raise GatewayError(
                GatewayCode.BUSY, "The mail server accepts no login for filters at the moment. Try again later."
            )
        # The IMAP server has accepted the password, so this refusal does not end the session. The server's own words
        # are not passed on, because they could repeat the password.
        raise _misconfigured("refused to sign you in for filters")

    reason = log_in_by(offered, credentials, address, attempt, refused=refused)
    if reason is not None:
        raise reason


def _authenticate(sieve: SieveWire, exchange: Exchange) -> SieveAnswer:
    """Log in with one mechanism, and return the answer that ends the login."""
    command = b"AUTHENTICATE " + quoted(exchange.mechanism.value)
    first = b"" if exchange.first is None else b" " + literal(b64encode(exchange.first))
    answer = sieve.exchange(command + first)
    while isinstance(answer, bytes):
        answer = sieve.exchange(literal(exchange.answer_line(answer)))
    # Section 2.1: the last message of the server may come with its OK.
    if answer.is_ok and answer.code == "SASL":
        exchange.answer_line(answer.data)
    return answer


def _checked(answer: SieveAnswer) -> SieveAnswer:
    """Return the answer to a command that succeeded. Raises GatewayError for any other."""
    if answer.is_ok:
        return answer
    text = clean_text(answer.text)
    if answer.code in _FOR_THE_ADMINISTRATOR:
        raise _misconfigured(f"refuses to change filters ({answer.code})")
    if answer.code == "TRYLATER":
        raise Busy(f"The mail server cannot do this at the moment: {text}")
    if answer.status == "BYE":
        raise ConnectionLost
    if answer.code == "QUOTA" or answer.code.startswith("QUOTA/"):
        raise GatewayError(GatewayCode.SERVER_REFUSED, "The mail server has no room for these filters.")
    raise GatewayError(GatewayCode.SERVER_REFUSED, f"The mail server refused the filters: {text}")


def _misconfigured(what: str) -> GatewayError:
    return GatewayError(GatewayCode.MISCONFIGURED, f"The mail server {what}. Tell your administrator.")
