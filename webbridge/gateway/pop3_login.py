"""Open a POP3 connection: verified TLS (RFC 2595, RFC 8314), CAPA (RFC 2449), then the login.

The login uses SASL (RFC 5034), or USER and PASS (RFC 1939) if the server offers no mechanism that the bridge knows. The
password is sent only inside TLS. APOP is not used, because it needs MD5.
"""

from __future__ import annotations

from base64 import b64encode

from webbridge.gateway.door import Credentials, GatewayCode, GatewayError, LoginRefused, Secret, Security
from webbridge.gateway.failures import login_code, names_mechanism, names_password
from webbridge.gateway.pop3_wire import Pop3Wire, Status
from webbridge.gateway.sasl import Exchange, MechanismRefused, log_in_by, with_mechanisms_left
from webbridge.gateway.wire import CallDeadline, Wire, on_error

MAX_AUTH_BYTES = 255  # RFC 5034 section 4: a longer response is sent on a separate line.
# RFC 2449 section 8.1, RFC 3206: the mailbox is in use, logins are too frequent, or the server has a temporary fault.
_PASSING = frozenset({"IN-USE", "LOGIN-DELAY", "SYS/TEMP"})


def connect(credentials: Credentials, deadline: CallDeadline) -> tuple[Pop3Wire, frozenset[str]]:
    """Return a connection that is logged in, and the server's capabilities.

    Raises GatewayError. LOGIN_REFUSED means that the server says that the password is wrong, or gives no reason.
    """
    return with_mechanisms_left(lambda refused: _connect(credentials, deadline, refused))


def _connect(credentials: Credentials, deadline: CallDeadline, refused: set[str]) -> tuple[Pop3Wire, frozenset[str]]:
    server = credentials.account.server
    wire = Wire.connect(server, server.mailbox, deadline)
    with on_error(wire.close):
        pop3 = Pop3Wire(wire)
        if not pop3.read_status().is_ok:
            raise GatewayError(GatewayCode.BUSY, "The mail server takes no connection at the moment. Try again later.")
        if server.mailbox.security is Security.STARTTLS:
            if not pop3.ask(b"STLS").is_ok:
                raise _misconfigured("offers no TLS")
            wire.start_tls(server.tls_context(), server.mailbox.host)
        capabilities = _capabilities(pop3)
        _log_in(pop3, credentials, capabilities, refused)
        return pop3, _capabilities(pop3)


def _capabilities(pop3: Pop3Wire) -> frozenset[str]:
    """Return the lines of CAPA in capitals. A server without CAPA has none."""
    if not pop3.ask(b"CAPA").is_ok:
        return frozenset()
    return frozenset(line.decode("ascii", "replace").upper() for line in pop3.read_lines())


def _log_in(pop3: Pop3Wire, credentials: Credentials, capabilities: frozenset[str], refused: set[str]) -> None:
    names_wrong_passwords = "AUTH-RESP-CODE" in capabilities

    def attempt(exchange: Exchange) -> None:
        status = _authenticate(pop3, exchange)
        if not status.is_ok:
            raise _login_refusal(status, names_wrong_passwords=names_wrong_passwords)

    offered = {name for line in capabilities if line.startswith("SASL ") for name in line.split()[1:]}
    reason = log_in_by(offered, credentials, credentials.account.server.mailbox, attempt, refused=refused)
    if reason is None:
        return
    login, password = credentials.account.login, credentials.password
    has_user = not capabilities or "USER" in capabilities
    if credentials.kind is Secret.TOKEN or not has_user or not (login + password).isascii():
        raise reason
    status = pop3.ask(b"USER " + login.encode("ascii"))
    if status.is_ok:
        status = pop3.ask(b"PASS " + password.encode("ascii"))
    if not status.is_ok:
        raise _login_refusal(status, names_wrong_passwords=names_wrong_passwords)


def _authenticate(pop3: Pop3Wire, exchange: Exchange) -> Status:
    """Log in with one mechanism, and return the status that ends the login. Raises GatewayError."""
    command = b"AUTH " + exchange.mechanism.value.encode()
    first = None if exchange.first is None else b64encode(exchange.first)
    is_short = first is not None and len(command) + len(first) + 3 <= MAX_AUTH_BYTES
    answer = pop3.exchange(command + b" " + first if first is not None and is_short else command)
    if first is not None and not is_short and isinstance(answer, bytes):
        answer = pop3.exchange(first)
    while isinstance(answer, bytes):
        answer = pop3.exchange(exchange.answer_line(answer))
    return answer


def _login_refusal(status: Status, *, names_wrong_passwords: bool) -> GatewayError:
    # The server's own words are not passed on, because they could repeat the password.
    text = status.text.decode("utf-8", "replace")
    code = "AUTHENTICATIONFAILED" if status.code == "AUTH" else ""
    is_of_the_login = status.code in ("", "AUTH")
    if status.code in _PASSING or (is_of_the_login and login_code(code, text) is GatewayCode.BUSY):
        return GatewayError(
            GatewayCode.BUSY, "The mailbox is in use, or accepts no login at the moment. Try again later."
        )
    if not status.code and names_mechanism(text):
        return MechanismRefused()
    if status.code == "AUTH" or not (status.code or names_wrong_passwords):
        return LoginRefused(names_password=names_password(code, text))
    return _misconfigured("refused to sign you in")


def _misconfigured(what: str) -> GatewayError:
    return GatewayError(GatewayCode.MISCONFIGURED, f"The mail server {what}. Tell your administrator.")
