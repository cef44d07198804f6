"""The resources that a page loads: find them, and put stylesheets and images into the page.

A signature covers the page's own bytes. A resource is covered only if the page contains it, or names its hash
(`integrity`, Subresource Integrity). The viewer shows no other resources. Pages in UTF-16 are refused.
"""

from __future__ import annotations

import base64
import html
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import click

from sealwax.files.small import read_small

_SOURCES: Final = {
    "img": ("src",),
    "source": ("src",),
    "input": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "frame": ("src",),
    "object": ("data",),
    "body": ("background",),
    "table": ("background",),
    "td": ("background",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "feimage": ("href", "xlink:href"),
}
_IMAGES: Final = frozenset(("img", "image", "body", "table", "td", "input"))
_INTEGRITY: Final = re.compile(r"\s*sha(?:256|384|512)-[A-Za-z0-9+/=]+(?:\s+\S+)*\s*")
_CSS_URL: Final = re.compile(
    r"url\(\s*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^()\s\"']*+))\s*+\)", re.I
)
_CSS_IMPORT: Final = re.compile(r"@import\s+(?:\"([^\"]*)\"|'([^']*)')", re.I)
_INSIDE: Final = ("data:", "#", "about:", "blob:", "javascript:")
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
# A comment, a tag with its attributes, or other markup that browsers skip (HTML Standard section 13.2.5). Markup
# without an end reaches to the end of the page. html.parser is not used, because it needs quadratic time for such
# markup.
_MARKUP: Final = re.compile(
    r"""<(?:
        !--(?:-?>|.*?(?:--!?>|\Z))
      | (?P<slash>/?)(?P<name>[a-z][^\s/>]*+)
        (?P<attributes>(?>(?:[\s/]*+[^\s/>][^\s/>=]*+
            (?>(?:\s*+=\s*+(?>(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?))?))*))
        [\s/]*+(?P<close>>?)
      | [!?/][^>]*+>?
    )""",
    re.ASCII | re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_ATTRIBUTE: Final = re.compile(
    r"""(?P<name>[^\s/>][^\s/>=]*+)(?>(?:\s*+=\s*+(?P<value>(?>(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)))?)""",
    re.ASCII,
)
_END_TAG: Final = re.compile(r"</([a-z]++)(?=[\s/>])", re.ASCII | re.IGNORECASE)
_TEXT_ELEMENTS: Final = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))


class Resource(NamedTuple):
    """A resource of the page. `line` counts from 1. `integrity` is empty if it has no hash that browsers know."""

    element: str
    url: str
    line: int
    integrity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResources:
    """The resources of a page, its lines with scripts, and whether it names its signature (`rel=smime-signature`)."""

    loaded: tuple[Resource, ...]
    scripts: tuple[int, ...]
    names_signature: bool

    @property
    def uncovered(self) -> tuple[Resource, ...]:
        """The resources that a signature of the page does not cover."""
        return tuple(resource for resource in self.loaded if not resource.integrity)


def find_resources(page: bytes) -> PageResources:
    """The resources of an HTML page. Raises ClickException for a page in UTF-16."""
    reader = _Reader()
    for tag in _read_tags(_as_text(page)):
        reader.read(tag)
    return PageResources(
        loaded=tuple(reader.loaded), scripts=tuple(reader.scripts), names_signature=reader.names_signature
    )


def inline_resources(page: bytes, folder: Path) -> bytes:
    """The page with the stylesheets and images of its folder inside it.

    Resources with a hash and resources on other servers are not changed. Raises OSError for a missing file,
    ClickException for a file outside the folder.
    """
    text, inliner = _as_text(page), _Inliner(_Files(folder))
    pieces: list[str] = []
    done = 0
    for start, end, new in (change for tag in _read_tags(text) for change in inliner.changes(tag)):
        pieces += text[done:start], new
        done = end
    return "".join((*pieces, text[done:])).encode("latin-1")


def _as_text(page: bytes) -> str:
    # Markup is ASCII in every other charset. Decoding each byte to one character keeps all other bytes unchanged.
    if page.startswith(_UTF16_MARKS):
        raise click.ClickException("the page is in UTF-16: save it in UTF-8")
    return page.decode("latin-1")


class _Attribute(NamedTuple):
    """The value of an attribute without its quotes, and the position in the page of the value with its quotes."""

    written: str
    start: int
    end: int


class _Tag(NamedTuple):
    """A start tag and its position in the page. For an element that has only text, also the text up to the end tag."""

    name: str
    attributes: Mapping[str, _Attribute]
    line: int
    start: int
    end: int
    text: str

    def value(self, name: str) -> str:
        """The value of an attribute without character references; empty if the tag does not have it."""
        return _unescape(self.attributes[name].written) if name in self.attributes else ""


def _read_tags(page: str) -> Iterator[_Tag]:
    position, line, counted = 0, 1, 0
    while markup := _MARKUP.search(page, position):
        start, end = markup.span()
        position = end
        if not markup["close"] or markup["slash"]:
            continue
        name = markup["name"].lower()
        line, counted = line + page.count("\n", counted, start), start
        # Elements of SVG may end in their start tag.
        if name in _TEXT_ELEMENTS and not markup[0].endswith("/>"):
            ends = (end_tag.start() for end_tag in _END_TAG.finditer(page, end) if end_tag[1].lower() == name)
            position = next(ends, len(page))
        yield _Tag(name, _read_attributes(page, *markup.span("attributes")), line, start, end, page[end:position])


