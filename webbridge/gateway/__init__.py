"""The one door between the web and the mail servers.

`door` refuses what must not pass, `wire` has the bytes and the deadline, `imap` and `smtp` speak to the servers, `pool`
keeps logged-in connections. Whatever a server says or does is an answer or a GatewayError.
Nobody else in the bridge opens a connection to a mail server.
"""

from __future__ import annotations

from webbridge.gateway.door import Credentials, GatewayCode, GatewayError, MailServer, Security, ServerAddress
from webbridge.gateway.imap import Folder, ImapConnection, MessageSummary, Protection, RawMessage
from webbridge.gateway.pool import ConnectionPool
from webbridge.gateway.smtp import Outcome, submit_message

__all__ = [
    "ConnectionPool",
    "Credentials",
    "Folder",
    "GatewayCode",
    "GatewayError",
    "ImapConnection",
    "MailServer",
    "MessageSummary",
    "Outcome",
    "Protection",
    "RawMessage",
    "Security",
    "ServerAddress",
    "submit_message",
]
