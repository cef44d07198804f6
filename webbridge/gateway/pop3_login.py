"""Open a POP3 connection: verified TLS (RFC 2595, RFC 8314), CAPA (RFC 2449), then the login.

The login is by SASL (RFC 5034, RFC 7628), or by USER and PASS (RFC 1939). The password is sent only inside TLS. The
first of these ways that the server offers is used: AUTH PLAIN, then USER and PASS. APOP is not used, because it needs
MD5.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from webbridge.gateway import bearer
from webbridge.gateway.door import Credentials, GatewayCode, GatewayError, Secret, Security
from webbridge.gateway.pop3_wire import Pop3Wire, Status
from webbridge.gateway.wire import CallDeadline, Wire

MAX_AUTH_BYTES = 255  # RFC 5034 section 4: a longer response follows on a line of its own.
# RFC 2449 section 8.1, RFC 3206: the mailbox is in use, logins are too frequent, or the server has a passing fault.
_PASSING = frozenset({"IN-USE", "LOGIN-DELAY", "SYS/TEMP"})


def connect(credentials: Credentials, deadline: CallDeadline) -> tuple[Pop3Wire, frozenset[str]]:
    """Return a connection that is logged in, and the capabilities that the server has named.

    Raises GatewayError: LOGIN_REFUSED only if the server says that the password is wrong, or gives no reason.
    """
    server = credentials.account.server
    wire = Wire.connect(server, server.mailbox, deadline)
    try:
        pop3 = Pop3Wire(wire)
        _read_greeting(pop3)
        if server.mailbox.security is Security.STARTTLS:
            if not pop3.ask(b"STLS").is_ok:
                raise _misconfigured("offers no TLS")
            wire.start_tls(server.tls_context(), server.mailbox.host)
        capabilities = _capabilities(pop3)
        _log_in(pop3, credentials, capabilities)
        return pop3, _capabilities(pop3)
    except GatewayError:
        wire.close()
        raise


def _read_greeting(pop3: Pop3Wire) -> None:
    greeting = pop3.read_status()
    if not greeting.is_ok:
        raise GatewayError(GatewayCode.BUSY, "The mail server takes no connection at the moment. Try again later.")


def _capabilities(pop3: Pop3Wire) -> frozenset[str]:
    """Return the lines of CAPA in capitals. A server without CAPA has none."""
    if not pop3.ask(b"CAPA").is_ok:
        return frozenset()
    return frozenset(line.decode("ascii", "replace").upper() for line in pop3.read_lines())


def _log_in(pop3: Pop3Wire, credentials: Credentials, capabilities: frozenset[str]) -> None:
    if credentials.kind is Secret.TOKEN:
        _send_token(pop3, credentials, capabilities)
        return
    login, password = credentials.account.login, credentials.password
    if _offers(capabilities, "PLAIN"):
        # RFC 4616 section 2: PLAIN is UTF-8.
        status = _authenticate(pop3, b"PLAIN", b64encode(f"\0{login}\0{password}".encode()))
    elif not (login + password).isascii() or (capabilities and "USER" not in capabilities):
        raise _misconfigured("offers no way to sign in with this password")
    else:
        status = pop3.ask(b"USER " + login.encode("ascii"))
        if status.is_ok:
            status = pop3.ask(b"PASS " + password.encode("ascii"))
    if not status.is_ok:
        raise _login_refusal(status, names_wrong_passwords="AUTH-RESP-CODE" in capabilities)


def _offers(capabilities: frozenset[str], mechanism: str) -> bool:
    return any(line.startswith("SASL ") and mechanism in line.split() for line in capabilities)


def _send_token(pop3: Pop3Wire, credentials: Credentials, capabilities: frozenset[str]) -> None:
    """Log in by OAUTHBEARER (RFC 7628). Raises GatewayError."""
    if not _offers(capabilities, bearer.MECHANISM):
        raise bearer.not_offered()
    first = b64encode(bearer.first_message(credentials, credentials.account.server.mailbox))
    command = f"AUTH {bearer.MECHANISM}".encode()
    is_short = len(command) + len(first) + 3 <= MAX_AUTH_BYTES
    answer = pop3.exchange(command + b" " + first if is_short else command)
    if isinstance(answer, bytes) and not is_short:
        answer = pop3.exchange(first)
    reason = b""
    if isinstance(answer, bytes):
        reason, answer = answer, pop3.ask(b64encode(bearer.LAST_MESSAGE))
    if answer.is_ok:
        return
    refusal = _login_refusal(answer, names_wrong_passwords="AUTH-RESP-CODE" in capabilities)
    if refusal.code is not GatewayCode.LOGIN_REFUSED:
        raise refusal
    bearer.check_reason(_decoded(reason))
    raise bearer.token_refused()


def _decoded(reason: bytes) -> bytes:
    """Return the bytes of base64, or none if it is damaged."""
    try:
        return b64decode(reason, validate=True)
    except Base64Error:
        return b""


def _authenticate(pop3: Pop3Wire, mechanism: bytes, response: bytes) -> Status:
    command = b"AUTH " + mechanism + b" " + response
    if len(command) + 2 <= MAX_AUTH_BYTES:
        return pop3.ask(command)
    if not pop3.asks_for_more(b"AUTH " + mechanism):
        return Status(False, "SYS/PERM", b"")
    return pop3.ask(response)


def _login_refusal(status: Status, *, names_wrong_passwords: bool) -> GatewayError:
    # The server's own words are not passed on, because they could repeat the password.
    if status.code == "AUTH" or not (status.code or names_wrong_passwords):
        return GatewayError(
            GatewayCode.LOGIN_REFUSED, "The mail server did not accept this address and password. Check both."
        )
    if status.code in _PASSING:
        return GatewayError(
            GatewayCode.BUSY, "The mailbox is in use, or accepts no login at the moment. Try again later."
        )
    return _misconfigured("refused to sign you in")


def _misconfigured(what: str) -> GatewayError:
    return GatewayError(GatewayCode.MISCONFIGURED, f"The mail server {what}. Tell your administrator.")
