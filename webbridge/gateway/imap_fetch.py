"""The items of FETCH answers (RFC 9051 section 7.5.2), by the UIDs that were requested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from webbridge.gateway.imap_syntax import Value, read_number
from webbridge.gateway.imap_wire import Answer
from webbridge.gateway.uid_set import MAX_UID


def items_of(answer: Answer) -> dict[bytes, Value]:
    """Return the items of a FETCH answer by their names in capitals. Other answers have no items."""
    items = answer.values[0] if answer.kind == "FETCH" and answer.values else None
    if not isinstance(items, list):
        return {}
    names = (name.upper() if isinstance(name, bytes) else b"" for name in items[::2])
    return dict(zip(names, items[1::2], strict=False))


def uid_of(items: dict[bytes, Value]) -> int | None:
    """Return the UID among items, or None."""
    uid = read_number(items.get(b"UID"))
    return uid if uid is not None and 0 < uid <= MAX_UID else None


def items_by_uid(answers: Iterable[Answer]) -> dict[int, dict[bytes, Value]]:
    """Return the items of each message. Items of several answers about one message are joined."""
    messages: dict[int, dict[bytes, Value]] = {}
    for items in map(items_of, answers):
        if (uid := uid_of(items)) is not None:
            messages.setdefault(uid, {}).update(items)
    return messages


def flags_of(items: Mapping[bytes, Value]) -> tuple[str, ...]:
    """Return the flags of a message as the server spells them."""
    flags = items.get(b"FLAGS")
    if not isinstance(flags, list):
        return ()
    return tuple(flag.decode("latin-1") for flag in flags if isinstance(flag, bytes))


def newest_first(uids: Iterable[int], before_uid: int | None, limit: int) -> list[int]:
    """Return at most `limit` of the UIDs below `before_uid`, each once, the highest first."""
    below = MAX_UID + 1 if before_uid is None else before_uid
    return sorted({uid for uid in uids if uid < below}, reverse=True)[:limit]


def ends_of(exists: int, limit: int) -> Sequence[int]:
    """Return the first and the last sequence number of the newest `limit` messages."""
    return max(1, exists - limit + 1), exists
