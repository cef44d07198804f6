"""The parts of a message that a webmail shows, read by Python's `email` package. S/MIME has no special treatment.

The body is the first text part and the first HTML part; every other leaf of the MIME tree is an attachment. So a
message that is application/pkcs7-mime has no body and one attachment, and the signature of multipart/signed is one too.
"""

from __future__ import annotations

import datetime
import email
import mimetypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import formataddr, getaddresses, parsedate_to_datetime
from html.parser import HTMLParser

_AS_STORED = compat32.clone(linesep="\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """A name, which may be empty, and an address."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment. `part` is its number in the message, as IMAP counts parts. `name` may be empty."""

    part: str
    name: str
    media_type: str
    content: bytes


@dataclass(slots=True, kw_only=True)
class Letter:
    """A message, decoded for people."""

    subject: str
    sender: list[Mailer]
    reply_to: list[Mailer]
    to: list[Mailer]
    cc: list[Mailer]
    date: datetime.datetime | None
    message_id: str
    references: str
    text: str | None = None
    html: str | None = None
    attachments: list[Attachment] = field(default_factory=list)

    def find(self, part: str) -> Attachment | None:
        return next((attachment for attachment in self.attachments if attachment.part == part), None)


def read_letter(raw: bytes) -> Letter:
    """Parse a message. Faults in it are tolerated, as webmails do it."""
    message = email.message_from_bytes(raw)
    letter = Letter(
        subject=_header_text(message, "Subject"),
        sender=_mailers(message, "From"),
        reply_to=_mailers(message, "Reply-To"),
        to=_mailers(message, "To"),
        cc=_mailers(message, "Cc"),
        date=_date(message),
        message_id=_header_text(message, "Message-ID").strip(),
        references=_header_text(message, "References").strip(),
    )
    for number, part in _leaves(message):
        _add_part(letter, number, part)
    return letter


def readable_text(letter: Letter) -> str:
    """The text of a letter; for a letter that is only HTML, its text without the tags."""
    if letter.text is not None or letter.html is None:
        return letter.text or ""
    reader = _TextOfMarkup()
    reader.feed(letter.html)
    reader.close()
    lines = "".join(reader.found).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def parse_mailers(fields: Iterable[str]) -> list[Mailer]:
    """The mailers in header fields, or in the fields of a form."""
    # With an empty field, the strict reading of Python 3.11.2 finds nobody at all.
    mailboxes = getaddresses([field for field in fields if field.strip()])
    return [Mailer(name=_decoded(name), address=address) for name, address in mailboxes if address]


def encoded(mailer: Mailer) -> str:
    """The mailer for a header field, in ASCII."""
    return formataddr((mailer.name, mailer.address), "utf-8")


def _add_part(letter: Letter, number: str, part: Message) -> None:
    kind = part.get_content_type()
    is_attached = part.get_content_disposition() == "attachment" or bool(part.get_filename())
    if kind == "text/plain" and not is_attached and letter.text is None:
        letter.text = _text(part)
    elif kind == "text/html" and not is_attached and letter.html is None:
        letter.html = _text(part)
    else:
        letter.attachments.append(
            Attachment(part=number, name=_file_name(part), media_type=kind, content=_content(part))
        )


def _leaves(message: Message, number: str = "") -> Iterator[tuple[str, Message]]:
    """The parts that are no multipart, with their numbers. An attached message is one part."""
    if message.get_content_maintype() != "multipart" or not message.is_multipart():
        yield number or "1", message
        return
    for index, part in enumerate(message.get_payload(), start=1):
        assert isinstance(part, Message)
        yield from _leaves(part, f"{number}.{index}" if number else str(index))


def _content(part: Message) -> bytes:
    if part.is_multipart():
        return b"".join(inner.as_bytes(policy=_AS_STORED) for inner in part.get_payload() if isinstance(inner, Message))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    try:
        return _content(part).decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return _content(part).decode("latin-1")


def _file_name(part: Message) -> str:
    if name := part.get_filename():
        return _decoded(name)
    if part.get_content_type() == "message/rfc822":
        return "message.eml"
    extension = mimetypes.guess_extension(part.get_content_type())
    return f"attachment{extension}" if extension else ""


def _header_text(message: Message, name: str) -> str:
    return _decoded(message.get(name, ""))


def _decoded(value: str | Header) -> str:
    try:
        text = str(make_header(decode_header(value)))
    except (ValueError, LookupError, HeaderParseError):
        text = str(value)
    # A folded field has line ends.
    return " ".join(text.splitlines()).replace("\t", " ").strip()


def _mailers(message: Message, name: str) -> list[Mailer]:
    return parse_mailers(str(value) for value in message.get_all(name, []))


def _date(message: Message) -> datetime.datetime | None:
    try:
        return parsedate_to_datetime(str(message.get("Date", "")))
    except ValueError:
        return None


class _TextOfMarkup(HTMLParser):
    _HIDDEN = frozenset({"style", "script", "title"})
    _LINES = frozenset({"br", "p", "div", "tr", "li", "blockquote", "h1", "h2", "h3"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in self._HIDDEN
        if tag in self._LINES:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in self._HIDDEN
        if tag in self._LINES:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if self._hidden <= 0:
            self.found.append(data)
