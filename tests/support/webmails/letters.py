"""Letters as webmails build them: MIME entities joined by hand, without a second look at their content."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import Header
from urllib.parse import quote

from tests.support.webmails.accounts import Upload

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A MIME entity: its Content-* fields and its encoded body with CRLF."""

    fields: Fields
    body: bytes

    def encode(self, header: Fields = ()) -> bytes:
        """The bytes of the entity, after further header fields."""
        lines = [f"{name}: {value}\r\n" for name, value in (*header, *self.fields)]
        return "".join(lines).encode("ascii") + b"\r\n" + self.body


def text_entity(text: str, subtype: str = "plain") -> Entity:
    """A text part in quoted-printable."""
    lines = "\n".join(text.splitlines()) + "\n"
    body = _with_crlf(quopri.encodestring(lines.encode()))
    return Entity(
        fields=[("Content-Type", f"text/{subtype}; charset=UTF-8"), ("Content-Transfer-Encoding", "quoted-printable")],
        body=body,
    )


def multipart(subtype: str, boundary: str, entities: Iterable[Entity], *, preamble: bytes = b"") -> Entity:
    """A multipart entity."""
    separator = b"--" + boundary.encode()
    parts = b"".join(separator + b"\r\n" + entity.encode() + b"\r\n" for entity in entities)
    return Entity(
        fields=[("Content-Type", f'multipart/{subtype};\r\n boundary="{boundary}"')],
        body=preamble + parts + separator + b"--\r\n",
    )


def file_entity(upload: Upload) -> Entity:
    """An attachment in base64; an attached message unencoded, because RFC 2046 section 5.2.1 forbids base64 there."""
    is_message = upload.content_type.partition(";")[0].strip().lower() == "message/rfc822"
    body = _with_crlf(upload.content if is_message else base64.encodebytes(upload.content))
    return Entity(
        fields=[
            ("Content-Type", f'{upload.content_type};\r\n name="{encoded_words(_quotable(upload.name))}"'),
            ("Content-Transfer-Encoding", "8bit" if is_message else "base64"),
            ("Content-Disposition", f"attachment;\r\n {_file_name(upload.name)}; size={len(upload.content)}"),
        ],
        body=body,
    )


def encoded_words(text: str) -> str:
    """A header field's text: ASCII as it is, other text in encoded words."""
    return text if text.isascii() else Header(text, "utf-8").encode(linesep="\r\n")


def _with_crlf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _file_name(name: str) -> str:
    return f'filename="{_quotable(name)}"' if name.isascii() else f"filename*=UTF-8''{quote(name, safe='')}"


def _quotable(name: str) -> str:
    return "".join(char for char in name if char.isprintable() and char not in '"\\')
