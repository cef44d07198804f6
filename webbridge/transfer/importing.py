"""The import of stored messages into the folders of a mail server.

A message that its folder already has is left out. So an interrupted import goes on when it is started again. Messages
are found by their Message-ID, and then compared byte for byte. Anybody can choose a Message-ID, so an equal Message-ID
is not enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from webbridge.gateway import Credentials, GatewayCode, GatewayError, ImapConnection, OutgoingMessage
from webbridge.gateway.door import check_message_id
from webbridge.gateway.wire import CallDeadline
from webbridge.transfer.stored_mail import StoredMail

_AGAIN: Final = frozenset({GatewayCode.UNREACHABLE, GatewayCode.BUSY})
_TRIES: Final = 3
# A message at the server is read to its end for a comparison, even if it is larger than any imported message. So the
# connection stays usable.
_MAX_COMPARED_BYTES: Final = 2**40
_NO_DELIMITER: Final = "/"


@dataclass(slots=True)
class Tally:
    """The outcome of the messages for one folder."""

    stored: int = 0
    known: int = 0
    left_out: list[str] = field(default_factory=list)
    """Why messages were left out, with their places."""


class Importer:
    """Imports messages below one folder of a mailbox. `close` it at the end."""

    def __init__(self, credentials: Credentials, into: str) -> None:
        self._credentials = credentials
        self._into = into
        self._connection: ImapConnection | None = None
        self._folders: dict[str, int] = {}
        self._delimiter = _NO_DELIMITER
        # The digests of the messages that this import has stored, and of those at the server, by folder and Message-ID.
        self._own: dict[tuple[str, str], set[bytes]] = {}
        self._found: dict[tuple[str, str], set[bytes]] = {}
        self.tallies: dict[str, Tally] = {}
        """By the name of the folder."""

    def run(self, mails: Iterable[StoredMail]) -> None:
        """Store the messages. Raises GatewayError if the mailbox is unusable. A message that fails is left out."""
        for mail in mails:
            folder = self._connect().whole_name(self._name_of(mail.folder))
            tally = self.tallies.setdefault(folder, Tally())
            try:
                self._store_again_if_broken(mail, folder, tally)
            except GatewayError as error:
                if error.code in (*_AGAIN, GatewayCode.LOGIN_REFUSED):
                    raise
                tally.left_out.append(f"{mail.place}: {error.message}")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _store(self, mail: StoredMail, folder: str, tally: Tally) -> None:
        if mail.content is None:
            raise GatewayError(GatewayCode.MESSAGE_TOO_LARGE, "the message is too large")
        connection = self._connect()
        self._make(folder)
        message_id = mail.message_id
        digest = sha256(mail.content).digest()
        if message_id is not None and self._has(connection, folder, message_id, digest):
            tally.known += 1
            return
        with OutgoingMessage.of(mail.content) as message:
            connection.begin_call(self._deadline())
            connection.append(folder, message, mail.flags, received=mail.received)
        tally.stored += 1
        if message_id is not None:
            self._own.setdefault((folder, message_id), set()).add(digest)

    def _has(self, connection: ImapConnection, folder: str, message_id: str, digest: bytes) -> bool:
        """Whether the folder has the message, from an earlier import or from this one."""
        if digest in self._own.get((folder, message_id), ()):
            return True
        # A folder that this import has made has no other messages.
        if self._folders.get(folder, 0) == 0:
            return False
        if (folder, message_id) not in self._found:
            self._found[folder, message_id] = self._read_digests(connection, folder, message_id)
        return digest in self._found[folder, message_id]

    def _read_digests(self, connection: ImapConnection, folder: str, message_id: str) -> set[bytes]:
        """The digests of the messages of a folder that have this Message-ID."""
        connection.begin_call(self._deadline())
        mailbox, uids = connection.find_message_id(folder, check_message_id(message_id))
        digests = set()
        for uid in uids:
            connection.begin_call(self._deadline())
            try:
                message = connection.open_raw(mailbox, uid, _MAX_COMPARED_BYTES)
            except GatewayError as error:
                if error.code is not GatewayCode.NO_SUCH_MESSAGE:
                    raise
                continue
            digest = sha256()
            for chunk in message.chunks:
                digest.update(chunk)
            digests.add(digest.digest())
        return digests

    def _make(self, folder: str) -> None:
        if folder in self._folders:
            return
        connection = self._connect()
        connection.begin_call(self._deadline())
        connection.create_folder(folder)
        self._folders[folder] = 0

    def _name_of(self, names: tuple[str, ...]) -> str:
        safe = [name.replace(self._delimiter, "_") for name in names]
        return self._delimiter.join([self._into, *safe])

    def _connect(self) -> ImapConnection:
        if self._connection is None:
            self._connection = ImapConnection.open(self._credentials)
            folders = self._connection.list_folders()
            self._delimiter = next((folder.delimiter for folder in folders if folder.delimiter), _NO_DELIMITER)
            # Messages that this import has stored do not count, because their digests are known.
            self._folders = {folder.name: self._folders.get(folder.name, folder.total) for folder in folders}
        return self._connection

    def _store_again_if_broken(self, mail: StoredMail, folder: str, tally: Tally) -> None:
        """Store a message, with further tries on new connections if one breaks. No try stores it twice."""
        for _ in range(_TRIES - 1):
            try:
                self._store(mail, folder, tally)
            except GatewayError as error:
                if error.code not in _AGAIN:
                    raise
                self._drop()
            else:
                return
        self._store(mail, folder, tally)

    def _drop(self) -> None:
        self.close()
        # The message may have been stored before the connection broke, so the folders are read again.
        self._folders = {}
        self._found = {}

    def _deadline(self) -> CallDeadline:
        return CallDeadline(self._credentials.account.server.timeout_seconds)
