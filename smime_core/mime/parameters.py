"""Parse and write parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2183, RFC 2231).

Unquoted values with unusual characters are accepted, as in mail programs. Sections `name*0`, `name*1*` are joined by
number, as bytes, before the charset is applied. If numbers are missing, repeated or have leading zeros, the parameter
counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smime_core.mime.charset import decode_text

_PARAMETER: Final = re.compile(r';[\s;]*+([^=;\s"]++)\s*+=\s*+(?:"((?>(?:[^"\\]++|\\.|\\\Z)*))"?|([^;]*+))', re.DOTALL)
_SEPARATORS: Final = re.compile(r"[\s;]++")
_SECTION_NAME: Final = re.compile(r"([^*]+)(?:\*(0|[1-9][0-9]{0,2}))?(\*)?")
_TOKEN: Final = re.compile(r"[^\s()<>@,;:\\\"/\[\]?=\x00-\x20\x7f]+")
_ESCAPED: Final = re.compile(r"\\?(.)", re.DOTALL)
_COMMENT: Final = re.compile(r"\([^()]*\)")
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
# attribute-char of RFC 2231 section 7: characters that need no percent-encoding.
_ATTRIBUTE_CHARACTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~"
_ENCODED: Final = [chr(octet) if octet in _ATTRIBUTE_CHARACTERS else f"%{octet:02X}" for octet in range(256)]
_PLAIN_VALUE: Final = re.compile(r"[ -~]{0,60}")
_SECTION_LENGTH: Final = 54


@dataclass(frozen=True, slots=True)
class ContentType:
    """A media type in lower case and its parameters by lower-case name."""

    type: str
    subtype: str
    parameters: dict[str, str]

    @property
    def media_type(self) -> str:
        return f"{self.type}/{self.subtype}"


def parse_content_type(value: str) -> ContentType:
    """Parse a Content-Type from an unfolded field body; text/plain if it is invalid (RFC 2045 section 5.2)."""
    kind, parameters = parse_parameterised(value)
    main, slash, sub = (piece.strip() for piece in kind.partition("/"))
    if not slash or not _TOKEN.fullmatch(main) or not _TOKEN.fullmatch(sub):
        return ContentType("text", "plain", parameters)
    return ContentType(main, sub, parameters)


def parse_parameterised(value: str) -> tuple[str, dict[str, str]]:
    """Returns (text before the first semicolon in lower case, parameters). Of a repeated name, the first counts."""
    head = value.partition(";")[0]
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    broken: set[str] = set()
    for match in _find_parameters(value, len(head)):
        name = _SECTION_NAME.fullmatch(match[1].lower())
        if name is None:
            continue
        text = unquote_pairs(match[2]) if match[2] is not None else _bare_value(match[3], name[1])
        if name[2] is None and name[3] is None:
            plain.setdefault(name[1], text)
            continue
        number = int(name[2] or 0)
        if number in sections.setdefault(name[1], {}):
            broken.add(name[1])
        sections[name[1]][number] = text, name[3] is not None
    joined = {name: _join_sections(parts) for name, parts in sections.items() if name not in broken}
    return _strip_comments(head).strip().lower(), plain | {
        name: text for name, text in joined.items() if text is not None
    }


def _find_parameters(value: str, position: int) -> Iterator[re.Match[str]]:
    # `finditer` would take quadratic time, because it searches a run of semicolons again from each semicolon.
    while (position := value.find(";", position)) >= 0:
        match = _PARAMETER.match(value, position) or _SEPARATORS.match(value, position)
        if match is None:
            return
        if match.re is _PARAMETER:
            yield match
        position = match.end()


def format_parameter(name: str, value: str) -> str:
    """`name=value`, quoted if needed. A long or non-ASCII value has sections (RFC 2231), one in each line."""
    if _PLAIN_VALUE.fullmatch(value):
        return f"{name}={value}" if _TOKEN.fullmatch(value) else f'{name}="{_escape(value)}"'
    sections, current = [], "utf-8''"
    for piece in [_ENCODED[octet] for octet in value.encode("utf-8", "replace")]:
        if len(current) + len(piece) > _SECTION_LENGTH:
            sections.append(current)
            current = ""
        current += piece
    sections.append(current)
    if len(sections) == 1:
        return f"{name}*={current}"
    return ";\r\n ".join(f"{name}*{number}*={section}" for number, section in enumerate(sections))


def format_parameterised(kind: str, parameters: dict[str, str]) -> str:
    """A field body: the kind and its parameters, each on a folded line."""
    return ";\r\n ".join([kind, *(format_parameter(name, value) for name, value in parameters.items())])


def _join_sections(sections: dict[int, tuple[str, bool]]) -> str | None:
    # RFC 2231 sections 3 and 4.1: numbers from 0 without gaps; charset'language' only at the start of the first
    # section.
    if sorted(sections) != list(range(len(sections))):
        return None
    first, first_is_encoded = sections[0]
    charset = ""
    if first_is_encoded:
        pieces = first.split("'", 2)
        if len(pieces) != 3:
            return None
        charset, first = pieces[0], pieces[2]
    elif any(is_encoded for _, is_encoded in sections.values()):
        return None
    octets = bytearray()
    for number in range(len(sections)):
        text, is_encoded = (first, first_is_encoded) if number == 0 else sections[number]
        raw = text.encode("utf-8", "replace")
        octets += _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), raw) if is_encoded else raw
    return decode_text(octets, charset)


def unquote_pairs(text: str) -> str:
    """The text between the quotes of a quoted-string, with each quoted pair read (RFC 5322 section 3.2.1)."""
    # A Windows path in a name, `"C:\\new"`, loses its backslashes. The folders in it would be removed anyway.
    return "".join(_ESCAPED.findall(text)) if "\\" in text else text


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _bare_value(text: str, name: str) -> str:
    # In real mail, unquoted file names have brackets: `name=report (2).pdf`. In other parameters, brackets enclose a
    # comment.
    return text.strip() if name in ("name", "filename") else _strip_comments(text).strip()


def _strip_comments(text: str) -> str:
    return _COMMENT.sub(" ", text)
