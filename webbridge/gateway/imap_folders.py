"""The folders that LIST and STATUS describe (RFC 9051 sections 7.3.1 and 7.3.4), and their roles (RFC 6154)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache

from webbridge.gateway.door import clean_text
from webbridge.gateway.folder_uses import NO_USES, FolderUses
from webbridge.gateway.imap_namespaces import ALL_PERSONAL, Namespaces, Place
from webbridge.gateway.imap_syntax import UNREADABLE_NAME_MARK, Value, read_folder_name, read_number
from webbridge.gateway.imap_wire import Answer
from webbridge.gateway.usual_names import USUAL_NAMES

INBOX = b"INBOX"
MAX_FOLDERS = 5000  # Our own bound.
MAX_ANSWERS = 3 * MAX_FOLDERS  # Each folder has answers to LIST, STATUS and MYRIGHTS.
MAX_COUNT = 2**32 - 1  # RFC 9051 section 9: number


class Role(StrEnum):
    """The role of a folder (RFC 6154). The value is the word in the bridge's API."""

    INBOX = "inbox"
    DRAFTS = "drafts"
    SENT = "sent"
    TRASH = "trash"
    JUNK = "junk"
    ARCHIVE = "archive"


_SPECIAL_USE = {
    Role.DRAFTS: b"\\DRAFTS",
    Role.SENT: b"\\SENT",
    Role.TRASH: b"\\TRASH",
    Role.JUNK: b"\\JUNK",
    Role.ARCHIVE: b"\\ARCHIVE",
}


_XLIST_INBOX = b"\\INBOX"
_MARKS = frozenset(_SPECIAL_USE.values())


