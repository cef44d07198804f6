"""Find and remove the copy of the header fields in a text (RFC 9788 section 4.5.3).

The copy is for programs without header protection. It occurs only in the payload of an encrypted message. In the
autocrypt drafts a whole part before the text is such a copy (`protected-headers="v1"`).
"""

from __future__ import annotations

import re
from typing import Final

from smime_core.mail.html_text import extract_text
from smime_core.mime import ContentType, Entity

_HTML_START: Final = re.compile(r"""<div\s+class=(["']?)header-protection-legacy-display\1\s*>""", re.IGNORECASE)
_HTML_END: Final = re.compile(r"</div\s*>", re.IGNORECASE)
_BLANK_LINE: Final = re.compile(r"^[ \t]*\r?\n", re.MULTILINE)
_MAX_HEAD_CHARACTERS: Final = 10_000  # Only a document's head may come before the copy. Longer heads are not searched.


def is_legacy_display(part: Entity) -> bool:
    """Whether a first part only repeats header fields, as in the drafts before RFC 9788."""
    is_marked = part.content_type.parameters.get("protected-headers") == "v1"
    return is_marked and part.content_type.media_type in ("text/plain", "text/rfc822-headers")


def without_legacy_display(text: str, content_type: ContentType) -> str:
    """The text of a part, without the copied header fields if it is marked by `hp-legacy-display="1"`."""
    if content_type.parameters.get("hp-legacy-display") != "1":
        return text
    if content_type.subtype == "plain":
        blank = _BLANK_LINE.search(text)
        return text[blank.end() :] if blank else ""
    start = _HTML_START.search(text, 0, _MAX_HEAD_CHARACTERS)
    # The copy may be only at the start of the document. Nothing else may be removed.
    if start is None or extract_text(text[: start.start()]).strip():
        return text
    end = _HTML_END.search(text, start.end())
    return text[: start.start()] + text[end.end() :] if end else text
