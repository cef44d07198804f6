"""Alterations that make a valid input hostile: of its bytes, its TLVs, its lines, and its JSON values."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

_OIDS: Final = tuple(
    bytes.fromhex(digits)
    for digits in (
        "06092a864886f70d010701", "06092a864886f70d010702", "06092a864886f70d010703", "06092a864886f70d010705",
        "06092a864886f70d010706", "060b2a864886f70d0109100102", "060b2a864886f70d0109100109",
        "060b2a864886f70d0109100117", "06092a864886f70d010101", "06092a864886f70d010107", "06092a864886f70d01010a",
        "06092a864886f70d01010b", "060960864801650304012a", "060960864801650304012e", "0609608648016503040201",
        "06092a864886f70d010903", "06092a864886f70d010904", "06092a864886f70d010905", "06092a864886f70d010906",
        "06082a864886f70d0307", "06082a864886f70d0302", "06072a8648ce3d0201", "06082a8648ce3d030107",
        "06032b656e", "06032b6570", "060b2a864886f70d010910030c", "06092a864886f70d01050c", "060551",
        "06010000", "0601ff",
    )
)  # fmt: skip
_LENGTHS: Final = (b"\x00", b"\x80", b"\x7f", b"\x81\xff", b"\x84\x7f\xff\xff\xff", b"\x88" + b"\xff" * 8, b"\xff")
_TAGS: Final = bytes.fromhex("000102030405060a0c1314161718" + "1e1f24302f31808182838485a0a1a2a3a4a5a6bfff")
_NUMBERS: Final = (
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\x00\xff\xff\xff\xff",
    b"\x80" + bytes(8),
    b"\x7f" * 200,
    b"\x7f" * 2_500,
)
_MIME: Final = (
    b"\r\n", b"\n", b"\r\n\r\n", b"--", b"=?utf-8?B?", b"?=", b'"', b";", b"Content-Type: multipart/signed; boundary=b",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Type: application/pkcs7-mime\r\n", b"\0", b"\xff", b"From: ",
    b"Content-Type: message/rfc822\r\n\r\n", b"charset=utf-7", b"filename*0*=utf-8''%ff", b"From: a@b, c@d\r\n",
    b"9" * 5_000, b"&#" + b"9" * 4_301 + b";", b"<a ", b"<!--", b"-----BEGIN CMS-----", b"*1*=",
    b"Date: Mon, 01 Jan 0001 00:00:00 +2359\r\n",
)  # fmt: skip


_MAX_RUN_BYTES: Final = 100_000
_RUNS: Final = b" \t\r\n=?;:,<>()\"\\@.-_&#%*/+'[]{}09aAzZ\0\x7f\x80\xff"

# The first and the last possible second, the limits of UTCTime, leap seconds, and values that are no time.
_TIMES: Final = (
    b"00010101000000Z", b"99991231235959Z", b"00000101000000Z", b"19491231235959Z", b"20500101000000Z",
    b"20260601120060Z", b"20260631120000Z", b"99991231235959.9Z", b"20260601120000+9999", b"",
)  # fmt: skip
_VALUES: Final[tuple[object, ...]] = (
    None, True, False, 0, -1, 1, 2.5, 1e400, 1 << 53, 10**400, "", "a", "\ud800", "\x00", "@", "@x", "x" * 3_000,
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "MAA=", [], {}, [[]], {"version": 1},
)  # fmt: skip


class Span(NamedTuple):
    """The position of a TLV: its first byte, the first byte of its content, and its end."""

    start: int
    content: int
    end: int


def find_tlvs(data: bytes, *, at_most: int = 400) -> list[Span]:
    """The recognisable TLVs of definite length, also those inside constructed ones and inside OCTET and BIT STRINGs."""
    spans: list[Span] = []
    waiting = [(0, len(data))]
    while waiting and len(spans) < at_most:
        start, end = waiting.pop()
        while start + 2 <= end and len(spans) < at_most:
            first = data[start + 1]
            content = start + 2 + (first & 0x7F if first > 0x80 else 0)
            length = int.from_bytes(data[start + 2 : content], "big") if first > 0x80 else first
            if first == 0x80 or content + length > end:
                break
            spans.append(Span(start, content, content + length))
            inside = data[content : content + 1]
            if data[start] & 0x20 or (data[start] == 0x04 and inside == b"\x30"):
                waiting.append((content, content + length))
            elif data[start] == 0x03 and data[content + 1 : content + 2] == b"\x30":
                waiting.append((content + 1, content + length))
            start = content + length
    return spans


def alter(data: bytes, dice: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """`data` with one to five alterations. Parts of `others` may be inserted."""
    for _ in range(dice.choice((1, 1, 1, 2, 3, 5))):
        data = dice.choice(_ALTERATIONS)(data, dice, others)
    return data


def _flip(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    position = dice.randrange(len(data) + 1)
    return (
        data[:position]
        + bytes(octet ^ 1 << dice.randrange(8) for octet in data[position : position + 1])
        + (data[position + 1 :])
    )


def _set_octet(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    position = dice.randrange(len(data) + 1)
    return data[:position] + dice.choice((b"\0", b"\xff", b"\x80", b"\x30", b"0", b"A")) + data[position + 1 :]


def _truncate(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _cut(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start + dice.randrange(40) :]


def _insert_text(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    position = dice.randrange(len(data) + 1)
    token = _token(dice)
    times = min(dice.choice((1, 1, 2, 50, 5_000)), 1 + _MAX_RUN_BYTES // len(token))
    return data[:position] + token * times + data[position:]


def _token(dice: random.Random) -> bytes:
    # A token of mail syntax, or a single byte. Long runs of either can be slow for a parser.
    return dice.choice(_MIME) if dice.random() < 0.7 else bytes([dice.choice(_RUNS)])


def _move_lines(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    more = dice.choice(others).split(b"\n") if others else lines
    lines[dice.randrange(len(lines))] = dice.choice(more)
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    return b"\n".join(lines)


def _in_tlvs(change: Callable[[bytes, Span, random.Random, Sequence[bytes]], bytes]) -> Alteration:
    # In most cases corrects the lengths of the enclosing elements, so that parsers reach the change.
    def altered(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
        spans = find_tlvs(data)
        if not spans:
            return _flip(data, dice, others)
        span = dice.choice(spans)
        new = change(data, span, dice, others)
        if dice.random() < 0.2:
            return data[: span.start] + new + data[span.end :]
        return replaced(data, spans, span, new)

    return altered


def replaced(data: bytes, spans: list[Span], span: Span, new: bytes) -> bytes:
    """The bytes with the element at `span` replaced by `new`, and with correct lengths of the enclosing elements."""
    around = [
        ancestor
        for ancestor in spans
        if ancestor.content <= span.start and span.end <= ancestor.end and ancestor != span
    ]
    start, end = span.start, span.end
    for ancestor in sorted(around, key=lambda ancestor: ancestor.end - ancestor.start):
        content = data[ancestor.content : start] + new + data[end : ancestor.end]
        new = data[ancestor.start : ancestor.start + 1] + length_octets(len(content)) + content
        start, end = ancestor.start, ancestor.end
    return data[:start] + new + data[end:]


def length_octets(length: int) -> bytes:
    """The bytes of a length in DER."""
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def _duplicate(data: bytes, span: Span, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return data[span.start : span.end] * dice.choice((2, 2, 3, 30))


def _remove(_data: bytes, _span: Span, _dice: random.Random, _: Sequence[bytes]) -> bytes:
    return b""


def _empty(data: bytes, span: Span, _dice: random.Random, _: Sequence[bytes]) -> bytes:
    return data[span.start : span.start + 1] + b"\0"


def _retag(data: bytes, span: Span, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return bytes([dice.choice(_TAGS)]) + data[span.start + 1 : span.end]


def _relength(data: bytes, span: Span, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return data[span.start : span.start + 1] + dice.choice(_LENGTHS) + data[span.content : span.end]


def _make_indefinite(data: bytes, span: Span, dice: random.Random, _: Sequence[bytes]) -> bytes:
    content = data[span.content : span.end]
    if data[span.start] == 0x04:
        half = dice.randrange(len(content) + 1)
        pieces = (content[:half], content[half:])
        content = b"".join(b"\x04" + length_octets(len(piece)) + piece for piece in pieces)
    return bytes([data[span.start] | 0x20]) + b"\x80" + content + b"\0\0"


def _swap_oid(data: bytes, span: Span, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return dice.choice(_OIDS) if data[span.start] == 0x06 else _retag(data, span, dice, _)


def _renumber(data: bytes, span: Span, dice: random.Random, _: Sequence[bytes]) -> bytes:
    number = dice.choice(_NUMBERS)
    return (
        (data[span.start : span.start + 1] + length_octets(len(number)) + number)
        if data[span.start] in (2, 3, 4)
        else b""
    )


def _splice(data: bytes, span: Span, dice: random.Random, others: Sequence[bytes]) -> bytes:
    source = dice.choice(others) if others else data
    spans = find_tlvs(source)
    if not spans:
        return data[span.start : span.end]
    other = dice.choice(spans)
    return source[other.start : other.end]


def _wrap(data: bytes, span: Span, dice: random.Random, _: Sequence[bytes]) -> bytes:
    new = data[span.start : span.end]
    for _number in range(dice.choice((1, 1, 3, 60))):
        new = dice.choice((b"\x30", b"\xa0", b"\x31", b"\x24")) + length_octets(len(new)) + new
    return new


def _retime(data: bytes, span: Span, dice: random.Random, others: Sequence[bytes]) -> bytes:
    if data[span.start] not in (0x17, 0x18):
        return _swap_oid(data, span, dice, others)
    time = dice.choice(_TIMES)
    return b"\x18" + length_octets(len(time)) + time


def _alter_json(data: bytes, dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    # Replaces one value at any depth by a value of `_VALUES`, or by another value of the same JSON.
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return _flip(data, dice, seeds)
    places: list[tuple[Any, Any]] = []
    waiting = [whole] if isinstance(whole, dict | list) else []
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        places += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys if isinstance(holder[key], dict | list)]
    if places:
        holder, key = dice.choice(places)
        others = [other[place] for other, place in places]
        holder[key] = copy.deepcopy(dice.choice([*_VALUES, *others]))
        if isinstance(holder, dict) and dice.random() < 0.1:
            del holder[key]
    return json.dumps(whole).encode()


Alteration = Callable[[bytes, random.Random, Sequence[bytes]], bytes]

_ALTERATIONS: Final[tuple[Alteration, ...]] = (
    _flip, _flip, _set_octet, _truncate, _cut, _insert_text, _move_lines, _alter_json,
    *map(_in_tlvs, (
        _duplicate, _remove, _empty, _retag, _relength, _make_indefinite, _make_indefinite, _swap_oid, _swap_oid,
        _renumber, _splice, _splice, _wrap, _retime,
    )),
)  # fmt: skip
