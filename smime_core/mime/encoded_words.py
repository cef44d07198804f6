"""Encoded-words, the form of text beyond ASCII in header fields (RFC 2047).

Reading accepts spaces inside a word and characters split between words, which occur in real mail. Writing uses UTF-8
with the B encoding, folded.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from smime_core.mime.charset import decode_text

# RFC 2231 section 5 adds a language: =?charset*language?encoding?text?=
_WORD: Final = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?\s]{0,60})?\?([bBqQ])\?([^?\r\n]*)\?=")
_WORD_BYTES: Final = 42  # 42 bytes make a word of 68 characters. RFC 2047 section 2 allows 75.


def decode_words(text: str) -> str:
    """The text with its encoded-words decoded once. The results are not decoded again."""
    pieces: list[str] = []
    pending: tuple[str, bytearray] | None = None
    end = 0
    for word in _WORD.finditer(text):
        gap = text[end : word.start()]
        end = word.end()
        charset, octets = word[1].lower(), bytearray(_decode_word(word[2], word[3]))
        if pending is None or gap.strip():
            pieces += [decode_text(pending[1], pending[0]) if pending else "", gap]
        elif pending[0] == charset:
            # White space between adjacent words is not displayed (section 6.2). The words are joined before decoding,
            # because many programs split a word inside a character.
            pending[1].extend(octets)
            continue
        else:
            pieces.append(decode_text(pending[1], pending[0]))
        pending = charset, octets
    if pending:
        pieces.append(decode_text(pending[1], pending[0]))
    pieces.append(text[end:])
    return "".join(pieces)


def encode_words(text: str) -> str:
    """The text as encoded-words, one for each line, folded with CRLF and a space."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= _WORD_BYTES:
        return _encode_word(whole)
    words: list[str] = []
    chunk = bytearray()
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(chunk) + len(octets) > _WORD_BYTES:
            words.append(_encode_word(chunk))
            chunk = bytearray()
        chunk += octets
    words.append(_encode_word(chunk))
    return "\r\n ".join(words)


def _decode_word(encoding: str, encoded: str) -> bytes:
    octets = encoded.encode("utf-8", "replace")
    return binascii.a2b_qp(octets, header=True) if encoding in "qQ" else decode_base64_tolerantly(octets)


def decode_base64_tolerantly(octets: bytes) -> bytes:
    """Base64 decoded as far as possible: foreign characters skipped, a cut last group dropped or padded."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        pass
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    whole = len(digits) - (1 if len(digits) % 4 == 1 else 0)
    return binascii.a2b_base64(digits[:whole] + b"=" * (-whole % 4))


def _encode_word(octets: bytes | bytearray) -> str:
    return f"=?utf-8?B?{binascii.b2a_base64(octets, newline=False).decode('ascii')}?="