def _usual_form(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _shown_form(wire_name: bytes) -> str:
    """Return a folder's name in the form in which it is compared with usual names. The name may be invalid UTF-7."""
    return _usual_form(read_folder_name(wire_name).removeprefix(UNREADABLE_NAME_MARK))


_ALL_USUAL = frozenset(_usual_form(name) for names in USUAL_NAMES.values() for name in names)


class Right(StrEnum):
    """A change that an account may make in a folder. The value is the word in the bridge's API."""

    FLAGS = "flags"
    SEEN = "seen"
    """To mark messages as read and as unread, for all people who share the folder."""
    MOVE = "move"
    DELETE = "delete"
    APPEND = "append"
    FOLDER = "folder"
    """To rename or to delete the folder itself."""
    SHARE = "share"
    """To give rights to others. The server must list this right."""


# RFC 4314 section 2.1. A right needs all of its letters, since a message leaves a folder by \\Deleted and EXPUNGE.
_LETTERS = {
    Right.FLAGS: "w",
    Right.SEEN: "s",
    Right.MOVE: "te",
    Right.DELETE: "te",
    Right.APPEND: "i",
    Right.FOLDER: "x",
    Right.SHARE: "a",
}
# RFC 2086 section 3. Servers of RFC 4314 list these letters besides the letters that replaced them.
_OF_OLD_LETTERS = {"d": "te", "c": "x"}
ALL_RIGHTS = frozenset(Right) - {Right.SHARE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One mailbox as LIST and STATUS describe it."""

    name: str
    role: Role | None
    total: int
    unseen: int
    uid_validity: int
    delimiter: str | None = None
    is_subscribed: bool | None = None
    """None if the server did not say whether the account subscribes to the folder."""
    rights: frozenset[Right] = ALL_RIGHTS
    place: Place = Place.OWN
    prefix: str = ""
    """The beginning of the name that only says who owns the folder, such as `INBOX.` at Cyrus."""


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """One mailbox as LIST describes it: the bytes of its name, its attributes in capitals, and its delimiter."""

    wire_name: bytes
    attributes: frozenset[bytes]
    delimiter: bytes | None = None
    top_name: bytes | None = None
    """The part of the name that is compared with usual names. It is None in the namespaces of others."""
    place: Place = Place.OWN
    prefix: bytes = b""

    @property
    def name(self) -> str:
        """The name for people and for the bridge's API."""
        return read_folder_name(self.wire_name)

    def described(self, role: Role | None, about: FolderFacts, *, may_share: bool) -> Folder:
        """Return the folder with its counts and rights. Missing counts are zero. Unknown rights are assumed.

        `may_share` says that the server has lists of rights, which the owner of a folder may change. Then in a folder
        of others only harmless rights are assumed.
        """
        counts = about.counts
        if about.rights is not None:
            rights = read_rights(about.rights)
        elif self.place is not Place.OWN:
            rights = frozenset({Right.SEEN}) if may_share else ALL_RIGHTS
        else:
            rights = ALL_RIGHTS | ({Right.SHARE} if may_share else frozenset())
        if self.wire_name == INBOX:
            rights -= {Right.FOLDER}
        return Folder(
            name=self.name,
            role=role,
            total=counts.get(b"MESSAGES", 0),
            unseen=counts.get(b"UNSEEN", 0),
            uid_validity=counts.get(b"UIDVALIDITY", 0),
            delimiter=None if self.delimiter is None else clean_text(self.delimiter)[:1] or None,
            is_subscribed=b"\\SUBSCRIBED" in self.attributes if about.knows_subscriptions else None,
            rights=rights,
            place=self.place,
            prefix=_prefix_of(self.name, self.prefix),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFacts:
    """The counts of a folder by their names in capitals, and the letters of its rights, or None if they are unknown."""

    counts: Mapping[bytes, int] = field(default_factory=dict)
    rights: str | None = None
    knows_subscriptions: bool = False


def read_facts(answers: Iterable[Answer], *, knows_subscriptions: bool = False) -> dict[bytes, FolderFacts]:
    """Return the facts in STATUS and MYRIGHTS answers by the bytes of the folders' names."""
    facts: dict[bytes, FolderFacts] = {}
    for answer in answers:
        if answer.kind not in ("STATUS", "MYRIGHTS") or len(answer.values) < 2:
            continue
        # GNU Mailutils 3.15 sends names that have blanks without quotes.
        *parts, value = answer.values
        words = [part for part in parts if isinstance(part, bytes)]
        if len(words) < len(parts):
            continue
        name = b" ".join(words)
        name = INBOX if name.upper() == INBOX else name
        known = facts.get(name, FolderFacts(knows_subscriptions=knows_subscriptions))
        if answer.kind == "STATUS" and isinstance(value, list):
            facts[name] = replace(known, counts=_counts(value))
        elif answer.kind == "MYRIGHTS" and isinstance(value, bytes):
            facts[name] = replace(known, rights=value.decode("latin-1"))
    return facts


def read_rights(letters: str) -> frozenset[Right]:
    """Return the changes that the letters of MYRIGHTS allow."""
    known = set(letters)
    if not known & set("xte"):
        known |= {new_letter for letter in letters for new_letter in _OF_OLD_LETTERS.get(letter, "")}
    return frozenset(right for right in Right if set(_LETTERS[right]) <= known)


def _prefix_of(name: str, prefix: bytes) -> str:
    text = read_folder_name(prefix) if prefix else ""
    # If the name is no modified UTF-7, it may not begin with the prefix. Then it is shown whole.
    return text if len(text) < len(name) and name.startswith(text) else ""


def _counts(items: list[Value]) -> dict[bytes, int]:
    pairs = zip(items[::2], items[1::2], strict=False)
    return {name.upper(): min(read_number(value) or 0, MAX_COUNT) for name, value in pairs if isinstance(name, bytes)}


def read_folders(
    answers: Sequence[Answer], namespaces: Namespaces = ALL_PERSONAL, uses: Callable[[], FolderUses] = lambda: NO_USES
) -> list[ListedFolder]:
    """Return the folders that can be selected, each once, always including the inbox.

    Beyond MAX_FOLDERS, only folders that may have a role are included.
    """
    uses = cache(uses)
    folders = {INBOX: ListedFolder(INBOX, frozenset())}
    for answer in answers:
        if answer.kind not in ("LIST", "XLIST") or len(answer.values) < 3:
            continue
        if len(folders) >= MAX_FOLDERS and not may_have_role(answer, uses):
            continue
        flags, delimiter, name = answer.values[:3]
        if not isinstance(flags, list) or not isinstance(name, bytes) or not name:
            continue
        attributes = frozenset(_attribute(flag.upper(), answer.kind) for flag in flags if isinstance(flag, bytes))
        if answer.kind == "XLIST" and _XLIST_INBOX in attributes:
            name = INBOX  # Gmail named the inbox in the person's language.
        if not {b"\\NOSELECT", b"\\NONEXISTENT"} & attributes:
            separator = delimiter if isinstance(delimiter, bytes) else None
            folder = _listed_folder(name, attributes, separator, namespaces)
            # If a server marks folders only in answers to XLIST, the same folder was in an earlier answer to LIST.
            known = folders.get(folder.wire_name, folder).attributes
            folders[folder.wire_name] = replace(folder, attributes=folder.attributes | known)
    return list(folders.values())


class ListAnswers(list[Answer]):
    """The first answers to a LIST, and further answers about folders that may have a role.

    So a trash beyond the listed folders is found, and no second trash is made.
    """

    def __init__(self, uses: Callable[[], FolderUses]) -> None:
        super().__init__()
        self._uses = cache(uses)

    def append(self, answer: Answer) -> None:
        """Keep an answer if it is one of the first, or about a folder that may have a role."""
        if len(self) < MAX_ANSWERS or (len(self) < 2 * MAX_ANSWERS and may_have_role(answer, self._uses)):
            super().append(answer)


def may_have_role(answer: Answer, uses: Callable[[], FolderUses]) -> bool:
    """Return whether an answer is about a folder that has a mark or a usual name, or that was chosen for a role."""
    if answer.kind not in ("LIST", "XLIST") or len(answer.values) < 3:
        return False
    flags, delimiter, name = answer.values[:3]
    if not isinstance(flags, list) or not isinstance(name, bytes):
        return False
    last = name.rpartition(delimiter)[2] if isinstance(delimiter, bytes) and delimiter else name
    is_marked = any(_attribute(flag.upper(), answer.kind) in _MARKS for flag in flags if isinstance(flag, bytes))
    is_usual = _shown_form(last) in _ALL_USUAL
    return is_marked or is_usual or uses().chosen_for(name) is not None


def _attribute(attribute: bytes, kind: str) -> bytes:
    """Return an attribute of a folder. XLIST, which is older than RFC 6154, has another word for spam."""
    return b"\\JUNK" if kind == "XLIST" and attribute == b"\\SPAM" else attribute


def _listed_folder(
    name: bytes, attributes: frozenset[bytes], delimiter: bytes | None, namespaces: Namespaces
) -> ListedFolder:
    if name.upper() == INBOX:
        return ListedFolder(INBOX, attributes - set(_SPECIAL_USE.values()), delimiter)
    if not namespaces.may_have_role_by_mark(name, delimiter):
        # In a namespace of others, a mark says how other people use the folder.
        attributes -= set(_SPECIAL_USE.values())
    place, prefix = namespaces.place_of(name, delimiter)
    return ListedFolder(name, attributes, delimiter, namespaces.top_name(name, delimiter), place, prefix)


def in_order(folders: Iterable[Folder]) -> list[Folder]:
    """Return the inbox first, then the folders with a role, then the others by name."""
    order = {role: position for position, role in enumerate(Role)}
    return sorted(folders, key=lambda f: (len(order) if f.role is None else order[f.role], f.name.casefold(), f.name))


def folders_with(role: Role, folders: Sequence[ListedFolder], uses: FolderUses = NO_USES) -> list[ListedFolder]:
    """Return the folders with a role: the chosen folder, else those that SPECIAL-USE marks, else one with a usual name.

    A folder that was chosen for one role has no other role.
    """
    chosen = uses.folders_by_role(folders)
    if role in chosen:
        return [chosen[role]]
    others = [folder for folder in folders if folder not in chosen.values()] if chosen else folders
    marked = [folder for folder in others if _SPECIAL_USE[role] in folder.attributes]
    if marked:
        return marked
    shortest_last = sorted(others, key=lambda candidate: -len(candidate.wire_name))
    by_name = {
        _shown_form(candidate.top_name): candidate for candidate in shortest_last if candidate.top_name is not None
    }
    return [by_name[name] for name in map(_usual_form, USUAL_NAMES[role]) if name in by_name][:1]


def roles_of(folders: Sequence[ListedFolder], uses: FolderUses = NO_USES) -> dict[bytes, Role]:
    """Return the roles of the folders, by the bytes of their names. Folders without a role are missing."""
    roles = {INBOX: Role.INBOX}
    for role in _SPECIAL_USE:
        for folder in folders_with(role, folders, uses):
            roles.setdefault(folder.wire_name, role)
    return roles
