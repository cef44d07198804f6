"""The rights that other people have in a folder (RFC 4314, RFC 2086): who may read it, file into it, or do everything.

The bridge defines the three levels. Rights that match no level stay as they are, and are shown by their letters. Only
persons get rights. Identifiers of all users, of groups and of negative rights are refused (RFC 4314 section 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webbridge.gateway.door import (
    GatewayCode,
    GatewayError,
    UnreadableAnswer,
    check_folder_name,
    clean_text,
)
from webbridge.gateway.imap_syntax import FolderName, Literal, write_folder_name
from webbridge.gateway.imap_wire import Answer, ImapWire, folder_refusal

MAX_GRANTS: Final = 1000  # Our own bound on the identifiers in the list of one folder.
MAX_IDENTIFIER_BYTES: Final = 255
_RIGHTS: Final = re.compile(rb"[a-z0-9]{0,40}")
# A login name or an address. Other signs at the beginning stand for groups, negative rights and special words of
# servers.
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+@=-]{0,253}")
_NO_PEOPLE: Final = frozenset({"anyone", "anonymous", "authenticated", "owner"})


class Level(StrEnum):
    """The rights of a person in a folder. The value is the word in the bridge's API."""

    READ = "read"
    FILE = "file"
    """To read messages, to mark them, and to put messages into the folder."""
    ALL = "all"
    """Like FILE, and to delete messages, and to make and delete folders, but not to give rights to others."""
    OTHER = "other"
    """Other rights, which another program has given."""


# RFC 4314 section 2.1. The right "p", to post to the folder's own address, does not affect the level.
_LETTERS: Final = {Level.READ: "lrs", Level.FILE: "lrswi", Level.ALL: "lrswikxte"}
# RFC 2086 section 3. There "c" includes the later rights k and x, and "d" includes x, t and e.
_OLD_LETTERS: Final = {Level.READ: "lrs", Level.FILE: "lrswi", Level.ALL: "lrswicd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The rights of one identifier, as the server lists them."""

    identifier: str
    rights: str
    level: Level

    @property
    def is_person(self) -> bool:
        """Whether the identifier names one person, whose rights may be changed here."""
        return _PERSON.fullmatch(self.identifier) is not None and self.identifier.lower() not in _NO_PEOPLE


class AccessLists:
    """Reads and changes the lists of rights on one connection. Raises NOT_OFFERED if the server has no such lists."""

    def __init__(self, imap: ImapWire) -> None:
        self._imap = imap

    def all(self, folder: str) -> list[Grant]:
        """Return the list of a folder, in the server's order."""
        self._check_offered()
        return read_grants(self._imap.run(b"GETACL", _word(folder), refused=folder_refusal), folder)

    def grant(self, folder: str, person: str, level: Level) -> None:
        """Give a person the rights of a level. They replace the person's earlier rights."""
        self._check_offered()
        letters = (_LETTERS if self._imap.offers_beginning("RIGHTS=") else _OLD_LETTERS)[level].encode()
        self._imap.run(b"SETACL", _word(folder), _person(person), Literal(letters), refused=folder_refusal)

    def withdraw(self, folder: str, person: str) -> None:
        """Take all rights of a person away."""
        self._check_offered()
        self._imap.run(b"DELETEACL", _word(folder), _person(person), refused=folder_refusal)

    def _check_offered(self) -> None:
        if not self._imap.offers("ACL"):
            raise GatewayError(GatewayCode.NOT_OFFERED, "The mail server does not let people share their folders.")


def read_grants(answers: Iterable[Answer], folder: str) -> list[Grant]:
    """Return the rights in the ACL answer about a folder. Raises UnreadableAnswer if it is missing, bad or too long."""
    wire_name = write_folder_name(folder)
    for answer in answers:
        if answer.kind != "ACL" or not answer.values or answer.values[0] != wire_name:
            continue
        pairs = answer.values[1:]
        if len(pairs) % 2 or len(pairs) > 2 * MAX_GRANTS:
            raise UnreadableAnswer
        return [_read_grant(name, rights) for name, rights in zip(pairs[::2], pairs[1::2], strict=True)]
    raise UnreadableAnswer


def check_person(name: str) -> str:
    """Return the login name of a person who may get rights. Raises GatewayError."""
    if not _PERSON.fullmatch(name) or name.lower() in _NO_PEOPLE:
        text = f"{clean_text(name)!r} names no person. Write the address with which the person signs in."
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
    return name


def level_of(rights: str) -> Level:
    """Return the level of some rights, in the letters of either RFC."""
    letters = set(rights)
    if not letters & set("xte"):
        letters |= set("xte") if "d" in letters else set()
        letters |= set("k") if "c" in letters else set()
    # A server of RFC 4314 lists "c" and "d" besides the rights that replaced them (section 2.1.1).
    letters -= set("pcd")
    known = {level for level, text in _LETTERS.items() if letters == set(text)}
    return known.pop() if known else Level.READ if letters == set("lr") else Level.OTHER


def _read_grant(name: object, rights: object) -> Grant:
    is_sound = isinstance(name, bytes) and 0 < len(name) <= MAX_IDENTIFIER_BYTES
    if not is_sound or not isinstance(name, bytes) or not isinstance(rights, bytes) or not _RIGHTS.fullmatch(rights):
        raise UnreadableAnswer
    letters = rights.decode("ascii")
    identifier = name.decode("utf-8", "replace")
    if clean_text(identifier) != identifier:
        raise UnreadableAnswer
    return Grant(identifier=identifier, rights=letters, level=level_of(letters))


def _word(folder: str) -> FolderName:
    return FolderName.of(check_folder_name(folder))


def _person(name: str) -> Literal:
    return Literal(check_person(name).encode("ascii"))
