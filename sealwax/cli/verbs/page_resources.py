"""The resources that a page loads: find them, and put stylesheets and images into the page.

A signature covers the page's own bytes. A resource is covered only if the page contains it, or names its hash
(`integrity`, Subresource Integrity). The viewer shows no other resources. Pages in UTF-16 are refused.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
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


class Resource(NamedTuple):
    """A resource of the page. `line` counts from 1; `integrity` is empty without a hash that browsers know."""

    element: str
    url: str
    line: int
    integrity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResources:
    """The resources of a page, the lines with scripts, and whether it names a signature (`rel=smime-signature`)."""

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
    reader.feed(_as_text(page))
    reader.close()
    return PageResources(
        loaded=tuple(reader.loaded), scripts=tuple(reader.scripts), names_signature=reader.names_signature
    )


def inline_resources(page: bytes, folder: Path) -> bytes:
    """The page with the stylesheets and images of its folder inside it.

    Resources with a hash and those on other servers stay as they are.
    Raises OSError for a missing file, ClickException for a file outside the folder.
    """
    reader = _Inliner(_Files(folder))
    reader.feed(_as_text(page))
    reader.close()
    return reader.rewrite(_as_text(page)).encode("latin-1")


def _as_text(page: bytes) -> str:
    # Markup is ASCII in every other charset. Decoding each byte to one character keeps all other bytes unchanged.
    if page.startswith(_UTF16_MARKS):
        raise click.ClickException("the page is in UTF-16: save it in UTF-8")
    return page.decode("latin-1")


class _Reader(HTMLParser):
    """Collects the resources of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.loaded: list[Resource] = []
        self.scripts: list[int] = []
        self.names_signature = False
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in reversed(attrs)}
        line = self.getpos()[0]
        self._in_style = tag == "style"
        if tag == "script" or any(name.startswith("on") for name in attributes):
            self.scripts.append(line)
        integrity = attributes.get("integrity", "")
        proved = integrity if _INTEGRITY.fullmatch(integrity) else ""
        relations = attributes.get("rel", "").lower().split() if tag == "link" else []
        self.names_signature |= "smime-signature" in relations
        if "stylesheet" in relations:
            self._add(tag, attributes.get("href", ""), line, proved)
        for name in _SOURCES.get(tag, ()):
            self._add(tag, attributes.get(name, ""), line, proved)
        for url, _ in _candidates(attributes.get("srcset", "")):
            self._add(tag, url, line, proved)
        self._add_css(attributes.get("style", ""), line)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._add_css(data, self.getpos()[0])

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
        """The file that a relative address names, None for an address on another server."""
        url = url.strip()
        if not url or url.lower().startswith(_INSIDE) or re.match(r"(?:[a-z][a-z0-9+.-]*:|//)", url, re.IGNORECASE):
            return None
        name = re.split(r"[?#]", url, maxsplit=1)[0]
        start = self._folder if name.startswith("/") or beside is None else beside
        path = (start / name.lstrip("/")).resolve()
        if not path.is_relative_to(self._folder):
            raise click.ClickException(f"{url} is outside the page's folder")
        return path

    def data_url(self, url: str, beside: Path | None = None) -> str:
        """The file's content as a `data:` URL. An address on another server stays as it is."""
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


class _Inliner(_Reader):
    """Collects the changes to the page. Each change has its start, its end and the new text."""

    def __init__(self, files: _Files) -> None:
        super().__init__()
        self._files = files
        self._changes: list[tuple[int, int, str]] = []
        self._line_starts: list[int] = []

    def feed(self, data: str) -> None:
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", data))]
        super().feed(data)

    def rewrite(self, page: str) -> str:
        """The page with all changes made."""
        for start, end, text in reversed(self._changes):
            page = page[:start] + text + page[end:]
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        source, start = self.get_starttag_text() or "", self._offset()
        attributes = {name: value or "" for name, value in reversed(attrs)}
        if attributes.get("integrity"):
            return
        if tag == "link" and "stylesheet" in attributes.get("rel", "").lower().split():
            self._inline_stylesheet(attributes, start, len(source))
            return
        changed = _rewrite_attributes(source, lambda name, value: self._inline_attribute(tag, name, value))
        if changed != source:
            self._changes.append((start, start + len(source), changed))

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        if self._in_style and (changed := self._files.css_with_data(data)) != data:
            self._changes.append((self._offset(), self._offset() + len(data), changed))

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def _inline_stylesheet(self, attributes: dict[str, str], start: int, length: int) -> None:
        path = self._files.find(attributes.get("href", ""))
        if path is None:
            return
        css = self._files.css_with_data(read_small(path).decode("latin-1"), path.parent)
        if "</style" in css.lower():
            raise click.ClickException(f"{path.name} holds </style and cannot be put into the page")
        media = f' media="{attributes["media"]}"' if attributes.get("media") else ""
        self._changes.append((start, start + length, f"<style{media}>{css}</style>"))

    def _inline_attribute(self, tag: str, name: str, value: str) -> str:
        if name == "style":
            # A quote inside the attribute would end it.
            return self._files.css_with_data(value).replace('"', "&quot;") if _CSS_URL.search(value) else value
        if name == "srcset":
            return ", ".join(
                " ".join(filter(None, (self._files.data_url(url), size))) for url, size in _candidates(value)
            )
        return self._files.data_url(value) if tag in _IMAGES and name in _SOURCES.get(tag, ()) else value


_ATTRIBUTE: Final = re.compile(r"(?<=[\s\"'/])([^\s\"'<>/=]+)(\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")


def _rewrite_attributes(source: str, change: Callable[[str, str], str]) -> str:
    def replace(match: re.Match[str]) -> str:
        name, equals, written = match[1], match[2], match[3]
        value = written[1:-1] if written[0] in "\"'" else written
        changed = change(name.lower(), value)
        return match[0] if changed == value else f'{name}{equals}"{changed}"'

    return _ATTRIBUTE.sub(replace, source)


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
