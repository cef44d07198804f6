"""The document of the pages, and the files to which it refers.

The bytes of the document are compared with the signed list. The check here finds a signed document that refers to files
outside the list. The check knows only the markup that the pages use, and reports all other markup, such as comments. A
parser for other markup could read it differently from browsers, and miss a reference.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

DOCUMENT: Final = "index.html"
CONFIGURATION: Final = "config.json"

# Without re.ASCII, IGNORECASE would match some other letters too, such as the Kelvin sign for k.
_FLAGS: Final = re.IGNORECASE | re.ASCII
_DOCTYPE: Final = re.compile(r"<!doctype html>", _FLAGS)
_END_TAG: Final = re.compile(r"</([a-z][a-z0-9]*)[ \t\r\n]*>", _FLAGS)
_START_TAG: Final = re.compile(
    r"<([a-z][a-z0-9]*+)"
    r"""((?:[ \t\r\n]++[a-z][a-z0-9-]*+(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=`]++))?)*)[ \t\r\n]*+>""",
    _FLAGS,
)
# This pattern is only for text that `_START_TAG` has matched as attributes.
_ATTRIBUTES: Final = re.compile(r"""([a-z][a-z0-9-]*+)(?:=(?:"([^"<>]*+)"|'([^'<>]*+)'|([^\s"'<>=`]++)))?""", _FLAGS)
_NO_SCRIPT: Final = re.compile(r"[ \t\r\n]*</script[ \t\r\n]*>", _FLAGS)
_PATH: Final = re.compile(r"[A-Za-z0-9._~/-]+")
_SHOWN_CHARACTERS: Final = 200

# The attributes that any element may have. None of them contains an address, a style or a script.
_EVERYWHERE: Final = frozenset({"class", "dir", "hidden", "id", "lang", "role", "title"})
_ELEMENTS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("body", "div", "footer", "h1", "h2", "head", "header", "html", "main", "noscript"), frozenset()),
    **dict.fromkeys(("p", "section", "span", "title"), frozenset()),
    "img": frozenset({"alt", "height", "src", "width"}),
    "link": frozenset({"as", "crossorigin", "href", "integrity", "media", "rel", "sizes", "type"}),
    "meta": frozenset({"charset", "content", "name"}),
    "script": frozenset({"async", "crossorigin", "defer", "integrity", "src", "type"}),
}
_REFERENCES: Final = frozenset({"href", "src"})
# The values allowed for some attributes. Other values would weaken the page or change the element's meaning.
_VALUES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("meta", "charset"): frozenset({"utf-8"}),
    ("meta", "name"): frozenset({"color-scheme", "description", "referrer", "theme-color", "viewport"}),
    ("script", "type"): frozenset({"module"}),
    ("link", "rel"): frozenset({"icon", "manifest", "modulepreload", "preload", "stylesheet"}),
}


def find_references(html: str, listed: Collection[str]) -> list[str]:
    """A sentence for each problem of the document: a reference to a file outside the list, or unknown markup."""
    problems = [] if "\ufffd" not in html else ["it has bytes that are no UTF-8"]
    return [*problems, *dict.fromkeys(_find_problems(html, frozenset(listed)))]


def _find_problems(html: str, listed: frozenset[str]) -> Iterator[str]:
    at = html.find("<")
    while at >= 0:
        start, end = _START_TAG.match(html, at), _END_TAG.match(html, at)
        markup = start or end or _DOCTYPE.match(html, at)
        if start is not None:
            yield from _check_element(start[1].lower(), _read_attributes(start[2]), listed)
        elif markup is None:
            yield f"it has markup that the pages do not use: {shown(html[at : at + 20])}"
        after = markup.end() if markup else at + 1
        if start is not None and start[1].lower() == "script" and not _NO_SCRIPT.match(html, after):
            yield "it has a script of its own"
        at = html.find("<", after)


def _read_attributes(text: str) -> list[tuple[str, str]]:
    return [(match[1].lower(), match[2] or match[3] or match[4] or "") for match in _ATTRIBUTES.finditer(text)]


def _check_element(tag: str, attributes: list[tuple[str, str]], listed: frozenset[str]) -> Iterator[str]:
    if tag not in _ELEMENTS:
        yield f"it has an element {tag}"
    for name, value in attributes:
        if name in _REFERENCES and not _is_listed(value, listed):
            yield f"it refers to {shown(value)}, which the list does not name"
        elif name not in _EVERYWHERE | _ELEMENTS.get(tag, frozenset()) and not name.startswith(("aria-", "data-")):
            yield f"the element {tag} has the attribute {name}"
        elif value.lower() not in _VALUES.get((tag, name), {value.lower()}):
            yield f"the element {tag} has {name}={shown(value)}"
    values = {name: value.lower() for name, value in attributes}
    if len(values) != len(attributes):
        yield f"the element {tag} has an attribute twice"
    if values.get("name") == "referrer" and values.get("content") != "no-referrer":
        yield "it allows browsers to tell other servers its address"


def _is_listed(path: str, listed: frozenset[str]) -> bool:
    return _PATH.fullmatch(path) is not None and not path.startswith("/") and posixpath.normpath(path) in listed


def shown(text: str) -> str:
    """A text from a stranger, for a terminal: cut, and without characters that change what is shown."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    return cut if cut.isprintable() else ascii(cut)
