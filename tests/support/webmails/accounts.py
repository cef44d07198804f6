"""The accounts of an imitation webmail: their passwords, their mailboxes in memory, and their sessions."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

INBOX = "INBOX"


@dataclass(slots=True, kw_only=True)
class StoredMessage:
    """A message in a mailbox. `raw` is never changed."""

    uid: int
    raw: bytes
    folder: str
    seen: bool = False


class Mailbox:
    """The messages of one account. `sent`: the letters as they left the webmail, oldest first."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self._messages: dict[int, StoredMessage] = {}
        self._uids = itertools.count(1)

    def append(self, raw: bytes, folder: str = INBOX, *, seen: bool = False) -> int:
        """Put a message into a folder, and return its UID. A UID is unique in the whole mailbox."""
        uid = next(self._uids)
        self._messages[uid] = StoredMessage(uid=uid, raw=raw, folder=folder, seen=seen)
        return uid

    def messages(self, folder: str = INBOX) -> list[StoredMessage]:
        """The messages of a folder, newest first."""
        return [message for message in reversed(tuple(self._messages.values())) if message.folder == folder]

    def uids(self, folder: str = INBOX) -> list[int]:
        """The UIDs of the messages in a folder, newest first."""
        return [message.uid for message in self.messages(folder)]

    def find(self, folder: str, uid: int) -> StoredMessage | None:
        """The message with this UID, if it is in this folder."""
        message = self._messages.get(uid)
        return message if message is not None and message.folder == folder else None

    def remove(self, uid: int) -> None:
        """Delete a message for good."""
        del self._messages[uid]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file of a letter that is being written. `content_type` is the type that the browser sent with the file."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. `token` proves that a request comes from a page of the webmail."""

    address: str
    mailbox: Mailbox
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    uploads: dict[str, Upload] = field(default_factory=dict)


class Accounts:
    """All accounts of a webmail, with the sessions by their cookies."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = dict(passwords)
        self.mailboxes = {address: Mailbox() for address in passwords}
        self._sessions: dict[str, Session] = {}

    def sign_in(self, address: str, password: str) -> str | None:
        """Begin a session and return its cookie, or None if the password is wrong."""
        if self._passwords.get(address) != password:
            return None
        cookie = secrets.token_urlsafe(24)
        self._sessions[cookie] = Session(address=address, mailbox=self.mailboxes[address])
        return cookie

    def session(self, cookie: str | None) -> Session | None:
        """The session of a cookie, or None if there is none or it has ended."""
        return self._sessions.get(cookie or "")

    def sign_out(self, cookie: str | None) -> None:
        """End one session."""
        self._sessions.pop(cookie or "", None)

    def end_sessions(self) -> None:
        """End all sessions, as after a long pause."""
        self._sessions.clear()

    def send(self, session: Session, letter: bytes, recipients: Iterable[str], *, sent_folder: str) -> None:
        """File a letter as sent, and deliver it to those recipients who have an account here."""
        session.mailbox.sent.append(letter)
        session.mailbox.append(letter, sent_folder, seen=True)
        for address in dict.fromkeys(recipient.lower() for recipient in recipients):
            if address in self.mailboxes:
                self.mailboxes[address].append(letter)
