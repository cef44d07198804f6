"""The body of a notice: paragraphs, facts and links as plain text, and for languages from right to left as HTML too.

Plain text does not mark its direction, so for right-to-left languages many programs put addresses and full stops on the
wrong side. Notices in other languages have no HTML, because it would add nothing.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sealwax.words import Language, is_right_to_left

# Unicode Standard Annex 9, section 2.4: isolates. A value between them cannot change the direction of the text around
# it.
_ISOLATE: Final = "\u2068{}\u2069"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Pairs of a name and a value. Each pair gets a line."""

    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A sentence, and a URL below it. The URL is on a separate line, so that no program cuts or extends it."""

    sentence: str
    url: str


Block: TypeAlias = str | Facts | Link


def write_text(blocks: Sequence[Block], language: Language) -> str:
    """Return the plain text."""
    return "\n\n".join(_text_of(block, language) for block in blocks)


def write_html(blocks: Sequence[Block], language: Language) -> str:
    """Return the same text as HTML, or an empty text for a language that needs no HTML."""
    if not is_right_to_left(language):
        return ""
    body = "\n".join(f"<p>{_html_of(block)}</p>" for block in blocks)
    head = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return f'<html lang="{language}" dir="rtl">\n<head>{head}</head>\n<body dir="rtl">\n{body}\n</body>\n</html>'


def _text_of(block: Block, language: Language) -> str:
    if isinstance(block, Facts):
        value = _ISOLATE if is_right_to_left(language) else "{}"
        return "\n".join(f"{name}: {value.format(fact)}" for name, fact in block.lines)
    if isinstance(block, Link):
        return f"{block.sentence}\n{block.url}"
    return block


def _html_of(block: Block) -> str:
    if isinstance(block, Facts):
        return "<br>\n".join(f"{html.escape(name)}: <bdi>{html.escape(fact)}</bdi>" for name, fact in block.lines)
    if isinstance(block, Link):
        url = html.escape(block.url)
        return f'{html.escape(block.sentence)}<br>\n<a dir="ltr" href="{url}">{url}</a>'
    return html.escape(block)
