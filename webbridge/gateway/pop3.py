"""One logged-in POP3 connection (RFC 1939). POP3 can only list, read and delete messages.

A server locks the mailbox for each connection. The connection sees only the messages that were there at its login. So a
connection serves one call and is then closed. Message numbers change with each connection. The API's UIDs are 32 bits
of the hash of a message's unique id (UIDL), which is stable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from webbridge.gateway.connection import MessagePage, RawMessage
from webbridge.gateway.door import Credentials, GatewayCode, GatewayError, Mailbox, check_uid, check_uids
from webbridge.gateway.imap_folders import Folder, Right, Role
from webbridge.gateway.pop3_login import connect
from webbridge.gateway.pop3_refusals import Pop3Refusals
from webbridge.gateway.pop3_wire import Pop3Wire
from webbridge.gateway.row_cache import RowCache
from webbridge.gateway.summary import MessageSummary, summary_from_header
from webbridge.gateway.undo import Changed
from webbridge.gateway.wire import CallDeadline

INBOX = "INBOX"
UID_VALIDITY = 1  # Unique ids never change (RFC 1939 section 7), so UIDs that are made from them do not either.
MAX_MESSAGES = 100_000
MAX_HEADER_BYTES = 1024 * 1024  # A longer header breaks the connection, so rows become unreadable.
QUIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _ListedMessage:
    """A message of the mailbox: its number on this connection, its UID in the API, and the server's unique id."""

    number: int
    uid: int
    unique_id: bytes

    @property
    def hashed_id(self) -> bytes:
        """A hash of the unique id. It identifies the message in the bridge's database."""
        return sha256(b"sealwax message\0" + self.unique_id).digest()


