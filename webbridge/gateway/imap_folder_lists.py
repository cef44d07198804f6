"""The folders of an account and their changes on one connection (RFC 9051 sections 6.3.4 to 6.3.11).

A server with LIST-STATUS (RFC 5819) answers in one round trip. Any other server needs two: the list, then all counts.
If a server does not list rights (RFC 8440), one more round trip asks for the rights in folders of others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from webbridge.gateway.door import GatewayCode, GatewayError, check_folder_name, clean_text
from webbridge.gateway.folder_uses import FolderUses
from webbridge.gateway.imap_folders import (
    INBOX,
    MAX_FOLDERS,
    Folder,
    FolderFacts,
    ListAnswers,
    ListedFolder,
    Role,
    folders_with,
    in_order,
    read_facts,
    read_folders,
    roles_of,
)
from webbridge.gateway.imap_namespaces import ALL_PERSONAL, UNKNOWN, Namespaces, Place, read_namespaces
from webbridge.gateway.imap_selection import Selection
from webbridge.gateway.imap_syntax import (
    UNREADABLE_NAME_MARK,
    FolderName,
    read_code,
    read_folder_name,
    write_folder_name,
)
from webbridge.gateway.imap_wire import Answer, Command, ImapWire, folder_refusal, opening_refusal
from webbridge.gateway.undo import Changed, CreateStep, DeleteStep, RenameStep, SubscribeStep
from webbridge.gateway.usual_names import USUAL_NAMES
from webbridge.gateway.wire import CallDeadline

# The share of a call's time for counting messages. When it is used up, the remaining folders are listed without counts.
SHARE_FOR_COUNTS = 0.5
ASKED_AT_ONCE = 100  # In one write. The answers must fit into the buffers of the connection.
_COUNTS = b"(MESSAGES UNSEEN UIDVALIDITY)"
_XLIST: Command = (b"XLIST", b'""', b'"*"')


class FolderLists:
    """Lists and changes folders on one connection."""

    def __init__(self, imap: ImapWire, selection: Selection, uses: Callable[[], FolderUses]) -> None:
        self._imap = imap
        self._selection = selection
        self._uses = uses
        self._namespaces = UNKNOWN if imap.offers("NAMESPACE") else ALL_PERSONAL

    def all(self) -> list[Folder]:
        """Return the selectable folders with their counts: the inbox, then folders with a role, then the rest by name.

        The inbox always exists (RFC 9051 section 5.1), even if the server does not list it. A folder that the server
        cannot count is listed with zero counts.
        """
        answers = self._extended_list() if self._imap.offers("LIST-STATUS") else None
        if answers is None:
            listed = self._listed()
            facts = read_facts(self._count(listed))
        else:
            if self._has_only_xlist:
                answers += self._try_list(_XLIST) or []
            listed = self._read(answers)
            facts = read_facts([*answers, *self._ask_rights(listed)], knows_subscriptions=True)
        unknown = FolderFacts(knows_subscriptions=answers is not None)
        may_share = self._imap.offers("ACL")
        roles = roles_of(listed, self._uses())
        described = (
            folder.described(roles.get(folder.wire_name), facts.get(folder.wire_name, unknown), may_share=may_share)
            for folder in listed
        )
        return in_order(described)[:MAX_FOLDERS]

    def named_or_new(self, role: Role) -> str:
        """Return the folder with a role: by its SPECIAL-USE, else by its name, else a new one.

        Raises GatewayError with BUSY or NOT_OFFERED if there is no such folder, and the server does not say where a new
        folder may be made.
        """
        if (known := self._named(role)) is not None:
            return known
        wire_name = self._namespaces.new_name(USUAL_NAMES[role][0].encode("ascii"))
        if wire_name is None:
            raise _no_place(self._namespaces)
        name = read_folder_name(wire_name)
        try:
            self._create(name)
        except GatewayError as error:
            if error.code is not GatewayCode.FOLDER_EXISTS:
                raise
            # Another device may have made the folder after the list was read.
            if (known := self._named(role)) is None:
                raise _not_listed(name) from None
            return known
        return name

    def _named(self, role: Role) -> str | None:
        known = folders_with(role, self._listed(), self._uses())
        return known[0].name if known else None

    def has_role(self, folder: str, *roles: Role) -> bool:
        """Return whether a folder has one of the roles."""
        return roles_of(self._listed(), self._uses()).get(write_folder_name(folder)) in roles

    def create(self, folder: str) -> Changed:
        """Make a folder and subscribe to it. The caller has checked a new name (`check_new_name`)."""
        name = self.whole_name(check_folder_name(folder))
        self._create(name)
        return Changed(undo=(DeleteStep(folder=name),), folder=name)

    def rename(self, folder: str, to: str) -> Changed:
        """Rename a folder. The caller has checked a name that no folder had before (`check_new_name`).

        The inbox keeps its name: renaming it would move its messages (RFC 9051 section 6.3.6).
        """
        check_not_inbox(folder)
        name = self.whole_name(check_folder_name(to))
        renamed = self._renamed(folder, name)
        self._leave()
        with self._naming(name):
            self._imap.run(b"RENAME", _word(folder), _word(name), refused=_name_refusal)
        self._imap.send((b"UNSUBSCRIBE", _word(folder)), (b"SUBSCRIBE", _word(name)))
        self._imap.drain()
        return Changed(undo=(RenameStep(folder=name, to=folder),), folder=name, renamed=renamed)

    def delete(self, folder: str, *, with_messages: bool) -> Changed:
        """Delete a folder. A folder with messages needs `with_messages`, because the messages cannot be restored."""
        check_not_inbox(folder)
        facts = read_facts(self._imap.run(b"STATUS", _word(folder), _COUNTS, refused=opening_refusal))
        # Answers about other folders are ignored. Without an answer about this folder, its number of messages is
        # unknown.
        total = facts.get(write_folder_name(folder), FolderFacts()).counts.get(b"MESSAGES")
        if total != 0 and not with_messages:
            text = "The folder has messages. They would be deleted for ever."
            raise GatewayError(GatewayCode.FOLDER_NOT_EMPTY, text)
        self._leave()
        self._imap.run(b"DELETE", _word(folder), refused=folder_refusal)
        self._imap.send((b"UNSUBSCRIBE", _word(folder)))
        self._imap.drain()
        return Changed(undo=(CreateStep(folder=folder),) if total == 0 else ())

    def subscribe(self, folder: str, *, is_subscribed: bool) -> Changed:
        """Subscribe to a folder, or end the subscription."""
        verb = b"SUBSCRIBE" if is_subscribed else b"UNSUBSCRIBE"
        self._imap.run(verb, _word(check_folder_name(folder)), refused=opening_refusal)
        return Changed(undo=(SubscribeStep(folder=folder, is_subscribed=not is_subscribed),))

    def whole_name(self, name: str) -> str:
        """Return the name of a new folder, placed in the personal namespace. Raises GatewayError."""
        if not self._namespaces.are_known:
            self._imap.send((b"NAMESPACE",))
            self._namespaces = read_namespaces(self._answered_namespaces())
        return read_folder_name(self._namespaces.placed_name(write_folder_name(name)))

    def _renamed(self, folder: str, to: str) -> tuple[tuple[str, str], ...]:
        """Return the old and new names of a folder, and of the folders below it that were chosen for a use."""
        uses = self._uses()
        chosen = uses.folders_by_role(self._listed()).values() if uses.has_any else ()
        old, new = write_folder_name(folder), write_folder_name(to)
        below = [child for child in chosen if child.delimiter and child.wire_name.startswith(old + child.delimiter)]
        return ((folder, to), *((child.name, read_folder_name(new + child.wire_name[len(old) :])) for child in below))

    def _leave(self) -> None:
        """Leave the selected folder, since servers refuse to delete (RFC 9051 section 6.3.5) or to rename that folder.

        Courier also refuses to rename the folder's parents.
        """
        if not self._selection.may_be_open:
            return
        self._selection.leave()
        if self._imap.offers("UNSELECT"):
            with suppress(GatewayError):
                self._imap.run(b"UNSELECT")
        else:
            self._imap.run(b"EXAMINE", _word("INBOX"))

    def _create(self, name: str) -> None:
        with self._naming(name):
            self._imap.run(b"CREATE", _word(name), refused=_name_refusal)
        with suppress(GatewayError):
            self._imap.run(b"SUBSCRIBE", _word(name))

    @contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        """Replace a refusal with FOLDER_EXISTS if the name is taken. Cyrus and others lack ALREADYEXISTS (RFC 5530)."""
        try:
            yield
        except GatewayError as error:
            if error.code is GatewayCode.SERVER_REFUSED and not self._imap.wire.broken and self._is_taken(name):
                raise _name_taken() from None
            raise

    def _is_taken(self, name: str) -> bool:
        with suppress(GatewayError):
            listed = self._read(self._imap.run(b"LIST", b'""', _word(name)))
            return write_folder_name(name) in (folder.wire_name for folder in listed)
        return False

    def _listed(self) -> list[ListedFolder]:
        plain: Command = (b"LIST", b'""', b'"*"')
        # Some servers mark special folders only on request (RFC 6154 section 3; Cyrus with `specialusealways: 0`).
        marked: Command = (*plain, b"RETURN", b"(SPECIAL-USE)")
        takes_marked = self._imap.offers("SPECIAL-USE", "LIST-EXTENDED")
        if takes_marked and (answers := self._try_list(marked)) is not None:
            return self._read(answers)
        if self._has_only_xlist and (answers := self._try_list(_XLIST)) is not None:
            return self._read(answers)
        return self._read(self._ask_list(plain))

    @property
    def _has_only_xlist(self) -> bool:
        """Whether the server marks special folders only in the answers to XLIST, as Gmail did before RFC 6154."""
        return self._imap.offers("XLIST") and not self._imap.offers("SPECIAL-USE")

    def _read(self, answers: list[Answer]) -> list[ListedFolder]:
        return read_folders(answers, self._namespaces, self._uses)

    def _ask_list(self, command: Command) -> list[Answer]:
        """Return the answers to a LIST. Until the namespaces are known, NAMESPACE is sent in the same write."""
        if not self._namespaces.are_known:
            self._imap.send((b"NAMESPACE",), command)
            self._namespaces = read_namespaces(self._answered_namespaces())
        else:
            self._imap.send(command)
        answers = ListAnswers(self._uses)
        with self._imap.taking_many():
            self._imap.finish(answers)
        return answers

    def _answered_namespaces(self) -> list[Answer]:
        """Return the answers to NAMESPACE, or none if the command failed."""
        try:
            return self._imap.answers()
        except GatewayError:
            if self._imap.wire.broken:
                raise
            return []

    def _extended_list(self) -> list[Answer] | None:
        """Return the answers to a LIST with counts (RFC 5819, RFC 8440), or None if the server refuses it."""
        rights = b" MYRIGHTS" if self._imap.offers("LIST-MYRIGHTS") else b""
        special = b" SPECIAL-USE" if self._imap.offers("SPECIAL-USE") else b""
        options = b"(SUBSCRIBED" + special + rights + b" STATUS " + _COUNTS + b")"
        return self._try_list((b"LIST", b'""', b'"*"', b"RETURN", options))

    def _try_list(self, command: Command) -> list[Answer] | None:
        """Return the answers to a LIST, or None if the server refuses its options."""
        try:
            return self._ask_list(command)
        except GatewayError as error:
            if self._imap.wire.broken or error.code is not GatewayCode.SERVER_REFUSED:
                raise
            return None

    def _count(self, folders: Sequence[ListedFolder]) -> list[Answer]:
        """Return the STATUS and MYRIGHTS answers about the folders, as far as the server gives them in time."""
        commands: list[Command] = []
        for folder in folders:
            commands.append((b"STATUS", FolderName(folder.wire_name), _COUNTS))
            if self._imap.offers("ACL"):
                commands.append((b"MYRIGHTS", FolderName(folder.wire_name)))
        return self._ask_in_time(commands)

    def _ask_rights(self, folders: Sequence[ListedFolder]) -> list[Answer]:
        """Return the MYRIGHTS answers about folders of others, unless the list has had them."""
        if self._imap.offers("LIST-MYRIGHTS") or not self._imap.offers("ACL"):
            return []
        return self._ask_in_time(
            [(b"MYRIGHTS", FolderName(folder.wire_name)) for folder in folders if folder.place is not Place.OWN]
        )

    def _ask_in_time(self, commands: Sequence[Command]) -> list[Answer]:
        """Return the answers to the commands, without those that fail or come too late."""
        wire = self._imap.wire
        deadline = wire.deadline
        wire.deadline = CallDeadline(deadline.left * SHARE_FOR_COUNTS)
        answers: list[Answer] = []
        for start in range(0, len(commands), ASKED_AT_ONCE):
            with suppress(GatewayError):
                self._run_all(commands[start : start + ASKED_AT_ONCE], answers)
        wire.deadline = deadline
        return answers

    def _run_all(self, commands: Sequence[Command], answers: list[Answer]) -> None:
        together = [command for command in commands if self._imap.needs_no_wait(command)]
        self._imap.send(*together)
        for _ in together:
            if self._imap.wire.broken:
                return
            with suppress(GatewayError):
                self._imap.finish(answers)
        for command in commands:
            if command not in together:
                self._imap.send(command)
                with suppress(GatewayError):
                    self._imap.finish(answers)


def check_new_name(name: str) -> str:
    """Return the name if a folder may get it. Raises GatewayError."""
    check_folder_name(name)
    if name.startswith(UNREADABLE_NAME_MARK) or not name.isprintable() or set(name) & set("*%"):
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The folder's name has a character that names cannot have.")
    return name


def check_not_inbox(folder: str) -> str:
    """Return the folder if it may be renamed or deleted. Raises GatewayError."""
    if write_folder_name(check_folder_name(folder)).upper() == INBOX:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The inbox is neither renamed nor deleted.")
    return folder


def _no_place(namespaces: Namespaces) -> GatewayError:
    if namespaces.are_known:
        text = (
            "The mail server names no place for a new folder of this account. Ask the administrator of the mail server."
        )
        return GatewayError(GatewayCode.NOT_OFFERED, text)
    text = "The mail server does not say which folders belong to this account. Try again in a moment."
    return GatewayError(GatewayCode.BUSY, text)


def _not_listed(name: str) -> GatewayError:
    text = f"The mail server has a folder {clean_text(name)!r}, and does not list it. Ask its administrator."
    return GatewayError(GatewayCode.NOT_OFFERED, text)


def _word(folder: str) -> FolderName:
    return FolderName.of(folder)


def _name_refusal(word: str, text: bytes) -> GatewayError:
    """Return the error of a refused CREATE or RENAME (RFC 5530 section 3)."""
    return _name_taken() if word == "NO" and read_code(text) == "ALREADYEXISTS" else folder_refusal(word, text)


def _name_taken() -> GatewayError:
    return GatewayError(GatewayCode.FOLDER_EXISTS, "There is a folder with this name already. Choose another name.")
