"""The folders that LIST and STATUS describe (RFC 9051 sections 7.3.1 and 7.3.4), and their roles (RFC 6154)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from webbridge.gateway.imap_syntax import read_folder_name, read_number
from webbridge.gateway.imap_wire import Answer

INBOX = b"INBOX"
MAX_FOLDERS = 5000  # Our own bound.
MAX_COUNT = 2**32 - 1  # RFC 9051 section 9: number
SENT_NAMES = ("Sent", "INBOX.Sent", "Sent Items", "Sent Messages")


class Role(StrEnum):
    """The role of a folder (RFC 6154). The value is the word in our own API."""

    INBOX = "inbox"
    DRAFTS = "drafts"
    SENT = "sent"
    TRASH = "trash"
    JUNK = "junk"
    ARCHIVE = "archive"


_SPECIAL_USE = {
    b"\\DRAFTS": Role.DRAFTS,
    b"\\SENT": Role.SENT,
    b"\\TRASH": Role.TRASH,
    b"\\JUNK": Role.JUNK,
    b"\\ARCHIVE": Role.ARCHIVE,
}
_NAMED = {"Drafts": Role.DRAFTS, "Trash": Role.TRASH, "Junk": Role.JUNK} | dict.fromkeys(SENT_NAMES, Role.SENT)


class Right(StrEnum):
    """A change that an account offers in a folder. The value is the word in our own API."""

    FLAGS = "flags"
    MOVE = "move"
    DELETE = "delete"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One mailbox as LIST and STATUS describe it."""

    name: str
    role: Role | None
    total: int
    unseen: int
    uid_validity: int
    rights: frozenset[Right] = frozenset(Right)


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """One mailbox as LIST describes it: the bytes of its name, and its attributes in capitals."""

    wire_name: bytes
    attributes: frozenset[bytes]

    @property
    def name(self) -> str:
        """The name for people and for our own API."""
        return read_folder_name(self.wire_name)

    @property
    def role(self) -> Role | None:
        """The role by the server's attribute, else by the name."""
        if self.wire_name.upper() == INBOX:
            return Role.INBOX
        marked = [_SPECIAL_USE[one] for one in sorted(self.attributes) if one in _SPECIAL_USE]
        return marked[0] if marked else _NAMED.get(self.name)

    def counted(self, answers: Iterable[Answer]) -> Folder:
        """Return the folder with the counts of a STATUS answer. Missing counts are zero."""
        counts: dict[object, int] = {}
        for answer in answers:
            items = answer.values[1] if answer.kind == "STATUS" and len(answer.values) == 2 else None
            if isinstance(items, list):
                for name, value in zip(items[::2], items[1::2], strict=False):
                    counts[name.upper() if isinstance(name, bytes) else None] = min(read_number(value) or 0, MAX_COUNT)
        return Folder(
            name=self.name,
            role=self.role,
            total=counts.get(b"MESSAGES", 0),
            unseen=counts.get(b"UNSEEN", 0),
            uid_validity=counts.get(b"UIDVALIDITY", 0),
        )


def read_folders(answers: Sequence[Answer]) -> list[ListedFolder]:
    """Return the folders that can be selected, each once, always including the inbox."""
    folders = {INBOX: ListedFolder(INBOX, frozenset())}
    for answer in answers:
        if answer.kind != "LIST" or len(answer.values) < 3 or len(folders) >= MAX_FOLDERS:
            continue
        flags, _delimiter, name = answer.values[:3]
        if not isinstance(flags, list) or not isinstance(name, bytes) or not name:
            continue
        attributes = frozenset(one.upper() for one in flags if isinstance(one, bytes))
        if not {b"\\NOSELECT", b"\\NONEXISTENT"} & attributes:
            wire_name = INBOX if name.upper() == INBOX else name
            folders[wire_name] = ListedFolder(wire_name, attributes)
    return list(folders.values())


def in_order(folders: Iterable[Folder]) -> list[Folder]:
    """Return the inbox first, then the folders with a role, then the others by name."""
    order = {role: position for position, role in enumerate(Role)}
    return sorted(folders, key=lambda f: (len(order) if f.role is None else order[f.role], f.name.casefold(), f.name))


def sent_among(folders: Sequence[ListedFolder]) -> str | None:
    """Return the name of the folder for sent mail: by its SPECIAL-USE, else by its name."""
    marked = [folder.name for folder in folders if b"\\SENT" in folder.attributes]
    names = {folder.name for folder in folders}
    return next(iter([*marked, *(name for name in SENT_NAMES if name in names)]), None)
