"""The folder that a connection has selected (RFC 9051 section 6.3.2). Its state is kept from one call to the next.

A call that names the UIDVALIDITY of the selected folder needs no SELECT. A search in the selected folder needs no
SELECT either, because the UIDVALIDITY of its result is known from the last SELECT. Any other call selects the folder,
and sends its next command in the same write. Until the UIDVALIDITY is known, only commands that change nothing may be
sent. Other commands would change wrong messages in a folder with new UIDs.

A folder that cannot be selected is examined (RFC 9051 section 6.3.3), because some servers let a person only read it.

In a selected folder, a server does not find messages that it has not reported (RFC 9051 section 5.2). A command that
names such a message does nothing. So a call selects the folder again if it names a UID that shows that a message came
after the SELECT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from webbridge.gateway.door import GatewayCode, GatewayError, Mailbox, check_folder_name
from webbridge.gateway.failures import names_read_only, read_only
from webbridge.gateway.imap_syntax import FolderName, Value, read_code
from webbridge.gateway.imap_wire import Answer, Command, ImapWire, Refusal, folder_refusal, opening_refusal
from webbridge.gateway.uid_set import MAX_UID

_CODE_NUMBER = re.compile(rb"\[([A-Za-z]+) (\d{1,18})\]")  # At most MAX_NUMBER_DIGITS digits.
_KEPT_FLAGS = re.compile(rb"\[PERMANENTFLAGS \(([^)]*)\)", re.IGNORECASE)
# The answers about changes that another program has made (RFC 9051 section 5.2, RFC 7162 section 3.2.10).
_NEWS = frozenset({"EXISTS", "EXPUNGE", "VANISHED", "FETCH"})
_NOT_OPENED = (GatewayCode.NO_SUCH_FOLDER, GatewayCode.FOLDER_READ_ONLY, GatewayCode.SERVER_REFUSED)
_SELECT, _EXAMINE = b"SELECT", b"EXAMINE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The state of a folder when it was selected.

    `exists` is None if the server does not count the messages, and `modseq` is None if it does not number changes (RFC
    7162). `keywords` are the flags that messages of the folder may have, and `kept_keywords` the flags that the server
    keeps, both in small letters. `is_read_only` says that nothing in the folder can be changed.
    """

    name: str
    uid_validity: int
    exists: int | None
    next_uid: int
    modseq: int | None
    keywords: frozenset[str]
    kept_keywords: frozenset[str]
    is_read_only: bool

    @property
    def takes_new_keywords(self) -> bool:
        """Whether the server keeps keywords that the folder has not had before (RFC 9051 section 7.1)."""
        return "\\*" in self.kept_keywords


