"""Drafts in the folder for drafts (RFC 6154). All versions of one draft have the same Message-ID.

The Message-IDs are in the domain `draft.sealwax.invalid`, so that no draft of another program is replaced or deleted.
A new version is stored before the earlier ones are deleted, so that the draft is never lost. Earlier versions are found
by the Message-ID. So if a request is repeated after a lost answer, no second copy stays. Only the newest version is
kept, so the later of two concurrent versions wins. The Message-ID of each message is read before the message is
deleted, because a search may find too much.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from webbridge.gateway.door import GatewayCode, GatewayError, Mailbox, check_message_id, clean_text
from webbridge.gateway.imap_changes import MessageChanges
from webbridge.gateway.imap_folder_lists import FolderLists
from webbridge.gateway.imap_folders import Role
from webbridge.gateway.imap_selection import Selection
from webbridge.gateway.imap_stored import find_by_message_id
from webbridge.gateway.imap_wire import ImapWire
from webbridge.gateway.uid_set import MAX_UID

DRAFT_FLAGS: Final = ("\\Draft", "\\Seen")
# RFC 2606 section 2: no other program has a Message-ID of this domain by chance. The extension makes these Message-IDs
# in `browser_ext/background/writing/bridge_drafts.js`. The message that is sent has a different Message-ID.
_DRAFT_ID: Final = re.compile(r"<[^@]+@draft\.sealwax\.invalid>")
# RFC 4315 section 3: UIDVALIDITY and UID of the stored message.
_APPENDUID: Final = re.compile(rb"\[APPENDUID ([0-9]{1,10}) ([0-9]{1,10})\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDraft:
    """The place of a stored draft.

    `uid` is None if the server does not name the UID, and a search does not find the draft.
    """

    folder: str
    uid_validity: int
    uid: int | None


class Drafts:
    """The drafts of an account on one connection."""

    def __init__(self, imap: ImapWire, selection: Selection, folders: FolderLists, changes: MessageChanges) -> None:
        self._imap = imap
        self._selection = selection
        self._folders = folders
        self._changes = changes

    def keep(self, message_id: str, append: Callable[[str], None]) -> KeptDraft:
        """Store a draft with `append`, which gets the folder. Delete the earlier drafts with its Message-ID."""
        _check_draft_id(message_id)
        folder = self._folders.named_or_new(Role.DRAFTS)
        append(folder)
        named = _APPENDUID.match(self._imap.status_text)
        mailbox, uids = self._find(folder, message_id)
        is_named = named is not None and int(named[1]) == mailbox.uid_validity and int(named[2]) <= MAX_UID
        uid = int(named[2]) if named is not None and is_named else max(uids, default=None)
        self._remove(mailbox, uids[:-1])
        return KeptDraft(folder=folder, uid_validity=mailbox.uid_validity, uid=uid)

    def delete(self, message_id: str) -> str:
        """Delete the drafts with a Message-ID. Return the folder for drafts."""
        _check_draft_id(message_id)
        folder = self._folders.named_or_new(Role.DRAFTS)
        mailbox, uids = self._find(folder, message_id)
        self._remove(mailbox, uids)
        return folder

    def _find(self, folder: str, message_id: str) -> tuple[Mailbox, list[int]]:
        search = b"UID SEARCH UNDELETED HEADER Message-ID"
        return find_by_message_id(self._imap, self._selection, folder, search, message_id)

    def _remove(self, mailbox: Mailbox, uids: list[int]) -> None:
        if uids:
            self._changes.remove(mailbox, uids)


def _check_draft_id(message_id: str) -> None:
    """Raise GatewayError with BAD_ARGUMENT unless this is the Message-ID of a draft of Sealwax."""
    if not _DRAFT_ID.fullmatch(check_message_id(message_id)):
        text = f"{clean_text(message_id)!r} is not the Message-ID of a draft: it has another domain."
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
