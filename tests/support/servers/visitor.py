"""A visitor of a webmail without a browser: keeps cookies, reads links and forms, and submits forms with files."""

from __future__ import annotations

import http.cookiejar
import secrets
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

# Some webmails choose their pages by the name of the browser.
_FIELDS = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("Accept-Language", "en"),
]


@dataclass(slots=True, kw_only=True)
class Form:
    """A form: where it is sent, its fields with their values, and its buttons with theirs."""

    action: str
    method: str
    is_multipart: bool
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    file_fields: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Shown:
    """A page that a server has sent."""

    url: str
    content_type: str
    body: bytes
    forms: list[Form]
    links: dict[str, str]

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def link(self, part: str) -> str:
        """The first address of a link that contains `part`."""
        addresses = [address for address in self.links if part in address]
        assert addresses, f"no link with {part!r} in {list(self.links)}"
        return addresses[0]

    def form(self, name: str) -> Form:
        """The first form with a field of that name."""
        forms = [form for form in self.forms if name in form.fields or name in form.file_fields]
        assert forms, f"no form with {name!r} in {self.text}"
        return forms[0]


class Visitor:
    """One person's visit, with the cookies of this person."""

    def __init__(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
        self._opener.addheaders = _FIELDS

    def get(self, url: str) -> Shown:
        return self._load(urllib.request.Request(url))

    def submit(
        self,
        form: Form,
        values: Mapping[str, str],
        *,
        button: str = "",
        file: tuple[str, str, bytes, str] | None = None,
    ) -> Shown:
        """Send a form with changed values. `file`: the field, the file's name, its bytes and its Content-Type."""
        entries = {**form.fields, **values}
        if button:
            entries.setdefault(button, form.buttons[button])
        if form.method == "get":
            return self.get(f"{form.action.partition('?')[0]}?{urlencode(entries)}")
        if form.is_multipart:
            body, kind = _multipart(form, entries, file)
        else:
            body, kind = urlencode(entries).encode(), "application/x-www-form-urlencoded"
        return self._load(urllib.request.Request(form.action, body, {"Content-Type": kind}))

    def _load(self, request: urllib.request.Request) -> Shown:
        with self._opener.open(request, timeout=60) as answer:
            body = answer.read()
            kind = answer.headers["Content-Type"] or ""
            parser = _Parser(answer.url)
        if kind.startswith("text/html"):
            parser.feed(body.decode(errors="replace"))
        return Shown(url=parser.url, content_type=kind, body=body, forms=parser.forms, links=parser.links)


def _multipart(form: Form, entries: Mapping[str, str], file: tuple[str, str, bytes, str] | None) -> tuple[bytes, str]:
    fence = secrets.token_hex(16)
    parts = [
        f'--{fence}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in entries.items()
    ]
    # A browser sends a file field in which no file is chosen as an empty file without a name.
    empty = [(name, "", b"", "application/octet-stream") for name in form.file_fields if not file or name != file[0]]
    for name, file_name, content, kind in [*empty, *([file] if file else [])]:
        head = f'--{fence}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        parts.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{fence}--\r\n".encode(), f"multipart/form-data; boundary={fence}"


class _Parser(HTMLParser):
    """Finds links, frames and forms. A select has the value of its chosen option, else of its first."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.links: dict[str, str] = {}
        self.forms: list[Form] = []
        self._link = self._text_area = self._select = self._option = ""
        self._is_chosen = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        match tag:
            case "a" if "href" in values:
                self._link = urljoin(self.url, values["href"])
                self.links.setdefault(self._link, "")
            case "frame" | "iframe" if "src" in values:
                self.links.setdefault(urljoin(self.url, values["src"]), values.get("name", ""))
            case "form":
                self.forms.append(
                    Form(
                        action=urljoin(self.url, values.get("action", "")),
                        method=values.get("method", "get").lower(),
                        is_multipart=values.get("enctype", "").lower() == "multipart/form-data",
                    )
                )
            case _ if self.forms:
                self._take_field(tag, values, self.forms[-1])

    def handle_data(self, data: str) -> None:
        if self._text_area and self.forms:
            self.forms[-1].fields[self._text_area] += data
        elif self._option and self.forms:
            self.forms[-1].fields[self._option] = data.strip()
            self._option = ""
        elif self._link:
            self.links[self._link] += data

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "a":
                self._link = ""
            case "textarea":
                self._text_area = ""
            case "option":
                self._option = ""
            case "select":
                self._select = ""

    def _take_field(self, tag: str, values: Mapping[str, str], form: Form) -> None:
        name = values.get("name", "")
        match tag, values.get("type", "text").lower():
            case (("input" | "button"), ("submit" | "image")):
                form.buttons.setdefault(name, values.get("value", ""))
            case "input", "file":
                form.file_fields.append(name)
            case "input", ("checkbox" | "radio"):
                if "checked" in values:
                    form.fields[name] = values.get("value", "on")
            case "input", _ if name:
                form.fields[name] = values.get("value", "")
            case "textarea", _:
                self._text_area = name
                form.fields[name] = ""
            case "select", _:
                self._select, self._is_chosen = name, False
            case "option", _ if self._select and not self._is_chosen:
                self._is_chosen = "selected" in values
                if self._is_chosen or self._select not in form.fields:
                    form.fields[self._select] = values.get("value", "")
                    # An option without a value has its text as its value.
                    self._option = "" if "value" in values else self._select
