"""The list of a folder's messages, newest first, and the changes since a list (RFC 9051 section 6.4.5, RFC 7162).

A list takes one round trip if the session knows about how many messages the folder has, and two otherwise. Sequence
numbers lead to the newest messages without a search. Servers are not trusted: counts may be missing or wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from webbridge.gateway.connection import Changes, MessagePage
from webbridge.gateway.door import ConnectionLost, GatewayCode, GatewayError, Mailbox, UnreadableAnswer
from webbridge.gateway.imap_fetch import ends_of, flags_of, items_by_uid, newest_first
from webbridge.gateway.imap_search import (
    Criteria,
    SortKey,
    found_in,
    search_command,
    search_refusal,
    sort_command,
    sorted_in,
    threads_in,
)
from webbridge.gateway.imap_selection import Selected, Selection
from webbridge.gateway.imap_syntax import Value
from webbridge.gateway.imap_wire import Answer, Command, ImapWire
from webbridge.gateway.row_cache import RowCache
from webbridge.gateway.summary import HEADER_PART_BYTES, SUMMARY_ITEMS, MessageSummary, summary_from_fetch
from webbridge.gateway.uid_set import MAX_UID, Ranges, join_ranges, read_ranges, write_uids

MAX_CHANGES = 1000  # Our own bound. After more changes the list is loaded again.
MAX_VANISHED_RANGES = 1000
# WINDOW is the width, in pages, of the first range of UIDs in which older messages are searched. If the range has too
# few messages, the next range is wider by the factor WIDER.
WINDOW = 20
WIDER = 32
_FLAG_ITEMS = b"(UID FLAGS)"
_TOKEN = re.compile(r"([0-9]{1,18})-([0-9]{1,10})")


class MessageLists:
    """The lists of the folders on one connection."""

    def __init__(self, imap: ImapWire, selection: Selection) -> None:
        self._imap = imap
        self._selection = selection

    def newest(
        self, folder: str, *, before_uid: int | None, limit: int, uid_validity: int | None, cache: RowCache
    ) -> MessagePage:
        """Return the newest messages, or the newest below `before_uid`.

        A wrong `uid_validity` is an error only with `before_uid`. Before the first SELECT, Courier's STATUS reports the
        time as the UIDVALIDITY, so the page names the real one.
        """
        if before_uid is None:
            selected, items = self._newest_items(folder, limit, cache)
            chosen = newest_first(items, None, limit)
        else:
            items = {}
            selected, chosen = self._older(folder, before_uid, limit, uid_validity)
        rows = self.rows(selected, chosen, items, cache)
        return _page(selected, rows, total=selected.exists)

    def rows(
        self, selected: Selected, uids: list[int], items: dict[int, dict[bytes, Value]], cache: RowCache
    ) -> list[MessageSummary]:
        """Return the rows of these messages in this order. `items` are known already. Missing items are requested.

        For messages whose rows are cached, only the flags are requested. If the server's description of a message is
        unreadable, the message's row says so.
        """
        cached_rows = {
            uid: row for uid in uids if (row := cache.find_row(selected.name, selected.uid_validity, uid)) is not None
        }
        without_flags = [uid for uid in cached_rows if b"FLAGS" not in items.get(uid, {})]
        without_header = [
            uid
            for uid in uids
            if uid not in cached_rows and not any(item.startswith(b"BODY[") for item in items.get(uid, {}))
        ]
        known = items | self._fetch({_FLAG_ITEMS: without_flags, SUMMARY_ITEMS: without_header})
        rows = [_row(uid, cached_rows.get(uid), known.get(uid, {})) for uid in uids]
        for row in rows:
            cache.keep_row(selected.name, selected.uid_validity, row)
        return rows

    def found(
        self,
        folder: str,
        criteria: Criteria,
        *,
        before_uid: int | None,
        limit: int,
        uid_validity: int | None,
        cache: RowCache,
    ) -> MessagePage:
        """Return the newest messages that meet the criteria. `total` is their number.

        A wrong `uid_validity` is an error only with `before_uid`.
        """
        words = criteria.command_words()
        if before_uid is None:
            uid_validity = None
        else:
            words = (b"UID", b"1:%d" % max(1, before_uid - 1), *words)
        command = search_command(self._imap, words)
        selected, answers = self._selection.search(folder, uid_validity, command, search_refusal)
        matches = found_in(answers)
        uids = matches.newest(before=before_uid or MAX_UID + 1, limit=limit)
        rows = self.rows(selected, uids, {}, cache)
        return _page(selected, rows, total=matches.count)

    def ordered(
        self, folder: str, key: SortKey, *, is_descending: bool, offset: int, limit: int, cache: RowCache
    ) -> MessagePage:
        """Return a part of the folder in an order of the server."""
        if not self._imap.offers("SORT"):
            raise _not_offered("cannot sort")
        command = sort_command(key, (b"ALL",), is_descending=is_descending)
        selected, answers = self._selection.search(folder, None, command, search_refusal)
        uids = sorted_in(answers)
        return _page(selected, self.rows(selected, uids[offset : offset + limit], {}, cache), total=len(uids))

    def threads(self, folder: str, *, offset: int, limit: int, cache: RowCache) -> tuple[MessagePage, list[list[int]]]:
        """Return the newest message of each thread, the newest thread first, and the UIDs of these threads."""
        if not self._imap.offers("THREAD=REFERENCES"):
            raise _not_offered("has no threads")
        command = (b"UID", b"THREAD", b"REFERENCES", b"UTF-8", b"ALL")
        selected, answers = self._selection.search(folder, None, command, search_refusal)
        all_threads = sorted(threads_in(answers), key=max, reverse=True)
        threads = all_threads[offset : offset + limit]
        rows = self.rows(selected, list(dict.fromkeys(map(max, threads))), {}, cache)
        return _page(selected, rows, total=len(all_threads)), threads

    def changes(self, mailbox: Mailbox, token: str, *, from_uid: int, limit: int, cache: RowCache) -> Changes:
        """Return the changes since the token among the messages from `from_uid` on."""
        match = _TOKEN.fullmatch(token)
        if match is None or not self._imap.offers("CONDSTORE"):
            return self._too_many(self._selection.enter(mailbox))
        modseq, next_uid = int(match[1]), int(match[2])
        modifier = b"(CHANGEDSINCE %d VANISHED)" if self._imap.offers("ENABLE", "QRESYNC") else b"(CHANGEDSINCE %d)"
        self._selection.forget()
        uid_range = b"%d:*" % from_uid
        selected = self._selection.begin(
            mailbox.name, mailbox.uid_validity, (b"UID", b"FETCH", uid_range, _FLAG_ITEMS, modifier % max(modseq, 1))
        )
        answers = self._imap.answers()
        changed = {uid: items for uid, items in items_by_uid(answers).items() if uid >= from_uid}
        vanished = _vanished(answers)
        if len(changed) > MAX_CHANGES or len(vanished) > MAX_VANISHED_RANGES or b"VANISHED" not in modifier:
            return self._too_many(selected)
        new = [uid for uid in changed if uid >= next_uid]
        rows = self.rows(selected, newest_first(new, None, limit), {}, cache)
        return Changes(
            uid_validity=selected.uid_validity,
            total=selected.exists,
            token=_token(selected),
            is_whole=len(new) <= limit,
            flags={uid: flags_of(items) for uid, items in changed.items() if uid < next_uid},
            new=rows,
            vanished=vanished,
        )

    def _too_many(self, selected: Selected) -> Changes:
        return Changes(
            uid_validity=selected.uid_validity,
            total=selected.exists,
            token=_token(selected),
            is_whole=False,
        )

    def _newest_items(self, folder: str, limit: int, cache: RowCache) -> tuple[Selected, dict[int, dict[bytes, Value]]]:
        """Select the folder if it has changed. Return the items of the newest messages, or more, by UID."""
        item_names = _FLAG_ITEMS if cache.has_rows_of(folder) or cache.is_suspect(folder) else SUMMARY_ITEMS
        # GNU Mailutils, which has no UIDPLUS, reports changes only at a SELECT.
        selected = self._selection.unchanged(folder, None) if self._imap.offers("UIDPLUS") else None
        if selected is not None and selected.exists:
            items = self._items_if_unchanged(selected, limit, item_names, cache)
            if items:
                return selected, items
        expected = cache.count_of(folder) or 0
        self._selection.forget()
        if expected:
            low, high = ends_of(expected, limit)
            fetch = (b"FETCH", b"%d:%d" % (low, high), item_names)
            selected = self._selection.begin(folder, None, fetch)
            items = self._read_items(folder, cache)
        else:
            selected, items = self._selection.begin(folder, None), {}
        exists = selected.exists
        if exists is not None and exists <= MAX_UID:
            cache.keep_count(folder, exists)
            if exists == 0:
                return selected, {}
            # If the folder has grown since it was counted, the messages after the expected ones are new.
            low, high = ends_of(exists, limit)
            if expected > exists:
                items = {}
            start = max(low, expected + 1) if items else low
            if start <= high:
                self._imap.send((b"FETCH", b"%d:%d" % (start, high), item_names))
                items |= self._read_items(folder, cache)
            if item_names != _FLAG_ITEMS and len(items) < high - low + 1:
                # The server failed at the header of a message. The flags are requested, so that each message gets a
                # row.
                self._imap.send((b"FETCH", b"%d:%d" % (low, high), _FLAG_ITEMS))
                for uid, flags in self._read_items(folder, cache).items():
                    items.setdefault(uid, flags)
        if not items:
            items = {uid: {} for uid in self._search_below(selected.next_uid + 1, limit)}
        return selected, items

    def _items_if_unchanged(
        self, selected: Selected, limit: int, item_names: bytes, cache: RowCache
    ) -> dict[int, dict[bytes, Value]]:
        """Return the items of the newest messages without a SELECT, or nothing if the folder has changed."""
        low, high = ends_of(selected.exists or 0, limit)
        # In answer to NOOP the server reports new and removed messages and changed flags (RFC 9051 section 6.1.2). The
        # NOOP is last, because Dovecot runs it after the other commands of the same write.
        self._imap.send((b"FETCH", b"%d:%d" % (low, high), item_names), (b"NOOP",))
        try:
            items = self._read_items(selected.name, cache)
            has_new_flags = any(answer.kind == "FETCH" for answer in self._imap.answers())
        finally:
            self._imap.drain()
        is_same = self._selection.unchanged(selected.name, selected.uid_validity) is not None
        return items if is_same and not has_new_flags and len(items) == high - low + 1 else {}

    def _read_items(self, folder: str, cache: RowCache) -> dict[int, dict[bytes, Value]]:
        """Return the items of the answers, up to a refusal.

        Raises GatewayError if the connection broke. The next attempt then asks for UIDs before headers. A first
        unreadable answer raises ConnectionLost, so that the caller tries again at once.
        """
        answers: list[Answer] = []
        try:
            self._imap.finish(answers, kept_literal_bytes=HEADER_PART_BYTES)
        except GatewayError as error:
            if self._imap.wire.broken:
                is_known = cache.is_suspect(folder)
                cache.suspect(folder)
                if isinstance(error, UnreadableAnswer) and not is_known:
                    raise ConnectionLost from error
                raise
        return items_by_uid(answers)

    def _fetch(self, uids_by_items: Mapping[bytes, list[int]]) -> dict[int, dict[bytes, Value]]:
        """Return the wanted items of these messages that the server gives before it fails."""
        answers: list[Answer] = []
        commands = [
            (b"UID", b"FETCH", write_uids(uids).encode(), items) for items, uids in uids_by_items.items() if uids
        ]
        if commands:
            with suppress(GatewayError):
                self._imap.send(*commands)
        # If the server fails at a message or closes the connection, the answers before the failure are used.
        for _ in commands:
            if not self._imap.wire.broken:
                with suppress(GatewayError):
                    self._imap.finish(answers, kept_literal_bytes=HEADER_PART_BYTES)
        return items_by_uid(answers)

    def _older(self, folder: str, before_uid: int, limit: int, uid_validity: int | None) -> tuple[Selected, list[int]]:
        """Select the folder, and return the newest UIDs below `before_uid`."""
        if before_uid <= 1:
            return self._selection.begin(folder, uid_validity), []
        width = WINDOW * limit
        selected = self._selection.begin(folder, uid_validity, self._search_window(before_uid, width))
        uids = found_in(self._imap.answers(search_refusal)).newest(before=before_uid, limit=limit)
        if len(uids) < limit and before_uid > width + 1:
            uids = self._search_below(before_uid, limit, width * WIDER)
        return selected, uids

    def _search_below(self, before_uid: int, limit: int, width: int = 0) -> list[int]:
        """Search in windows of UIDs, because the answer to a search of a whole folder may be as large as the folder."""
        width = width or WINDOW * limit
        while before_uid > 1:
            self._imap.send(self._search_window(before_uid, width))
            uids = found_in(self._imap.answers(search_refusal)).newest(before=before_uid, limit=limit)
            if len(uids) >= limit or before_uid <= width + 1:
                return uids
            width *= WIDER
        return []

    def _search_window(self, before_uid: int, width: int) -> Command:
        return search_command(self._imap, (b"UID", b"%d:%d" % (max(1, before_uid - width), before_uid - 1)))


def _row(uid: int, cached_row: MessageSummary | None, items: dict[bytes, Value]) -> MessageSummary:
    """Return the cached row with the current flags, or else a row from the server's items."""
    if cached_row is not None and b"FLAGS" in items:
        return replace(cached_row, flags=flags_of(items))
    return summary_from_fetch(uid, items)


def _not_offered(what: str) -> GatewayError:
    return GatewayError(GatewayCode.NOT_OFFERED, f"The mail server {what}.")


def _page(selected: Selected, rows: list[MessageSummary], *, total: int | None) -> MessagePage:
    count = None if total is None else min(total, MAX_UID)
    return MessagePage(uid_validity=selected.uid_validity, total=count, token=_token(selected), rows=rows)


def _token(selected: Selected) -> str | None:
    return None if selected.modseq is None else f"{selected.modseq}-{selected.next_uid}"


def _vanished(answers: list[Answer]) -> Ranges:
    """Return the UIDs that VANISHED answers name (RFC 7162 section 3.2.10)."""
    ranges: list[tuple[int, int]] = []
    for answer in answers:
        uids = answer.values[-1] if answer.kind == "VANISHED" and answer.values else None
        if isinstance(uids, bytes):
            with suppress(UnreadableAnswer):
                ranges += read_ranges(uids)
    return join_ranges(ranges)