def _read_attributes(page: str, start: int, end: int) -> dict[str, _Attribute]:
    attributes: dict[str, _Attribute] = {}
    for match in _ATTRIBUTE.finditer(page, start, end):
        written = match["value"] or ""
        if written.startswith(("'", '"')):
            written = written[1:-1]
        # Browsers use the first of several attributes with the same name.
        attributes.setdefault(match["name"].lower(), _Attribute(written, *match.span("value")))
    return attributes


def _unescape(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:
        # Python reads no number of more than 4,300 digits.
        return text


class _Reader:
    """Collects the resources of a page."""

    def __init__(self) -> None:
        self.loaded: list[Resource] = []
        self.scripts: list[int] = []
        self.names_signature = False

    def read(self, tag: _Tag) -> None:
        """Add the resources of a tag."""
        if tag.name == "script" or any(name.startswith("on") for name in tag.attributes):
            self.scripts.append(tag.line)
        integrity = tag.value("integrity")
        proved = integrity if _INTEGRITY.fullmatch(integrity) else ""
        relations = _relations(tag)
        self.names_signature |= "smime-signature" in relations
        if "stylesheet" in relations:
            self._add(tag.name, tag.value("href"), tag.line, proved)
        for name in _SOURCES.get(tag.name, ()):
            self._add(tag.name, tag.value(name), tag.line, proved)
        for url, _ in _candidates(tag.value("srcset")):
            self._add(tag.name, url, tag.line, proved)
        self._add_css(tag.value("style"), tag.line)
        if tag.name == "style":
            self._add_css(tag.text, tag.line)

    def _add(self, element: str, url: str, line: int, integrity: str = "") -> None:
        url = url.strip()
        if url and not url.lower().startswith(_INSIDE):
            self.loaded.append(Resource(element, url, line, integrity))

    def _add_css(self, css: str, line: int) -> None:
        for url in _css_urls(css):
            self._add("style", url, line)


class _Files:
    """The files of one folder, as `data:` URLs and as stylesheets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def find(self, url: str, beside: Path | None = None) -> Path | None:
        """The file that a relative address names, or None if the address is on another server."""
        url = url.strip()
        if not url or url.lower().startswith(_INSIDE) or re.match(r"(?:[a-z][a-z0-9+.-]*:|//)", url, re.IGNORECASE):
            return None
        name = re.split(r"[?#]", url, maxsplit=1)[0]
        start = self._folder if name.startswith("/") or beside is None else beside
        if "\0" in name:
            raise click.ClickException(f"{url} names no file")
        path = (start / name.lstrip("/")).resolve()
        if not path.is_relative_to(self._folder):
            raise click.ClickException(f"{url} is outside the page's folder")
        return path

    def data_url(self, url: str, beside: Path | None = None) -> str:
        """The file's content as a `data:` URL. An address on another server is returned unchanged."""
        path = self.find(url, beside)
        if path is None:
            return url
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(read_small(path)).decode('ascii')}"

    def css_with_data(self, css: str, beside: Path | None = None) -> str:
        """A stylesheet with its images and fonts inside it."""

        def replace(match: re.Match[str]) -> str:
            return f'url("{self.data_url(_url_of(match), beside)}")'

        return _CSS_URL.sub(replace, css)


class _Inliner:
    """Puts resources into the page. Each change has its start, its end and the new text."""

    def __init__(self, files: _Files) -> None:
        self._files = files

    def changes(self, tag: _Tag) -> Iterator[tuple[int, int, str]]:
        """The changes to a tag and to its text, in the order of the page."""
        if tag.value("integrity"):
            return
        if "stylesheet" in _relations(tag):
            yield from self._inline_stylesheet(tag)
            return
        for name, (written, start, end) in tag.attributes.items():
            changed = self._inline_attribute(tag.name, name, written)
            if changed != written:
                yield start, end, _quote(changed)
        if tag.name == "style" and (changed := self._files.css_with_data(tag.text)) != tag.text:
            yield tag.end, tag.end + len(tag.text), changed

    def _inline_stylesheet(self, tag: _Tag) -> Iterator[tuple[int, int, str]]:
        path = self._files.find(tag.value("href"))
        if path is None:
            return
        css = self._files.css_with_data(read_small(path).decode("latin-1"), path.parent)
        if "</style" in css.lower():
            raise click.ClickException(f"{path.name} holds </style and cannot be put into the page")
        media = f" media={_quote(tag.attributes['media'].written)}" if tag.value("media") else ""
        yield tag.start, tag.end, f"<style{media}>{css}</style>"

    def _inline_attribute(self, tag: str, name: str, value: str) -> str:
        if name == "style":
            return self._files.css_with_data(value)
        if name == "srcset":
            return ", ".join(
                " ".join(filter(None, (self._files.data_url(url), size))) for url, size in _candidates(value)
            )
        return self._files.data_url(value) if tag in _IMAGES and name in _SOURCES.get(tag, ()) else value


def _quote(written: str) -> str:
    # A quote inside the attribute would end it.
    return '"' + written.replace('"', "&quot;") + '"'


def _relations(tag: _Tag) -> list[str]:
    return tag.value("rel").lower().split() if tag.name == "link" else []


def _candidates(srcset: str) -> Iterator[tuple[str, str]]:
    # "a.png 1x, b.png 2x" (HTML Standard section 4.8.4.2.1). A comma inside an address has no blank after it.
    for candidate in re.split(r",\s+", srcset.strip()):
        url, _, size = candidate.strip().partition(" ")
        if url:
            yield url, size.strip()


def _css_urls(css: str) -> Iterator[str]:
    yield from map(_url_of, _CSS_URL.finditer(css))
    yield from (match[1] or match[2] or "" for match in _CSS_IMPORT.finditer(css))


def _url_of(match: re.Match[str]) -> str:
    return match["double"] or match["single"] or match["bare"] or ""
