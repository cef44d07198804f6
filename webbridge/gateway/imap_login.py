"""Opening an IMAP connection: TLS that is verified, then the login (RFC 9051 sections 6.2.1 to 6.2.3, RFC 5530)."""

from __future__ import annotations

from base64 import b64encode

from webbridge.gateway.door import Credentials, GatewayCode, GatewayError, MailServer, Security
from webbridge.gateway.imap_syntax import code_words, is_plain, quote, read_code
from webbridge.gateway.imap_wire import PASSING_CODES, Answer, ImapWire, refusal
from webbridge.gateway.wire import CallDeadline, Wire

# RFC 5530 section 3. Many servers have no codes: a NO without one, or with one that gives no reason, means a password
# that is wrong.
_WRONG_PASSWORD = frozenset({"", "AUTHENTICATIONFAILED", "EXPIRED", "ALERT"})
_OTHER_REASONS = frozenset({"AUTHORIZATIONFAILED", "CONTACTADMIN", "PRIVACYREQUIRED"})


def connect(server: MailServer, credentials: Credentials, deadline: CallDeadline) -> ImapWire:
    """Return a connection that is logged in.

    Raises GatewayError: LOGIN_REFUSED only when the server says that the password is wrong, or gives no reason; BUSY,
    SERVER_REFUSED, UNREACHABLE or UNREADABLE else.
    """
    wire = Wire.connect(server, server.imap, deadline)
    try:
        imap = ImapWire(wire)
        capabilities = _read_greeting(imap)
        if server.imap.security is Security.STARTTLS:
            imap.run(b"STARTTLS")
            wire.start_tls(server.tls_context(), server.imap.host)
            capabilities = set()  # what came before TLS counts for nothing
        _log_in(imap, credentials, capabilities or _ask_capabilities(imap))
    except GatewayError:
        wire.close()
        raise
    return imap


def _read_greeting(imap: ImapWire) -> set[bytes]:
    """Return the capabilities that the greeting names, if any."""
    greeting = imap.read_greeting()
    if greeting.kind == "BYE":
        raise GatewayError(GatewayCode.BUSY, "The mail server takes no connection at the moment.")
    if greeting.kind == "PREAUTH":
        # Logged in as an unknown user; before TLS it is an attack (RFC 9051 section 11.1).
        raise imap.unreadable()
    return code_words(greeting.text, "CAPABILITY")


def _ask_capabilities(imap: ImapWire) -> set[bytes]:
    answers = [answer for answer in imap.run(b"CAPABILITY") if answer.kind == "CAPABILITY"]
    return {word.upper() for answer in answers for word in answer.values if isinstance(word, bytes)}


def _log_in(imap: ImapWire, credentials: Credentials, capabilities: set[bytes]) -> None:
    answers: list[Answer] = []
    address, password = credentials.address.encode(), credentials.password.encode()
    # PLAIN takes UTF-8 (RFC 4616 section 2), LOGIN only ASCII.
    if b"AUTH=PLAIN" in capabilities:
        imap.ask_for_more(b"AUTHENTICATE PLAIN", refused=refusal)
        imap.send_line(b64encode(b"\0" + address + b"\0" + password))
    elif b"LOGINDISABLED" in capabilities or not is_plain(password):
        text = "The mail server does not take this way to sign in."
        raise GatewayError(GatewayCode.SERVER_REFUSED, text)
    else:
        imap.send_command(b"LOGIN " + quote(address) + b" " + quote(password))
    imap.finish(answers, refused=_login_refusal)


def _login_refusal(word: str, text: bytes) -> GatewayError:
    # The server's own words stay behind: they could repeat what was sent.
    code = read_code(text)
    if word == "NO" and code in _WRONG_PASSWORD:
        return GatewayError(GatewayCode.LOGIN_REFUSED, "The mail server did not accept this address and password.")
    if word == "NO" and code in PASSING_CODES:
        return GatewayError(GatewayCode.BUSY, "The mail server signs nobody in at the moment.")
    reason = f" ({code})" if code in _OTHER_REASONS else ""
    return GatewayError(GatewayCode.SERVER_REFUSED, f"The mail server refused to sign you in{reason}.")
