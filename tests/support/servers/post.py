"""A mail server that takes notices, with what it has taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server, Envelope, Session

from sealwax.notices.submission import SmtpSecurity, Submission
from tests.support.servers.ports import free_port


@dataclass
class Post:
    """The mails that the server has taken, and the answer to those that it takes no more.

    `before_answer` is called when a whole mail has come, and `before_recipient` before the answer to RCPT.
    """

    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    refused_senders: dict[str, str] = field(default_factory=dict)
    answer: str = "250 OK"
    before_answer: Callable[[], None] = lambda: None
    before_recipient: Callable[[], None] = lambda: None

    async def handle_MAIL(
        self, _server: Server, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused_senders:
            return self.refused_senders[address]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, _server: Server, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.before_recipient()
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Server, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.answer.startswith("2"):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.raw.append(envelope.content)
            self.senders.append(envelope.mail_from or "")
            self.recipients.append(envelope.rcpt_tos)
        self.before_answer()
        return self.answer

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@contextmanager
def serving(post: Post) -> Iterator[Submission]:
    """The server on a port of this machine, without TLS."""
    port = free_port()
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield Submission(host="127.0.0.1", port=port, security=SmtpSecurity.NONE)
    finally:
        controller.stop()
