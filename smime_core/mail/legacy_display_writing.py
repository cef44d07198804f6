"""Copy hidden header fields into the text, for programs without header protection (RFC 9788 section 5.2).

A part gets the copy only if `legacy_display` can remove exactly this copy again; otherwise the part stays unchanged.
Only the main text gets a copy: the first part of a multipart, and each form of an alternative. In a long mail, only
text within the first MAX_SEARCHED_BYTES gets a copy. So `stream` writes the same mail as the functions that work in
memory.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

from smime_core.mail.legacy_display import without_legacy_display
from smime_core.mime import Entity, Field, Headers, decode_body, has_parts, parse_entity
from smime_core.mime.charset import decode_text
from smime_core.mime.header_form import write_fields
from smime_core.mime.headers import parse_headers
from smime_core.mime.multipart import find_parts
from smime_core.mime.parameters import format_parameterised, parse_parameterised
from smime_core.mime.transfer import encode_base64, encode_quoted_printable

MAX_SEARCHED_BYTES: Final = 1_048_576
"""The main text must end within these bytes of the body. Longer text gets no copy."""

_USER_FACING: Final = frozenset(
    ("subject", "from", "sender", "to", "cc", "date", "reply-to", "followup-to", "keywords", "comments")
)
_CUT_MARGIN: Final = 2_000  # A delimiter that ends nearer to a cut may continue after the cut. No delimiter is longer.
_LONGEST_LINE: Final = 998  # RFC 5322 section 2.1.1
_MAX_DEPTH: Final = 10
_BEFORE_BODY: Final = re.compile(
    r"\s*(?:<!doctype[^>]{0,1000}>\s*)?(?:<html[^>]{0,1000}>\s*)?(?:<head[^>]{0,1000}>.{0,8000}?</head\s*>\s*)?"
    r"(?:<body[^>]{0,1000}>)?",
    re.IGNORECASE | re.DOTALL,
)
_AS_IT_IS: Final = ("7bit", "8bit", "binary")


def copied_lines(hidden: Iterable[Field]) -> str:
    """The lines that copy these fields; empty if none of the fields is for people."""
    lines = [
        f"{field.name}: {' '.join(field.text.split())}\r\n" for field in hidden if field.name.lower() in _USER_FACING
    ]
    return "".join(lines)


def with_legacy_display(entity: bytes, copy: str, protected: Headers) -> bytes:
    """The entity with `copy` at the beginning of its text. `protected` are the header fields of the payload.

    The entity may be the beginning of a mail, if it has at least MAX_SEARCHED_BYTES + 1 bytes of the body.
    """
    parsed = parse_entity(entity)
    is_cut = len(parsed.body) > MAX_SEARCHED_BYTES
    rest = bytes(parsed.body[MAX_SEARCHED_BYTES:])
    start = parse_entity(bytes(parsed.encoded[: len(parsed.encoded) - len(rest)]))
    changed = _Writer(copy, protected).write(start, is_cut=is_cut, depth=0)
    return entity if changed is None else changed + rest


class _Writer:
    def __init__(self, copy: str, protected: Headers) -> None:
        self._copy = copy
        self._protected = protected

    def write(self, entity: Entity, *, is_cut: bool, depth: int) -> bytes | None:
        """The entity with the copy, or None if no part gets a copy."""
        kind = entity.content_type
        if kind.media_type in ("text/plain", "text/html"):
            return None if is_cut or entity.is_file else self._write_text(entity)
        if not has_parts(entity) or kind.subtype in ("signed", "encrypted", "digest") or depth >= _MAX_DEPTH:
            return None
        parts = find_parts(entity)
        return self._write_parts(entity, parts if kind.subtype == "alternative" else parts[:1], is_cut, depth)

    def _write_parts(self, entity: Entity, chosen: list[tuple[int, int]], is_cut: bool, depth: int) -> bytes | None:
        pieces, position = [bytes(entity.encoded[: len(entity.encoded) - len(entity.body)])], 0
        for start, end in chosen:
            ends_at_cut = is_cut and end > len(entity.body) - _CUT_MARGIN
            part = self.write(parse_entity(bytes(entity.body[start:end])), is_cut=ends_at_cut, depth=depth + 1)
            if part is not None:
                pieces += [bytes(entity.body[position:start]), part]
                position = end
        return b"".join((*pieces, entity.body[position:])) if position else None

    def _write_text(self, entity: Entity) -> bytes | None:
        # A forwarded mail that was encrypted before already has a copy.
        text = without_legacy_display(_text_of(entity), entity.content_type, self._protected)
        for encoding in dict.fromkeys((entity.transfer_encoding, "quoted-printable", "base64")):
            written = _encode(self._with_copy(text, entity.content_type.subtype), entity, encoding)
            if written is not None and self._reads_as(text, written):
                return written
        return None

    def _with_copy(self, text: str, subtype: str) -> str:
        if subtype == "plain":
            return f"{self._copy}\r\n{text}"
        preamble = _BEFORE_BODY.match(text)
        at = preamble.end() if preamble else 0
        # The ASCII form is the same text in every charset that the document may name.
        lines = html.escape(self._copy).encode("ascii", "xmlcharrefreplace").decode("ascii")
        return f'{text[:at]}<div class="header-protection-legacy-display"><pre>{lines}</pre></div>{text[at:]}'

    def _reads_as(self, text: str, written: bytes) -> bool:
        # Whether `legacy_display` removes the copy, and nothing else.
        entity = parse_entity(written)
        shown_text = _text_of(entity)
        return shown_text != text and without_legacy_display(shown_text, entity.content_type, self._protected) == text


def _text_of(entity: Entity) -> str:
    return decode_text(decode_body(entity), entity.content_type.parameters.get("charset", ""))


def _encode(text: str, entity: Entity, encoding: str) -> bytes | None:
    # Returns None if this transfer encoding cannot represent the text.
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError:
        return None
    if encoding in _AS_IT_IS:
        if not octets.isascii() or any(len(line) > _LONGEST_LINE for line in octets.split(b"\r\n")):
            return None
        body = octets
    elif encoding == "base64":
        body = encode_base64(octets)
    elif encoding == "quoted-printable":
        body = encode_quoted_printable(octets)
    else:
        return None
    return b"".join((_head_of(entity, encoding), b"\r\n", body))


def _head_of(entity: Entity, encoding: str) -> bytes:
    fields = entity.headers.fields
    kind, parameters = parse_parameterised(entity.headers.get_unfolded("Content-Type") or "text/plain")
    kept_parameters = {name: value for name, value in parameters.items() if name != "hp-legacy-display"}
    described = format_parameterised(kind, {**kept_parameters, "charset": "utf-8"})
    # In quotes, as in the examples of RFC 9788.
    written = f'Content-Type: {described}; hp-legacy-display="1"\r\n'
    if encoding != entity.transfer_encoding:
        written += f"Content-Transfer-Encoding: {encoding}\r\n"
    replaced = (
        {"content-type"} if encoding == entity.transfer_encoding else {"content-type", "content-transfer-encoding"}
    )
    other_fields = [field.encoded for field in fields if field.name.lower() not in replaced]
    return b"".join((write_fields(parse_headers(written.encode("ascii", "replace")).fields), *other_fields))
