"""The text of an HTML document for people, without its markup. Every link shows its target.

The tokenizer follows the HTML Standard section 13.2.5. The tokenizer of Python's standard library takes quadratic time
on unclosed markup. The tokenizer here stops at the first construct that is not closed, as browsers do. The result is
displayed as text only, so no sanitising depends on the tokenizer.
"""

from __future__ import annotations

import html
import re
from typing import Final

MAX_HTML_CHARACTERS: Final = 4_000_000  # About a second of work. A longer part is only offered as a file.
_TAG: Final = re.compile(r"<(?:(?P<close>/)?(?P<name>[a-zA-Z][^\s/>]{0,100})(?P<end>>)?|(?P<mark>[!?/]))")
_ATTRIBUTE: Final = re.compile(
    r"[\s/]*+(?:(?P<end>>)|(?P<name>[^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:\"(?P<double>[^\"]*+)(?:\"|\Z)"
    r"|'(?P<single>[^']*+)(?:'|\Z)|(?P<bare>[^\s>\"'][^\s>]*+)?))?|(?P<stray>=))"
)
# Elements whose content is not displayed. The content of _RAW elements has no tags and ends at the closing tag.
_RAW: Final = frozenset(("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"))
_DROPPED: Final = frozenset(("head", "template", "svg", "math"))
_LINE: Final = frozenset(
    (
        "br",
        "div",
        "tr",
        "li",
        "dt",
        "dd",
        "address",
        "article",
        "section",
        "header",
        "footer",
        "form",
        "option",
        "caption",
    )
)
_PARAGRAPH: Final = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "hr")
)
# Text without character references, and tags without attributes. Runs of both are read together, because a large table
# has little else. Such tags end a line or add nothing to the text.
_RUN: Final = re.compile(
    r"(?>(?:[^<&]++|</?tr>|<(?:td|th|/?(?:b|em|font|i|span|strong|tbody|thead|u))>)+)", re.IGNORECASE
)
_LINE_TAG: Final = re.compile(r"</?tr>", re.IGNORECASE)
_NO_TAG: Final = re.compile(r"<(?:td|th|/?(?:b|em|font|i|span|strong|tbody|thead|u))>", re.IGNORECASE)
_MANY_BLANKS: Final = re.compile(r"(?<=[ \n]) +")
_READ_ATTRIBUTES: Final = frozenset(("href", "alt"))
_SHOWN_HOST_LENGTH: Final = 100
# A character reference of eight digits or more. Python refuses to parse a number of 4,301 digits, including leading
# zeros. The number of the last character of Unicode has seven digits.
_LONG_REFERENCE: Final = re.compile(r"&#(?:([xX])([0-9a-fA-F]{8,}+)|([0-9]{8,}+));?")
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*):(.*)", re.IGNORECASE | re.DOTALL)
_LINK_TEXT: Final = re.compile(r"(?:https?://)?(?:www\.)?([^\s/?#:@]+)(?:[/?#]\S*)?", re.IGNORECASE)


def extract_text(document: str) -> str:
    """The visible text: paragraphs as blank lines, list items with a dash, links as `text [host]`."""
    reader = _Reader()
    position = 0
    while match := _TAG.search(document, position):
        reader.add_text(document[position : match.start()])
        if match["end"] and reader.reads_runs and (run := _RUN.match(document, match.start())):
            reader.add_run(run[0])
            position = run.end()
            continue
        close, name, end, mark = match.groups()
        position = match.end()
        if mark:
            position = _skip_declaration(document, match.start())
        else:
            name = name.lower()
            # Most tags have no attributes. For such tags the search for attributes is skipped.
            attributes, position = ({}, position) if end else _read_attributes(document, position)
            if position >= 0 and not close and name in _RAW:
                position = _skip_raw(document, position, name)
            elif position >= 0:
                reader.add_tag(name, attributes, is_closing=bool(close))
        if position < 0:
            return reader.finish()
    reader.add_text(document[position:])
    return reader.finish()


def link_target(url: str) -> str:
    """The displayed target of a link: the host of a web address, the address of a mailto, otherwise the scheme."""
    # Browsers drop controls and read backslashes as slashes (URL Standard section 4.4), so this function does the same.
    match = _URL.fullmatch(re.sub(r"[\t\r\n]", "", url).strip("".join(map(chr, range(33)))))
    if not match:
        return ""
    scheme, rest = match[1].lower(), match[2].replace("\\", "/")
    if scheme in ("http", "https", "ftp"):
        authority = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]
        host = authority.rpartition("@")[2].lower()
        # The end of a long host name shows who owns it, so the beginning is cut off.
        return host if len(host) <= _SHOWN_HOST_LENGTH else f"…{host[-_SHOWN_HOST_LENGTH:]}"
    return rest.partition("?")[0] if scheme == "mailto" else f"{scheme}:"


