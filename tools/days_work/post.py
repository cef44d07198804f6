"""Checks a walk at its mail servers: messages that Postfix accepted, messages received, and Anna's folders."""

from __future__ import annotations

import contextlib
import email.policy
import imaplib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from smime_core import blocking
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import SmimeError
from tools.days_work.people import ANNA, MAIL_PASSWORD, PROVIDER, People
from tools.days_work.user import becomes_true
from webbridge.gateway import ServerAddress

_TAKEN: Final = re.compile(r"from=<anna@[^<>]*>, size=\d+, nrcpt=(\d+) \(queue active\)")
_TAKING_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Received:
    """A message that somebody got: its outer header fields, its type, and its text as the recipient reads it."""

    mail: EmailMessage
    text: str

    @property
    def is_encrypted(self) -> bool:
        """Whether the message is encrypted, or encrypted and authenticated."""
        return self.mail.get_content_type() == "application/pkcs7-mime"

    @property
    def is_signed_only(self) -> bool:
        """Whether the message is readable and has a detached signature."""
        return self.mail.get_content_type() == "multipart/signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The running Postfix and Dovecot."""

    log: Path
    maildirs: Path
    imap: ServerAddress
    people: People

    @property
    def taken(self) -> list[int]:
        """The number of recipients of each message that Postfix has accepted from Anna."""
        return [int(count) for count in _TAKEN.findall(self.log.read_text())]

    def wait_until_taken(self, before: int, recipients: int = 1) -> None:
        """Wait until Postfix has accepted one message more than `before`, for this number of recipients."""
        assert becomes_true(lambda: len(self.taken) > before, timeout_seconds=_TAKING_SECONDS), "nothing was sent"
        assert self.taken[before:] == [recipients], self.taken

    def last_received(self, address: str, line: str) -> Received:
        """Wait until somebody has a message with this line in its text, and return it."""
        messages: list[Received] = []

        def look() -> bool:
            messages[:] = [message for message in self._received(address) if line in message.text]
            return bool(messages)

        assert becomes_true(look), f"{address} has no message with {line!r}"
        return messages[-1]

    @contextlib.contextmanager
    def mailbox(self) -> Iterator[imaplib.IMAP4_SSL]:
        """A connection to Anna's mailbox."""
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        imap = imaplib.IMAP4_SSL(self.imap.host, self.imap.port, ssl_context=trust)
        imap.login(ANNA, MAIL_PASSWORD)
        try:
            yield imap
        finally:
            imap.logout()

    def message_ids(self, folder: str, *criteria: str) -> list[str]:
        """The Message-IDs of a folder that are not marked as deleted, in the order of arrival."""
        with self.mailbox() as imap:
            if imap.select(f'"{folder}"', readonly=True)[0] != "OK":
                return []
            uids = imap.uid("SEARCH", "UNDELETED", *criteria)[1][0].split()
            heads = (imap.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1][0][1] for uid in uids)
            return [head.decode().partition(":")[2].strip() for head in heads]

    def wait_for_message(self, message_id: str, folder: str) -> None:
        """Wait until a message is in a folder. Pages may show a move before the mail server has done it."""
        has_arrived = becomes_true(lambda: self.message_ids(folder, "HEADER", "Message-ID", message_id) == [message_id])
        assert has_arrived, f"{message_id} is not in {folder}"

    def count(self, folder: str) -> int:
        """The number of messages of a folder that are not marked as deleted."""
        with self.mailbox() as imap:
            if imap.select(f'"{folder}"', readonly=True)[0] != "OK":
                return 0
            return len(imap.uid("SEARCH", "UNDELETED")[1][0].split())

    def _received(self, address: str) -> Iterator[Received]:
        keys = Keys(identities=[self.people.identities[address]] if address in self.people.identities else [])
        for file in sorted((self.maildirs / address / "new").glob("*")):
            raw = file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            try:
                readable = blocking.decrypt_message(raw, keys, PROVIDER)
            except SmimeError:
                readable = raw
            mail = message_from_bytes(raw, policy=email.policy.default)
            yield Received(mail, _text_of(message_from_bytes(readable, policy=email.policy.default)))


def _text_of(mail: EmailMessage) -> str:
    texts = (part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain")
    return "\n".join(text for text in texts if isinstance(text, str))