class Pop3Connection(Pop3Refusals):
    """A connection that is logged in. It implements MailConnection."""

    def __init__(self, pop3: Pop3Wire, capabilities: frozenset[str]) -> None:
        self.cache = RowCache(0)
        self._pop3 = pop3
        self._capabilities = capabilities
        self._is_reading = False

    @classmethod
    def open(cls, credentials: Credentials, deadline: CallDeadline | None = None) -> Pop3Connection:
        """Connect, verify the server's certificate and log in. Raises GatewayError."""
        seconds = credentials.account.server.timeout_seconds
        return cls(*connect(credentials, deadline or CallDeadline(seconds)))

    @property
    def broken(self) -> bool:
        """Whether the connection has failed, or a message is still being read."""
        return self._pop3.wire.broken or self._is_reading

    @property
    def may_be_kept(self) -> bool:
        """False, because an open connection locks the mailbox and shows no new message."""
        return False

    def begin_call(self, deadline: CallDeadline) -> None:
        """Count all waiting from now on against this deadline."""
        self._pop3.wire.deadline = deadline

    def is_alive(self) -> bool:
        """Return whether the server still answers."""
        try:
            return self._pop3.ask(b"NOOP").is_ok
        except GatewayError:
            return False

    def close(self) -> None:
        """Log out if the connection is intact, and close it."""
        if not self.broken:
            self.begin_call(CallDeadline(QUIT_SECONDS))
            with suppress(GatewayError):
                self._pop3.ask(b"QUIT")
        self._pop3.wire.close()

    def break_off(self) -> None:
        """End the connection without a QUIT, also while another thread uses it."""
        self._pop3.wire.break_off()

    def list_folders(self) -> list[Folder]:
        """Return the inbox. POP3 has no other folder and no flags, so no message counts as unread."""
        return [
            Folder(
                name=INBOX,
                role=Role.INBOX,
                total=len(self._list_messages()),
                unseen=0,
                uid_validity=UID_VALIDITY,
                rights=frozenset({Right.DELETE}),
            )
        ]

    def list_messages(
        self, folder: str, *, before_uid: int | None = None, limit: int, uid_validity: int | None = None
    ) -> MessagePage:
        """Return at most `limit` messages, newest first. With `before_uid`, return only messages before that one.

        Raises GatewayError with FOLDER_CHANGED if there is no message with the UID `before_uid`.
        """
        _check_inbox(folder, uid_validity)
        stored = self._list_messages()
        if before_uid is not None:
            places = [place for place, message in enumerate(stored) if message.uid == before_uid]
            if not places:
                raise GatewayError(GatewayCode.FOLDER_CHANGED, "The folder has changed. Load its list again.")
            stored = stored[: places[0]]
        chosen = stored[-limit:][::-1]
        return MessagePage(uid_validity=UID_VALIDITY, rows=self._rows(chosen))

    def open_raw(self, mailbox: Mailbox, uid: int, max_bytes: int) -> RawMessage:
        """Request one message byte for byte. The connection is busy until the chunks are read to their end.

        The size is not certain, because some servers count other line ends than they send.
        """
        _check_inbox(mailbox.name, mailbox.uid_validity)
        message = self._find(uid)
        size_bytes = self._sizes([message]).get(message.number, 0)
        if size_bytes > max_bytes:
            raise GatewayError(
                GatewayCode.MESSAGE_TOO_LARGE, f"The message has {size_bytes} bytes, at most {max_bytes} are passed on."
            )
        self._pop3.run(b"RETR %d" % message.number)
        self._pop3.wire.deadline.extend_for(size_bytes)
        self._is_reading = True
        return RawMessage(None, self._read(max_bytes))

    def delete_for_ever(self, mailbox: Mailbox, uids: Sequence[int]) -> Changed:
        """Delete messages, all or none. A UID that does not exist is no error.

        The server deletes the messages at QUIT (RFC 1939 section 6), so this call closes the connection.
        """
        self._delete(self._messages_of(mailbox, uids))
        return Changed()

    def hashed_ids_of(self, mailbox: Mailbox, uids: Sequence[int]) -> list[bytes]:
        """Return hashes of the unique ids of messages. A UID that does not exist is left out."""
        return [message.hashed_id for message in self._messages_of(mailbox, uids)]

    def delete_retrieved(self, hashed_ids: Collection[bytes]) -> None:
        """Delete the messages with these hashed unique ids, all or none. A mail program has retrieved them."""
        self._delete([message for message in self._list_messages() if message.hashed_id in hashed_ids])

    def _messages_of(self, mailbox: Mailbox, uids: Sequence[int]) -> list[_ListedMessage]:
        _check_inbox(mailbox.name, mailbox.uid_validity)
        checked_uids = set(check_uids(uids))
        return [message for message in self._list_messages() if message.uid in checked_uids]

    def _delete(self, messages: Sequence[_ListedMessage]) -> None:
        try:
            for message in messages:
                self._pop3.run(b"DELE %d" % message.number)
            self._pop3.run(b"QUIT")
        finally:
            # If a DELE has failed, no message may be deleted. So the connection is closed here without QUIT, at which a
            # server deletes.
            self._pop3.wire.close()

    def _list_messages(self) -> list[_ListedMessage]:
        """Return the messages in the server's order, which is by arrival."""
        self._pop3.run(b"UIDL")
        uids = _Uids()
        messages: dict[int, _ListedMessage] = {}
        for line in self._pop3.read_lines():
            number, _blank, unique_id = line.partition(b" ")
            is_usable = _is_number(number) and int(number) not in messages and len(messages) < MAX_MESSAGES
            if is_usable and (unique_id := unique_id.strip()):
                messages[int(number)] = _ListedMessage(int(number), uids.make(unique_id), unique_id)
        return [messages[number] for number in sorted(messages)]

    def _find(self, uid: int) -> _ListedMessage:
        check_uid(uid)
        for message in self._list_messages():
            if message.uid == uid:
                return message
        raise GatewayError(GatewayCode.NO_SUCH_MESSAGE, "The message is no longer in this folder. Load the list again.")

    def _sizes(self, messages: Sequence[_ListedMessage]) -> dict[int, int]:
        """Return the sizes that the server claims, by number. A message without a claimed size is left out."""
        commands = [b"LIST %d" % message.number for message in messages]
        sizes: dict[int, int] = {}
        for message in self._answers_to(messages, commands):
            status = self._pop3.read_status()
            words = status.text.split()
            if status.is_ok and len(words) > 1 and _is_number(words[1]):
                sizes[message.number] = int(words[1])
        return sizes

    def _rows(self, chosen: Sequence[_ListedMessage]) -> list[MessageSummary]:
        rows = {message.uid: summary_from_header(message.uid, None, size_bytes=0) for message in chosen}
        # If the server fails at a message or closes the connection, the rows from there on are marked as unreadable.
        with suppress(GatewayError):
            sizes = self._sizes(chosen)
            commands = [b"TOP %d 0" % message.number for message in chosen]
            for message in self._answers_to(chosen, commands):
                header = b"".join(self._pop3.read_message(MAX_HEADER_BYTES)) if self._pop3.read_status().is_ok else None
                size_bytes = sizes.get(message.number, 0)
                rows[message.uid] = summary_from_header(message.uid, header, size_bytes=size_bytes)
        return list(rows.values())

    def _answers_to(self, messages: Sequence[_ListedMessage], commands: Sequence[bytes]) -> Iterator[_ListedMessage]:
        """Send a command for each message. Yield a message when the answer to its command is the next one to read."""
        is_pipelined = "PIPELINING" in self._capabilities
        if is_pipelined and commands:
            self._pop3.send(*commands)
        for message, command in zip(messages, commands, strict=True):
            if not is_pipelined:
                self._pop3.send(command)
            yield message

    def _read(self, max_bytes: int) -> Iterator[bytes]:
        yield from self._pop3.read_message(max_bytes)
        self._is_reading = False


def _check_inbox(folder: str, uid_validity: int | None) -> None:
    if folder.upper() != INBOX:
        raise GatewayError(GatewayCode.NO_SUCH_FOLDER, "There is no such folder. Load the list of folders again.")
    if uid_validity not in (None, UID_VALIDITY):
        raise GatewayError(GatewayCode.FOLDER_CHANGED, "The folder has changed. Load its list again.")


class _Uids:
    """Makes the UIDs of one listing.

    A UID is 32 bits of the hash of a counter and a unique id. The counter is raised until the UID is not taken.
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._counters: Counter[bytes] = Counter()

    def make(self, unique_id: bytes) -> int:
        # Equal messages may have the same unique id (RFC 1939 section 7). Each of them raises the counter.
        while True:
            uid = int.from_bytes(sha256(b"%d " % self._counters[unique_id] + unique_id).digest()[:4], "big")
            self._counters[unique_id] += 1
            if uid and uid not in self._taken:
                self._taken.add(uid)
                return uid


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= 10 and int(text) > 0