class _Reader:
    """Collects the text between the tags, and the line breaks that the tags imply."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._dropped = ""
        self._preformatted = 0
        self._link: tuple[str, int] | None = None

    def add_text(self, source: str) -> None:
        if self._dropped or not source:
            return
        text = _unescape(source)
        if self._preformatted:
            self._pieces.append(text.replace("\xa0", " "))
        else:
            self._add_piece(_BLANKS.sub(" ", text))

    @property
    def reads_runs(self) -> bool:
        """Whether the text that follows is displayed, with each run of blanks as one blank."""
        return not self._dropped and not self._preformatted

    def add_run(self, source: str) -> None:
        """Add text that `_RUN` has found."""
        text = _MANY_BLANKS.sub("", _LINE_TAG.sub("\n", _NO_TAG.sub("", _BLANKS.sub(" ", source))))
        self._add_piece(text)

    def _add_piece(self, text: str) -> None:
        if text[:1] == " " and (not self._pieces or self._pieces[-1].endswith((" ", "\n"))):
            text = text[1:]
        if text:
            self._pieces.append(text.replace("\xa0", " "))

    def add_tag(self, name: str, attributes: dict[str, str], *, is_closing: bool) -> None:
        if self._dropped:
            if name == "body" or (is_closing and name == self._dropped):
                self._dropped = ""  # A body tag ends an unclosed head.
        elif name in _DROPPED:
            if not is_closing:
                self._dropped = name
        elif name == "a":
            self._end_link()
            if not is_closing and (target := link_target(attributes.get("href", ""))):
                self._link = target, len(self._pieces)
        elif name == "img":
            self.add_text(html.escape(attributes.get("alt", "")))
        else:
            self._add_layout(name, is_closing=is_closing)

    def finish(self) -> str:
        self._end_link()
        lines = [line.rstrip() for line in "".join(self._pieces).replace("\r\n", "\n").split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")

    def _add_layout(self, name: str, *, is_closing: bool) -> None:
        if name == "pre":
            self._preformatted = max(0, self._preformatted + (-1 if is_closing else 1))
        if name in _PARAGRAPH:
            self._pieces.append("\n\n")
        elif name in _LINE:
            self._pieces.append("\n")
        elif name in ("td", "th") and is_closing:
            self._pieces.append(" ")
        if name == "li" and not is_closing:
            self._pieces.append("- ")

    def _end_link(self) -> None:
        if self._link is None:
            return
        target, start = self._link
        self._link = None
        text = "".join(self._pieces[start:]).strip()
        shown = _LINK_TEXT.fullmatch(text)
        if text.lower() != target and not (shown and shown[1].lower() == target.removeprefix("www.")):
            self._pieces.append(f" [{target}]")


def _unescape(text: str) -> str:
    return html.unescape(_LONG_REFERENCE.sub(_shorten_reference, text)) if "&" in text else text


def _shorten_reference(reference: re.Match[str]) -> str:
    digits = (reference[2] or reference[3]).lstrip("0") or "0"
    return f"&#{reference[1] or ''}{digits};" if len(digits) < 8 else "\ufffd"


def _skip_declaration(document: str, start: int) -> int:
    # Returns the offset after a comment, doctype or bogus comment, or -1 if it is not closed.
    if document.startswith("<!--", start):
        # `<!-->` and `<!--->` are closed comments too (HTML Standard section 13.2.5.43).
        end = re.compile(r"--!?>").search(document, start + 2)
        return end.end() if end else -1
    return document.find(">", start) + 1 or -1


def _skip_raw(document: str, position: int, name: str) -> int:
    end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(document, position)
    return document.find(">", end.end()) + 1 or -1 if end else -1


def _read_attributes(document: str, position: int) -> tuple[dict[str, str], int]:
    # Returns (the attributes that the text needs, offset after the tag, or -1 if the tag is not closed). The first
    # attribute of a name counts, as in browsers.
    attributes: dict[str, str] = {}
    while match := _ATTRIBUTE.match(document, position):
        position = match.end()
        if match["end"]:
            return attributes, position
        if (name := (match["name"] or "").lower()) in _READ_ATTRIBUTES:
            value = match["double"] or match["single"] or match["bare"] or ""
            attributes.setdefault(name, _unescape(value))
    return attributes, -1
