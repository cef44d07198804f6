"""The only part of the bridge that talks to mail servers.

`door` refuses forbidden arguments, `wire` sends and receives bytes within a deadline, `imap`, `pop3`, `smtp` and
`sieve` implement the protocols, and `pool` keeps logged-in connections. Each reply of a server becomes a result or a
GatewayError.
"""

from __future__ import annotations

from webbridge.gateway.connection import MailConnection, MessagePage, RawMessage
from webbridge.gateway.door import (
    Credentials,
    GatewayCode,
    GatewayError,
    LoginRefused,
    MailAccount,
    Mailbox,
    MailServer,
    Secret,
    Security,
    ServerAddress,
)
from webbridge.gateway.failures import Failure, failure_of
from webbridge.gateway.imap import Folder, ImapConnection, MessageSummary, Protection
from webbridge.gateway.imap_access import Grant, Level
from webbridge.gateway.imap_idle import INBOX, RENEW_SECONDS, InboxWatch
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.gateway.pool import ConnectionPool
from webbridge.gateway.pop3 import Pop3Connection
from webbridge.gateway.sieve import MAX_SCRIPT_BYTES, SieveConnection, SieveScript, sieve_mechanisms
from webbridge.gateway.smtp import Offers, Outcome, Report, ask_offers, submit_message

__all__ = [
    "INBOX",
    "MAX_SCRIPT_BYTES",
    "RENEW_SECONDS",
    "ConnectionPool",
    "Credentials",
    "Failure",
    "Folder",
    "GatewayCode",
    "GatewayError",
    "Grant",
    "ImapConnection",
    "InboxWatch",
    "Level",
    "LoginRefused",
    "MailAccount",
    "MailConnection",
    "MailServer",
    "Mailbox",
    "MessagePage",
    "MessageSummary",
    "Offers",
    "Outcome",
    "OutgoingMessage",
    "Pop3Connection",
    "Protection",
    "RawMessage",
    "Report",
    "Secret",
    "Security",
    "ServerAddress",
    "SieveConnection",
    "SieveScript",
    "ask_offers",
    "failure_of",
    "sieve_mechanisms",
    "submit_message",
]
