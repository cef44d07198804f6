"""Changes of messages and their undoing: flags, copy, move and delete (RFC 9051 section 6.4, RFC 4315, RFC 6851).

Only the messages that a call names are ever deleted. If the server lacks UID EXPUNGE, these messages are only marked,
because a plain EXPUNGE would also delete messages that another program has marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from webbridge.gateway.door import (
    MAX_UIDS,
    GatewayError,
    Mailbox,
    UnreadableAnswer,
    check_flags,
    check_folder_name,
    check_uids,
)
from webbridge.gateway.failures import read_only
from webbridge.gateway.imap_fetch import flags_of, items_by_uid
from webbridge.gateway.imap_selection import Selection
from webbridge.gateway.imap_syntax import FolderName
from webbridge.gateway.imap_wire import Answer, Command, ImapWire, Refusal, folder_refusal
from webbridge.gateway.uid_set import MAX_UID, read_in_order, split_uids
from webbridge.gateway.undo import Changed, FlagStep, MoveStep, RemoveStep

DELETED = b"(\\Deleted)"
# RFC 4315 section 3: the new UIDVALIDITY, the UIDs of the originals, and the UIDs of the copies in the same order.
_COPYUID = re.compile(rb"\[COPYUID ([0-9]{1,10}) ([0-9:,]+) ([0-9:,]+)\]", re.IGNORECASE)


class MessageChanges:
    """The changes of messages on one connection."""

    def __init__(self, imap: ImapWire, selection: Selection) -> None:
        self._imap = imap
        self._selection = selection

    def set_flags(
        self, mailbox: Mailbox, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Changed:
        """Set and clear flags on messages. A UID that does not exist is no error."""
        checked_uids = check_uids(uids)
        named = split_uids(checked_uids)
        check_flags(add, remove)
        changes = [
            sign + b"FLAGS.SILENT (" + " ".join(flags).encode() + b")"
            for sign, flags in ((b"+", add), (b"-", remove))
            if flags
        ]
        fetches: list[Command] = [(b"UID", b"FETCH", uid_set.encode(), b"(UID FLAGS)") for uid_set in named]
        self._selection.begin(mailbox.name, mailbox.uid_validity, *fetches, uids=uids)
        answers: list[Answer] = []
        for _ in fetches:
            # If this fails, the earlier flags are unknown, so the change has no undo. The change is made nevertheless.
            with suppress(GatewayError):
                self._imap.finish(answers)
        items = items_by_uid(answers)
        before = {uid: flags_of(items[uid]) for uid in checked_uids if uid in items}
        self._run_all(
            mailbox, [(b"UID", b"STORE", uid_set.encode(), change) for uid_set in named for change in changes]
        )
        return Changed(undo=tuple(_flag_steps(mailbox, before, add, remove)))

    def move(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> Changed:
        """Move messages to a folder."""
        if self._imap.offers("MOVE"):
            refused = partial(self._selection.refusal_in, mailbox.name)
            return Changed(undo=self._transfer(b"MOVE", mailbox, uids, to, refused))
        if self._selection.enter(mailbox, uids).is_read_only:
            raise read_only()  # Each try would leave a further copy.
        undo = self._transfer(b"COPY", mailbox, uids, to)
        return Changed(undo=undo, is_marked_only=self.remove(mailbox, uids).is_marked_only)

    def copy(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> Changed:
        """Copy messages to a folder."""
        moves = self._transfer(b"COPY", mailbox, uids, to)
        return Changed(undo=tuple(RemoveStep(mailbox=move.mailbox, uids=move.uids) for move in moves))

    def remove(self, mailbox: Mailbox, uids: Sequence[int]) -> Changed:
        """Delete messages for ever, or mark them if the server cannot delete single messages."""
        named = [uid.encode() for uid in split_uids(check_uids(uids))]
        self._selection.enter(mailbox, uids)
        commands: list[Command] = [(b"UID", b"STORE", uid_set, b"+FLAGS.SILENT", DELETED) for uid_set in named]
        can_expunge = self._imap.offers("UIDPLUS")
        if can_expunge:
            commands += [(b"UID", b"EXPUNGE", uid_set) for uid_set in named]
        self._run_all(mailbox, commands)
        return Changed(is_marked_only=not can_expunge)

    def _transfer(
        self, verb: bytes, mailbox: Mailbox, uids: Sequence[int], to: str, refused: Refusal | None = None
    ) -> tuple[MoveStep, ...]:
        """Copy or move messages. Return the steps that move them back, if the server names the new messages."""
        name = FolderName.of(check_folder_name(to))
        named = split_uids(check_uids(uids))
        self._selection.enter(mailbox, uids)
        undo: list[MoveStep] = []
        for uid_set in named:
            answers = self._imap.run(b"UID", verb, uid_set.encode(), name, refused=refused or folder_refusal)
            texts = [answer.text for answer in answers if answer.kind == "OK"]
            undo += _back(mailbox, to, uid_set, [*texts, self._imap.status_text])
        return tuple(undo)

    def _run_all(self, mailbox: Mailbox, commands: Sequence[Command]) -> None:
        """Run commands that change the selected folder, in one write.

        Raises the first error when all answers are read.
        """
        if not commands:
            return
        self._imap.send(*commands)
        try:
            for _ in commands:
                self._imap.answers(partial(self._selection.refusal_in, mailbox.name))
                self._selection.check_changed(mailbox.name)
        finally:
            self._imap.drain()


def _back(mailbox: Mailbox, to: str, moved: str, texts: Iterable[bytes]) -> list[MoveStep]:
    """Return the step that moves the new messages back. Return none unless the server names one for each original."""
    match = next(filter(None, map(_COPYUID.match, texts)), None)
    if match is None or int(match[1]) > MAX_UID:
        return []
    try:
        originals, copies = (read_in_order(match[place], limit=MAX_UIDS) for place in (2, 3))
        allowed = read_in_order(moved.encode(), limit=MAX_UIDS)
    except UnreadableAnswer:
        return []
    # The originals must be among the moved messages. Otherwise the step would move other messages.
    if len(set(originals)) != len(set(copies)) or not set(originals) <= set(allowed):
        return []
    return [MoveStep(mailbox=Mailbox(to, int(match[1])), uids=copies, to=mailbox.name)]


def _flag_steps(
    mailbox: Mailbox, before: Mapping[int, Sequence[str]], add: Sequence[str], remove: Sequence[str]
) -> Iterable[FlagStep]:
    """Yield the steps that restore the earlier flags of each message."""
    had = {uid: {flag.upper() for flag in flags} for uid, flags in before.items()}
    for flag in dict.fromkeys(add):
        if uids := [uid for uid, flags in had.items() if flag.upper() not in flags]:
            yield FlagStep(mailbox=mailbox, uids=uids, remove=(flag,))
    for flag in dict.fromkeys(remove):
        if uids := [uid for uid, flags in had.items() if flag.upper() in flags]:
            yield FlagStep(mailbox=mailbox, uids=uids, add=(flag,))
