"""The bytes of a text file in UTF-8: without a byte order mark, and decoded from UTF-16 (RFC 3629, RFC 2781).

Windows editors and PowerShell write such files. Bytes of any other form stay as they are.
"""

from __future__ import annotations

import codecs
from typing import Final

_LOOKED_AT_BYTES: Final = 8
_ENCODINGS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def to_utf8(data: bytes) -> bytes:
    """The text in UTF-8 without a mark, or `data` itself if it is neither marked nor UTF-16."""
    encoding = find_utf16(data)
    if encoding is None:
        return data.removeprefix(codecs.BOM_UTF8)
    # An unpaired surrogate is replaced, because a damaged character must not hide the rest of the file.
    return data.decode(encoding, "replace").removeprefix("\ufeff").encode()


def find_utf16(head: bytes) -> str | None:
    """The codec of a text in UTF-16, or None for any other text. The first eight bytes decide.

    Without a mark, the text must begin with four characters of ASCII.
    """
    marked = _ENCODINGS.get(head[:2])
    if marked is not None:
        return marked
    head = head[:_LOOKED_AT_BYTES]
    if len(head) < _LOOKED_AT_BYTES:
        return None
    if not any(head[1::2]) and all(head[::2]) and head[::2].isascii():
        return "utf-16-le"
    return "utf-16-be" if not any(head[::2]) and all(head[1::2]) and head[1::2].isascii() else None
