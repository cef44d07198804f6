"""Submission of one message by SMTP (RFC 6409, RFC 5321), to all of its recipients or to none."""

from __future__ import annotations

import smtplib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import IPPROTO_TCP, TCP_NODELAY

from webbridge.gateway.door import (
    Credentials,
    GatewayCode,
    GatewayError,
    MailServer,
    Security,
    check_address,
    check_message,
    check_recipients,
    clean_text,
)


def submit_message(
    server: MailServer, credentials: Credentials, message: bytes, *, recipients: list[str], max_bytes: int
) -> None:
    """Hand the bytes to the submission server as they are.

    SMTP ends every message with CR LF (RFC 5321 section 4.1.1.4): one without gets it on the way, nothing else changes.

    Raises GatewayError with UNREACHABLE, LOGIN_REFUSED, MESSAGE_REFUSED or BAD_ARGUMENT; then nobody got it.
    """
    check_message(message, max_bytes=max_bytes)
    checked = check_recipients(recipients)
    with _connection(server) as smtp:
        _log_in(smtp, credentials)
        _transfer(smtp, check_address(credentials.address), checked, message)


@contextmanager
def _connection(server: MailServer) -> Iterator[smtplib.SMTP]:
    address = server.smtp
    context = server.tls_context()
    try:
        if address.security is Security.IMPLICIT_TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                address.host, address.port, timeout=server.timeout_seconds, context=context
            )
        else:
            smtp = smtplib.SMTP(address.host, address.port, timeout=server.timeout_seconds)
    except OSError as error:  # smtplib's own errors and ssl's are OSErrors
        raise GatewayError(GatewayCode.UNREACHABLE, "The server for outgoing mail does not answer.") from error
    try:
        if smtp.sock is not None:
            smtp.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        if address.security is Security.STARTTLS:
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        yield smtp
        with suppress(OSError):
            smtp.quit()
    except OSError as error:
        raise GatewayError(GatewayCode.UNREACHABLE, "The server for outgoing mail closed the connection.") from error
    finally:
        smtp.close()


def _log_in(smtp: smtplib.SMTP, credentials: Credentials) -> None:
    # smtplib's login() takes only ASCII passwords; PLAIN is UTF-8 (RFC 4616 section 2).
    response = b64encode(f"\0{credentials.address}\0{credentials.password}".encode()).decode("ascii")
    code, _text = smtp.docmd("AUTH", f"PLAIN {response}")
    if code != 235:  # RFC 4954 section 6: authentication succeeded
        raise GatewayError(
            GatewayCode.LOGIN_REFUSED, "The server for outgoing mail did not accept this address and password."
        )


def _transfer(smtp: smtplib.SMTP, sender: str, recipients: list[str], message: bytes) -> None:
    options = [f"size={len(message)}"] if smtp.has_extn("size") else []
    if not message.isascii():
        if not smtp.has_extn("8bitmime"):
            raise GatewayError(GatewayCode.MESSAGE_REFUSED, "The server for outgoing mail takes only 7-bit messages.")
        options.append("body=8bitmime")
    _accepted(smtp.mail(sender, options), "the sender")
    for recipient in recipients:
        _accepted(smtp.rcpt(recipient), f"the recipient {recipient}")
    try:
        _accepted(smtp.data(message), "the message")
    except smtplib.SMTPDataError as error:
        _accepted((error.smtp_code, _as_bytes(error.smtp_error)), "the message")


def _accepted(reply: tuple[int, bytes], what: str) -> None:
    """Go on after a 2xx reply; else stop, and the transaction dies with the connection."""
    code, text = reply
    if not 200 <= code < 300:
        raise GatewayError(GatewayCode.MESSAGE_REFUSED, f"The mail server refused {what}: {code} {clean_text(text)}")


def _as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
