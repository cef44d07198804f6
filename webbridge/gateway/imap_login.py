"""Opening an IMAP connection: TLS that is verified, then the login (RFC 9051 sections 6.2.1 to 6.2.3)."""

from __future__ import annotations

import imaplib
import ssl
from contextlib import suppress
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from webbridge.gateway.door import ConnectionLost, Credentials, GatewayCode, GatewayError, MailServer, Security


def connect(server: MailServer, credentials: Credentials) -> Any:
    """Return an imapclient that is logged in.

    Raises GatewayError with UNREACHABLE or LOGIN_REFUSED.
    """
    try:
        client = _open_connection(server)
    except (OSError, imaplib.IMAP4.error, IMAPClientError) as error:
        raise GatewayError(GatewayCode.UNREACHABLE, _unreachable_text(error)) from error
    try:
        _log_in(client, credentials)
    except GatewayError:
        shut_down(client)
        raise
    return client


def _open_connection(server: MailServer) -> Any:
    address = server.imap
    implicit = address.security is Security.IMPLICIT_TLS
    context = server.tls_context()
    client = IMAPClient(
        address.host,
        address.port,
        ssl=implicit,
        ssl_context=context if implicit else None,
        timeout=SocketTimeout(server.timeout_seconds, server.timeout_seconds),
    )
    # imapclient makes imaplib keep and log every line; neither passwords nor mail belong there.
    client._imap.debug = 0
    try:
        client.socket().setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        if not implicit:
            client.starttls(context)
    except (OSError, imaplib.IMAP4.error, IMAPClientError):
        shut_down(client)
        raise
    return client


def _log_in(client: Any, credentials: Credentials) -> None:
    try:
        # PLAIN takes UTF-8 (RFC 4616 section 2), LOGIN only ASCII.
        if client.has_capability("AUTH=PLAIN"):
            client.plain_login(credentials.address, credentials.password)
        else:
            client.login(credentials.address, credentials.password)
    except OSError as error:
        raise ConnectionLost from error
    except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
        # imapclient makes one error of a refusal and of a connection that broke; only the latter is an abort.
        if isinstance(error, imaplib.IMAP4.abort) or isinstance(error.__context__, imaplib.IMAP4.abort):
            raise ConnectionLost from None
        # Without the cause: a traceback of the login could show what was sent.
        raise GatewayError(
            GatewayCode.LOGIN_REFUSED, "The mail server did not accept this address and password."
        ) from None


def shut_down(client: Any) -> None:
    """Close a connection without a word."""
    with suppress(OSError):
        client.shutdown()


def _unreachable_text(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "The mail server's certificate is not trusted; nothing was sent to it."
    return "The mail server does not answer."
