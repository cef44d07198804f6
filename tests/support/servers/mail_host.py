"""A mail host for webmails: a private Dovecot, and an SMTP server that delivers into Dovecot's mailboxes."""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.servers.dovecot import HOST, new_folder, run_dovecot
from webbridge.gateway import Security, ServerAddress

MAX_MESSAGE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHost:
    """The two running servers and their accounts, with methods to read and fill the mailboxes.

    `maildirs`: the folder with the Maildir of each account.
    """

    imap: ServerAddress
    smtp_port: int
    passwords: Mapping[str, str]
    tls_folder: Path
    maildirs: Path

    def append(self, account: str, raw: bytes, folder: str = "INBOX") -> int:
        """Put an unchanged message into a mailbox, and return its UID."""
        with self._connection(account) as imap:
            _, answer = imap.append(folder, "", "", raw)
        match = re.search(rb"APPENDUID \d+ (\d+)", answer[0])
        assert match, answer
        return int(match[1])

    def messages(self, account: str, folder: str = "INBOX") -> list[bytes]:
        """The messages of a folder, oldest first; an empty list if the folder does not exist."""
        with self._connection(account) as imap:
            status, count = imap.select(folder, readonly=True)
            if status != "OK" or count == [b"0"]:
                return []
            _, rows = imap.fetch("1:*", "(BODY.PEEK[])")
        return [row[1] for row in rows if isinstance(row, tuple)]

    def wait_for_messages(self, account: str, *, timeout_seconds: float = 30) -> list[bytes]:
        """The messages of the inbox, once there are any; an empty list if none comes."""
        deadline = time.monotonic() + timeout_seconds
        while not (messages := self.messages(account)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return messages

    def uids(self, account: str) -> list[int]:
        """The UIDs of the messages in the inbox, oldest first."""
        with self._connection(account) as imap:
            imap.select(readonly=True)
            _, answer = imap.uid("SEARCH", "ALL")
        return [int(uid) for uid in answer[0].split()]

    def unread(self, account: str, folder: str) -> int:
        """The number of messages of a folder that are not marked as read."""
        with self._connection(account) as imap:
            imap.select(folder, readonly=True)
            _, answer = imap.search(None, "UNSEEN")
        return len(answer[0].split())

    def empty(self, account: str, folder: str = "INBOX") -> None:
        """Delete all messages of a folder."""
        with self._connection(account) as imap:
            status, count = imap.select(folder)
            if status != "OK" or count == [b"0"]:
                return
            imap.store("1:*", "+FLAGS", "\\Deleted")
            imap.expunge()

    @contextlib.contextmanager
    def _connection(self, account: str) -> Iterator[imaplib.IMAP4_SSL]:
        trust = ssl.create_default_context(cafile=self.tls_folder / "tls_ca.pem")
        imap = imaplib.IMAP4_SSL(self.imap.host, self.imap.port, ssl_context=trust)
        try:
            imap.authenticate("PLAIN", lambda _: f"\0{account}\0{self.passwords[account]}".encode())
            yield imap
        finally:
            imap.logout()


@contextlib.contextmanager
def run_mail_host(passwords: Mapping[str, str], *, tls_folder: Path) -> Iterator[MailHost]:
    """Run both servers during the block. SMTP accepts mail from any sender to recipients with an account."""
    folder = new_folder()
    with run_dovecot(passwords, tls_folder=tls_folder, folder=folder) as addresses:
        with socket.create_server((HOST, 0)) as probe:
            smtp_port: int = probe.getsockname()[1]
        host = MailHost(
            imap=addresses[Security.IMPLICIT_TLS], smtp_port=smtp_port, passwords=passwords, tls_folder=tls_folder,
            maildirs=folder / "mail",
        )  # fmt: skip
        controller = Controller(_Deliverer(host), hostname=HOST, port=smtp_port, data_size_limit=MAX_MESSAGE_BYTES)
        controller.start()
        try:
            yield host
        finally:
            controller.stop()


class _Deliverer:
    """The handler for aiosmtpd: accepts recipients with an account, and puts each message into their inboxes."""

    def __init__(self, host: MailHost) -> None:
        self._host = host

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address not in self._host.passwords:
            return "550 5.1.1 No such person here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        for recipient in envelope.rcpt_tos:
            self._host.append(recipient, envelope.content)
        return "250 2.0.0 Delivered"
