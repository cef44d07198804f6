"""One logged-in IMAP connection (RFC 9051, RFC 3501): what can be done with folders and messages.

The modules `imap_*` implement the operations. Servers are not trusted: counts may be missing or wrong, and answers may
be about messages that were not requested.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import NoReturn

from webbridge.gateway.connection import Changes, MessagePage, RawMessage
from webbridge.gateway.door import (
    Credentials,
    GatewayCode,
    GatewayError,
    Mailbox,
    check_flag,
    check_folder_name,
    check_message_id,
)
from webbridge.gateway.failures import read_only
from webbridge.gateway.folder_uses import NO_USES, FolderUses
from webbridge.gateway.imap_access import AccessLists, Grant, Level
from webbridge.gateway.imap_changes import MessageChanges
from webbridge.gateway.imap_drafts import DRAFT_FLAGS, Drafts, KeptDraft
from webbridge.gateway.imap_expiry import Expiry
from webbridge.gateway.imap_folder_lists import FolderLists, check_new_name
from webbridge.gateway.imap_folders import Folder, Role
from webbridge.gateway.imap_list import MessageLists
from webbridge.gateway.imap_login import connect
from webbridge.gateway.imap_raw import RawReader
from webbridge.gateway.imap_search import Criteria, SortKey
from webbridge.gateway.imap_selection import Selection
from webbridge.gateway.imap_stored import find_by_message_id
from webbridge.gateway.imap_syntax import FolderName, Literal
from webbridge.gateway.imap_wire import Command, ImapWire, Refusal
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.gateway.row_cache import RowCache
from webbridge.gateway.summary import MessageSummary, Protection
from webbridge.gateway.undo import (
    Changed,
    CreateStep,
    DeleteStep,
    FlagStep,
    MoveStep,
    RemoveStep,
    RenameStep,
    Step,
    SubscribeStep,
)
from webbridge.gateway.wire import CallDeadline

__all__ = [
    "SEEN",
    "Changed",
    "Changes",
    "Criteria",
    "Folder",
    "ImapConnection",
    "MessagePage",
    "MessageSummary",
    "Protection",
    "RawMessage",
    "Role",
    "SortKey",
    "Step",
]

SEEN = "\\Seen"
LOGOUT_SECONDS = 1.0
# `%b` follows the locale, but IMAP has English names.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A larger message is sent only after the server has accepted the folder and the size, because the mailbox may be full.
MAX_UNASKED_BYTES = 64 * 1024
# The share of a call's time for the check whether a kept connection still works.
SHARE_FOR_CHECK = 1 / 6


class ImapConnection:
    """A connection that is logged in. Not thread-safe: the pool lends it to one caller at a time."""

    def __init__(self, imap: ImapWire, uses: Callable[[], FolderUses] = lambda: NO_USES) -> None:
        self._imap = imap
        self._selection = Selection(imap)
        self._folders = FolderLists(imap, self._selection, uses)
        self._lists = MessageLists(imap, self._selection)
        self._changes = MessageChanges(imap, self._selection)
        self._expiry = Expiry(imap, self._selection, self._changes)
        self._raw = RawReader(imap, self._selection)
        self._access = AccessLists(imap)
        self._drafts = Drafts(imap, self._selection, self._folders, self._changes)
        self.cache = RowCache()
        """The rows that were seen. The pool sets the cache of the session, which all its connections share."""

    @classmethod
    def open(
        cls,
        credentials: Credentials,
        deadline: CallDeadline | None = None,
        *,
        uses: Callable[[], FolderUses] = lambda: NO_USES,
    ) -> ImapConnection:
        """Connect, verify the server's certificate and log in. `uses` gives the person's choices for the folders.

        Raises GatewayError with LOGIN_REFUSED, BUSY, MISCONFIGURED, UNREACHABLE or UNREADABLE.
        """
        seconds = credentials.account.server.timeout_seconds
        return cls(connect(credentials, deadline or CallDeadline(seconds)), uses)

    @property
    def broken(self) -> bool:
        """Whether the next call needs another connection: this one failed, or something is not read to its end."""
        return self._imap.wire.broken or self._raw.is_reading or self._imap.has_unfinished

    @property
    def may_be_kept(self) -> bool:
        """True, because a server lets several connections into a mailbox."""
        return True

    def begin_call(self, deadline: CallDeadline) -> None:
        """Count all waiting from now on against this deadline."""
        self._imap.wire.deadline = deadline

    def is_alive(self) -> bool:
        """Return whether the server still answers. The wait is short, so that a new connection is possible in time."""
        wire = self._imap.wire
        deadline = wire.deadline
        wire.deadline = CallDeadline(deadline.left * SHARE_FOR_CHECK)
        try:
            self._imap.run(b"NOOP")
        except GatewayError:
            return False
        finally:
            wire.deadline = deadline
        return True

    def close(self) -> None:
        """Log out if the connection is intact, and close it."""
        if not self.broken:
            self.begin_call(CallDeadline(LOGOUT_SECONDS))
            with suppress(GatewayError):
                self._imap.run(b"LOGOUT")
        self._imap.wire.close()

    def break_off(self) -> None:
        """End the connection without a LOGOUT, also while another thread uses it."""
        self._imap.wire.break_off()

    def list_folders(self) -> list[Folder]:
        """Return the selectable folders with their counts."""
        folders = self._folders.all()
        for folder in folders:
            self.cache.keep_count(folder.name, folder.total)
        return folders

    def list_messages(
        self, folder: str, *, before_uid: int | None = None, limit: int, uid_validity: int | None = None
    ) -> MessagePage:
        """Return at most `limit` messages of a folder, newest first, and only those before `before_uid` if it is given.

        Raises GatewayError with FOLDER_CHANGED if `before_uid` is given, and `uid_validity` is not the folder's.
        """
        return self._lists.newest(
            folder, before_uid=before_uid, limit=limit, uid_validity=uid_validity, cache=self.cache
        )

    def list_changes(self, mailbox: Mailbox, token: str, *, from_uid: int, limit: int) -> Changes:
        """Return the changes since a token of an earlier list, among the messages from `from_uid` on."""
        return self._lists.changes(mailbox, token, from_uid=from_uid, limit=limit, cache=self.cache)

    def search(
        self,
        folder: str,
        criteria: Criteria,
        *,
        before_uid: int | None = None,
        limit: int,
        uid_validity: int | None = None,
    ) -> MessagePage:
        """Return the newest messages that meet the criteria. `total` counts all, or those below `before_uid`."""
        return self._lists.found(
            folder, criteria, before_uid=before_uid, limit=limit, uid_validity=uid_validity, cache=self.cache
        )

    def list_sorted(self, folder: str, key: SortKey, *, is_descending: bool, offset: int, limit: int) -> MessagePage:
        """Return a part of the folder in an order of the server. Raises GatewayError with NOT_OFFERED."""
        return self._lists.ordered(
            folder, key, is_descending=is_descending, offset=offset, limit=limit, cache=self.cache
        )

    def list_threads(self, folder: str, *, offset: int, limit: int) -> tuple[MessagePage, list[list[int]]]:
        """Return the newest message of each thread and the threads' UIDs. Raises GatewayError with NOT_OFFERED."""
        return self._lists.threads(folder, offset=offset, limit=limit, cache=self.cache)

    def open_raw(self, mailbox: Mailbox, uid: int, max_bytes: int) -> RawMessage:
        """Request one message byte for byte. The connection is busy until the chunks are read to their end."""
        return self._raw.open(mailbox, uid, max_bytes)

    def change_flags(
        self, mailbox: Mailbox, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Changed:
        """Set and clear flags on messages."""
        return self._changes.set_flags(_check_uid_validity(mailbox), uids, add=add, remove=remove)

    def move(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> Changed:
        """Move messages to a folder."""
        return self._changes.move(_check_uid_validity(mailbox), uids, to)

    def copy(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> Changed:
        """Copy messages to a folder."""
        return self._changes.copy(_check_uid_validity(mailbox), uids, to)

    def delete(self, mailbox: Mailbox, uids: Sequence[int]) -> Changed:
        """Move messages to the trash. Raises GatewayError with IN_TRASH if they are there."""
        _check_uid_validity(mailbox)
        trash = self._folders.named_or_new(Role.TRASH)
        if mailbox.name == trash:
            raise GatewayError(GatewayCode.IN_TRASH, "The messages are in the trash. They can be deleted for ever.")
        return self._changes.move(mailbox, uids, trash)

    def delete_for_ever(self, mailbox: Mailbox, uids: Sequence[int]) -> Changed:
        """Delete messages of the trash for ever. Raises GatewayError with NOT_IN_TRASH for another folder."""
        if not self._folders.has_role(mailbox.name, Role.TRASH):
            raise GatewayError(GatewayCode.NOT_IN_TRASH, "Only messages in the trash are deleted for ever.")
        return self._changes.remove(_check_uid_validity(mailbox), uids)

    def hashed_ids_of(self, mailbox: Mailbox, uids: Sequence[int]) -> NoReturn:
        """Raise NOT_OFFERED."""
        raise _only_by_pop3()

    def delete_retrieved(self, hashed_ids: Collection[bytes]) -> NoReturn:
        """Raise NOT_OFFERED."""
        raise _only_by_pop3()

    def create_folder(self, folder: str) -> Changed:
        """Make a folder and subscribe to it."""
        return self._folders.create(check_new_name(folder))

    def whole_name(self, folder: str) -> str:
        """Return the name that a new folder gets at this server. Raises GatewayError."""
        return self._folders.whole_name(folder)

    def rename_folder(self, folder: str, to: str) -> Changed:
        """Rename a folder."""
        return self._folders.rename(folder, check_new_name(to))

    def delete_folder(self, folder: str, *, with_messages: bool = False) -> Changed:
        """Delete a folder. Raises GatewayError with FOLDER_NOT_EMPTY unless messages may be deleted with it."""
        return self._folders.delete(folder, with_messages=with_messages)

    def subscribe(self, folder: str, *, is_subscribed: bool) -> Changed:
        """Subscribe to a folder, or end the subscription."""
        return self._folders.subscribe(folder, is_subscribed=is_subscribed)

    def list_access(self, folder: str) -> list[Grant]:
        """Return the rights of others in a folder (RFC 4314). Raises GatewayError."""
        return self._access.all(folder)

    def grant_access(self, folder: str, person: str, level: Level) -> None:
        """Give a person rights in a folder. Raises GatewayError."""
        self._access.grant(folder, person, level)

    def withdraw_access(self, folder: str, person: str) -> None:
        """Take the rights of a person in a folder away. Raises GatewayError."""
        self._access.withdraw(folder, person)

    def take_step(self, step: Step) -> Changed:
        """Take one step of undoing."""
        match step:
            case FlagStep():
                return self.change_flags(step.mailbox, step.uids, add=step.add, remove=step.remove)
            case MoveStep():
                return self.move(step.mailbox, step.uids, step.to)
            case RemoveStep():
                return self._changes.remove(_check_uid_validity(step.mailbox), step.uids)
            case RenameStep():
                # `check_new_name` is not called here, because it could refuse an old name that another program has
                # chosen.
                return self._folders.rename(step.folder, step.to)
            case CreateStep():
                return self._folders.create(step.folder)
            case DeleteStep():
                return self.delete_folder(step.folder)
            case SubscribeStep():
                return self.subscribe(step.folder, is_subscribed=step.is_subscribed)

    def append(
        self, folder: str, message: OutgoingMessage, flags: Sequence[str], received: datetime | None = None
    ) -> None:
        """Store a message in a folder unchanged, as received at the time `received` or, without it, now."""
        name = FolderName.of(check_folder_name(folder))
        listed = [b"(" + " ".join(map(check_flag, flags)).encode() + b")", *_date_time(received)]
        self._imap.wire.deadline.extend_for(message.size_bytes)
        refused = partial(self._selection.refusal_in, folder)
        news = self._imap.folder_news
        if message.size_bytes <= MAX_UNASKED_BYTES and self._imap.offers("LITERAL+"):
            self._imap.run(b"APPEND", name, *listed, Literal(b"".join(message.pieces())), refused=refused)
        else:
            self._append_in_pieces(message, (name, *listed), refused)
        if self._imap.folder_news == news:
            # RFC 9051 section 6.3.12 asks a server to report the message if the folder is selected. GNU Mailutils and
            # hoodiecrow do not.
            self._selection.forget_if_it_is(folder)

    def _append_in_pieces(self, message: OutgoingMessage, words: Command, refused: Refusal) -> None:
        self._imap.ask_for_more(b"APPEND", *words, b"{%d}" % message.size_bytes, refused=refused)
        for piece in message.pieces():
            self._imap.wire.send(piece)
        self._imap.send_line(b"")
        self._imap.finish([], refused=refused)

    def check_end(self, folder: str, days: int) -> None:
        """Raise GatewayError with NOT_OFFERED unless messages of a folder can be deleted after `days` days."""
        self._expiry.check(folder, days)

    def delete_due(self, folder: str, today: date) -> int:
        """Delete the messages of a folder whose days are over. Return their number."""
        return self._expiry.delete_due(folder, today)

    def has_message_id(self, folder: str, message_id: str) -> bool:
        """Return whether a folder has a message with this Message-ID."""
        return bool(self.find_message_id(folder, message_id)[1])

    def find_message_id(self, folder: str, message_id: str) -> tuple[Mailbox, list[int]]:
        """Return the folder and the UIDs of its messages with this Message-ID. Anybody can send a message with it."""
        search = b"UID SEARCH HEADER Message-ID"
        return find_by_message_id(self._imap, self._selection, folder, search, check_message_id(message_id))

    def sent_folder(self) -> str:
        """Return the folder for sent mail: by its SPECIAL-USE, else by its name, else a new one."""
        return self._folders.named_or_new(Role.SENT)

    def has_role(self, folder: str, *roles: Role) -> bool:
        """Return whether a folder has one of the roles."""
        return self._folders.has_role(folder, *roles)

    def keep_draft(self, message: OutgoingMessage, message_id: str) -> KeptDraft:
        """Store a draft in the folder for drafts, and delete the earlier drafts with its Message-ID."""
        return self._drafts.keep(message_id, lambda folder: self.append(folder, message, DRAFT_FLAGS))

    def delete_draft(self, message_id: str) -> str:
        """Delete the drafts with a Message-ID. Return the folder for drafts."""
        return self._drafts.delete(message_id)


def _check_uid_validity(mailbox: Mailbox) -> Mailbox:
    """Return the folder if a UID of an earlier call still names the same message in it. Raises GatewayError.

    A folder without a UIDVALIDITY has no lasting UIDs (RFC 3501 section 6.3.1), so it can only be read.
    """
    if not mailbox.uid_validity:
        raise read_only()
    return mailbox


def _date_time(moment: datetime | None) -> list[bytes]:
    """The argument of APPEND for a time: RFC 9051 section 9, date-time."""
    if moment is None:
        return []
    moment = moment.astimezone(UTC)
    return [f'"{moment.day:2d}-{_MONTHS[moment.month - 1]}-{moment.year:04d} {moment:%H:%M:%S} +0000"'.encode()]


def _only_by_pop3() -> GatewayError:
    text = "Only mailboxes by POP3 delete messages after they were retrieved. Move the messages to the trash."
    return GatewayError(GatewayCode.NOT_OFFERED, text)
