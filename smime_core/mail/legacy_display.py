"""Find and remove the copy of the header fields in a text (RFC 9788 section 4.5.3).

The copy is for programs without header protection, and occurs only in the payload of an encrypted message. In the
autocrypt drafts a whole part before the text is such a copy (`protected-headers="v1"`). Only words that repeat a header
field of the payload are removed. Otherwise a signer could hide other words from the readers whose program removes the
copy.
"""

from __future__ import annotations

import re
from typing import Final

from smime_core.mail.html_text import extract_text
from smime_core.mime import ContentType, Entity, Headers, decode_body
from smime_core.mime.charset import decode_text

_HTML_START: Final = re.compile(r"""<div\s+class=(["']?)header-protection-legacy-display\1\s*>""", re.IGNORECASE)
_HTML_END: Final = re.compile(r"</div\s*>", re.IGNORECASE)
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_BLANK_LINE: Final = re.compile(r"^[ \t]*\r?\n", re.MULTILINE)
_MAX_HEAD_CHARACTERS: Final = 10_000  # Only a document's head may come before the copy. Longer heads are not searched.


def is_legacy_display(part: Entity, protected: Headers) -> bool:
    """Whether a first part only repeats header fields of the payload, as in the drafts before RFC 9788."""
    is_marked = part.content_type.parameters.get("protected-headers") == "v1"
    if not is_marked or part.content_type.media_type not in ("text/plain", "text/rfc822-headers"):
        return False
    return _repeats(decode_text(decode_body(part), part.content_type.parameters.get("charset", "")), protected)


def without_legacy_display(text: str, content_type: ContentType, protected: Headers) -> str:
    """The text of a part, without the copied header fields if the part is marked with `hp-legacy-display="1"`.

    `protected` are the header fields of the payload.
    """
    if content_type.parameters.get("hp-legacy-display") != "1":
        return text
    if content_type.subtype == "plain":
        blank = _BLANK_LINE.search(text)
        copy, rest = (text[: blank.start()], text[blank.end() :]) if blank else (text, "")
        return rest if _repeats(copy, protected) else text
    start = _HTML_START.search(text, 0, _MAX_HEAD_CHARACTERS)
    # The copy may be only at the start of the document. Nothing else may be removed.
    if start is None or extract_text(text[: start.start()]).strip():
        return text
    end = _HTML_END.search(text, start.end())
    if end is None or not _repeats(extract_text(text[start.end() : end.start()]), protected):
        return text
    return text[: start.start()] + text[end.end() :]


def _repeats(copy: str, protected: Headers) -> bool:
    # Whether each line of the copy repeats a header field of the payload, decoded or as it was sent. A field may be
    # folded into several lines.
    fields = {
        (field.name.lower(), _squeeze(value)) for field in protected.fields for value in (field.text, field.unfolded)
    }
    lines = _FOLD.sub(" ", copy).splitlines()
    copied = [line.partition(":") for line in lines if line.strip()]
    return all((name.strip().lower(), _squeeze(value)) in fields for name, _, value in copied)


def _squeeze(text: str) -> str:
    return " ".join(text.split())