class Selection:
    """The selected folder of one connection."""

    def __init__(self, imap: ImapWire) -> None:
        self._imap = imap
        self._selected: Selected | None = None
        self._is_enabled = False
        self._was_asked = False
        self._news_at_select = 0

    @property
    def may_be_open(self) -> bool:
        """Whether a folder may be selected at the server, even if its state was dropped here."""
        return self._was_asked

    def begin(self, folder: str, uid_validity: int | None, *commands: Command, uids: Sequence[int] = ()) -> Selected:
        """Do as `_begin` does. If the server does not open the folder, try the other commands of `_ways_to_open`."""
        refusals: list[GatewayError] = []
        for verb in self._ways_to_open():
            try:
                return self._begin(verb, folder, uid_validity, *commands, uids=uids)
            except GatewayError as error:
                if error.code not in _NOT_OPENED and (not refusals or error.code is GatewayCode.FOLDER_CHANGED):
                    raise
                refusals.append(error)
        raise refusals[0]

    def _ways_to_open(self) -> Iterator[bytes]:
        """Yield the commands that open a folder. SELECT is repeated if the server may require the program's name."""
        yield _SELECT
        if self._imap.send_id():
            yield _SELECT
        if not self._imap.wire.broken:
            yield _EXAMINE

    def _begin(
        self, verb: bytes, folder: str, uid_validity: int | None, *commands: Command, uids: Sequence[int] = ()
    ) -> Selected:
        """Select the folder if necessary, and send commands that only read. The caller reads their answers next.

        `uids` are the messages that the call is about. Raises GatewayError with FOLDER_CHANGED or one of _NOT_OPENED.
        After an error no answers are left to read.
        """
        selected = self._selected
        is_same = selected is not None and selected.name == folder and selected.uid_validity == uid_validity
        if selected is not None and is_same and max(uids, default=0) < selected.next_uid:
            self._imap.send(*commands)
            return selected
        openings = self._openings(verb, folder)
        can_send_together = all(map(self._imap.needs_no_wait, (*openings, *commands)))
        if can_send_together:
            self._imap.send(*openings, *commands)
        else:
            self._imap.send(*openings)
        selected = self._read_selected(folder, openings, uid_validity)
        if not can_send_together and commands:
            self._imap.send(*commands)
        return selected

    def search(
        self, folder: str, uid_validity: int | None, command: Command, refused: Refusal
    ) -> tuple[Selected, list[Answer]]:
        """Run a search. The folder is selected first, unless it is selected already. Raises GatewayError.

        A search finds only messages that the server has reported (RFC 9051 section 5.2). The NOOP after the search
        makes the server report changes. If it reports any, the search is repeated. The counts in the result are from
        the SELECT. A token made from these counts is older than the search, so no change is missed.
        """
        selected = self._selected
        if selected is None or selected.name != folder or uid_validity not in (None, selected.uid_validity):
            return self.begin(folder, uid_validity, command), self._imap.answers(refused)
        self._imap.send(command, (b"NOOP",))
        try:
            answers = self._imap.answers(refused)
            news = [*answers, *self._imap.answers()]
        finally:
            self._imap.drain()
        if not any(answer.kind in _NEWS for answer in news):
            return selected, answers
        self._imap.send(command)
        return selected, self._imap.answers(refused)

    def unchanged(self, folder: str, uid_validity: int | None) -> Selected | None:
        """Return the folder's state if it is selected, and the server has reported no change of its messages."""
        selected = self._selected
        if selected is None or selected.name != folder or uid_validity not in (None, selected.uid_validity):
            return None
        return selected if self._imap.folder_news == self._news_at_select else None

    def enter(self, mailbox: Mailbox, uids: Sequence[int] = ()) -> Selected:
        """Select a folder and check its UIDVALIDITY, for commands that change these messages. Raises GatewayError."""
        return self.begin(mailbox.name, mailbox.uid_validity, uids=uids)

    def refusal_in(self, folder: str, word: str, text: bytes) -> GatewayError:
        """Return the error of a refused change. If the folder can only be read, the error says so."""
        error = folder_refusal(word, text)
        is_unclear = error.code is GatewayCode.SERVER_REFUSED
        return read_only() if is_unclear and self._is_read_only(folder) else error

    def check_changed(self, folder: str) -> None:
        """Raise GatewayError if the server accepted the last change without making it.

        Dovecot does so in a read-only folder.
        """
        if self._is_read_only(folder) and names_read_only("", self._imap.status_text):
            raise read_only()

    def _is_read_only(self, folder: str) -> bool:
        return self._selected is not None and self._selected.name == folder and self._selected.is_read_only

    def forget(self) -> None:
        """Let the next call select its folder again, because folders have changed."""
        self._selected = None

    def forget_if_it_is(self, folder: str) -> None:
        """Let the next call that needs this folder select it again."""
        if self._selected is not None and self._selected.name == folder:
            self.forget()

    def leave(self) -> None:
        """Drop the state of a folder that is no longer selected at the server."""
        self._selected = None
        self._was_asked = False

    def _openings(self, verb: bytes, folder: str) -> list[Command]:
        select: Command = (verb, FolderName.of(check_folder_name(folder)))
        if self._imap.offers("ENABLE", "QRESYNC"):
            # ENABLE is allowed only before the first SELECT (RFC 5161 section 3.1).
            openings: list[Command] = [select] if self._is_enabled else [(b"ENABLE", b"QRESYNC"), select]
            self._is_enabled = True
            return openings
        return [(*select, b"(CONDSTORE)")] if self._imap.offers("CONDSTORE") else [select]

    def _read_selected(self, folder: str, openings: Sequence[Command], uid_validity: int | None) -> Selected:
        self._selected = None
        self._was_asked = True
        try:
            for _ in openings[1:]:
                self._imap.answers()
            answers = self._imap.answers(opening_refusal)
            is_read_only = openings[-1][0] == _EXAMINE or read_code(self._imap.status_text) == "READ-ONLY"
            selected = _selected(folder, answers, is_read_only=is_read_only)
            _check_uid_validity(selected, uid_validity)
        except GatewayError:
            self._imap.drain()
            raise
        self._selected = selected
        self._news_at_select = self._imap.folder_news
        return selected


def _check_uid_validity(selected: Selected, uid_validity: int | None) -> None:
    if uid_validity not in (None, selected.uid_validity):
        raise GatewayError(GatewayCode.FOLDER_CHANGED, "The folder has changed. Load its list again.")


def _selected(folder: str, answers: Sequence[Answer], *, is_read_only: bool) -> Selected:
    exists = [answer.number for answer in answers if answer.kind == "EXISTS"]
    flags = [
        value for answer in answers if answer.kind == "FLAGS" for value in answer.values if isinstance(value, list)
    ]
    kept_flags = [match[1].split() for match in filter(None, (_KEPT_FLAGS.match(answer.text) for answer in answers))]
    kept_keywords = _keywords(kept_flags[-1] if kept_flags else [])
    matches = filter(None, (_CODE_NUMBER.match(answer.text) for answer in answers))
    codes = {match[1].upper(): int(match[2]) for match in matches}
    return Selected(
        name=folder,
        uid_validity=min(codes.get(b"UIDVALIDITY", 0), MAX_UID),
        exists=exists[-1] if exists else None,
        next_uid=min(codes.get(b"UIDNEXT", MAX_UID), MAX_UID),
        modseq=codes.get(b"HIGHESTMODSEQ"),
        keywords=kept_keywords | _keywords(flags[-1] if flags else []),
        kept_keywords=kept_keywords,
        is_read_only=is_read_only,
    )


def _keywords(flags: Iterable[Value]) -> frozenset[str]:
    return frozenset(flag.decode("latin-1").lower() for flag in flags if isinstance(flag, bytes))
