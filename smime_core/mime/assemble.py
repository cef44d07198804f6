"""Split messages before protection, and build messages around CMS (RFC 8551 sections 3.1, 3.2, 3.5; RFC 1847).

`split_message` separates the headers that stay outside from the entity to sign or encrypt. `build_signed` and
`build_pkcs7_mime` build the message to send. `join_message` builds the message to read, after decryption.
"""

from __future__ import annotations

import re
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage
from smime_core.mime.canonical import EMBEDDED_MESSAGES
from smime_core.mime.changes import Preparation
from smime_core.mime.entity import parse_entity
from smime_core.mime.headers import Field, Headers
from smime_core.mime.mail_file import open_mail_file
from smime_core.mime.parameters import parse_parameterised
from smime_core.mime.preparation_scan import prepare
from smime_core.mime.transfer import encode_base64

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_MAX_NAME_LENGTH: Final = 997
_TOKEN: Final = re.compile(r"[0-9A-Za-z.-]+")
_PREAMBLE: Final = b"This is a signed S/MIME message.\r\n"
# Fields of RFC 5322 section 3.6 that only the author writes, except From, which every message needs.
_AUTHORS_FIELDS: Final = frozenset(
    (
        "sender",
        "reply-to",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "keywords",
        "comments",
    )
)
# File names by smime-type (RFC 8551 section 3.2.1). All other types have the name smime.p7m.
_FILENAMES: Final = {"certs-only": "smime.p7c", "compressed-data": "smime.p7z"}


def split_message(message: Buffer, preparation: Preparation = Preparation.SEVEN_BIT) -> tuple[bytes, bytes]:
    """Returns (fields that stay outside, inner entity to protect). Both are canonical. The entity is fit for 7-bit.

    For an entity to encrypt, Preparation.CANONICAL is enough. The entity has the Content-* fields. MIME-Version is in
    neither; the function that builds the message adds it. Raises LimitExceeded, MalformedMessage for damaged base64 of
    CMS, and the errors of `open_mail_file`.
    """
    entity = parse_entity(open_mail_file(message))
    is_ascii = names_type(entity.headers) or bytes(entity.body).isascii()
    head = inner_headers_of(entity.headers, body_is_ascii=is_ascii)
    return outer_headers_of(entity.headers), prepare(b"".join([head, b"\r\n", entity.body]), preparation)


def names_type(headers: Headers) -> bool:
    """Whether there is a Content-Type with a value."""
    return any(field.unfolded for field in headers.find("Content-Type"))


def inner_headers_of(headers: Headers, *, body_is_ascii: bool) -> bytes:
    """The Content-* fields that have a value, canonical.

    If no field names a type, the body is text, and `body_is_ascii` decides on its charset. Fields whose name does not
    fit in a line are left out (RFC 5322 section 2.1.1). If the whole body is a message, it is marked as forwarded.
    Otherwise readers would take it for the wrapped message itself (RFC 8551 section 3.1).
    """
    fields = [field for field in headers.fields if len(field.name) <= _MAX_NAME_LENGTH and field.unfolded]
    inner = [_mark_forwarded(field) for field in fields if field.name.lower().startswith("content-")]
    if not names_type(headers):
        inner.insert(0, b"Content-Type: text/plain; charset=%b\r\n" % (b"us-ascii" if body_is_ascii else b"utf-8"))
        if not body_is_ascii and not headers.find("Content-Transfer-Encoding"):
            inner.append(b"Content-Transfer-Encoding: 8bit\r\n")
    return b"".join(inner)


def _mark_forwarded(field: Field) -> bytes:
    line = _whole_line(field)
    if field.name.lower() != "content-type":
        return line
    kind, parameters = parse_parameterised(field.unfolded)
    is_marked = kind.lower() not in EMBEDDED_MESSAGES or "forwarded" in parameters
    return line if is_marked else line.rstrip(b"; \t\r\n") + b"; forwarded=yes\r\n"


def join_message(outer_headers: bytes, entity: Buffer) -> bytes:
    """The message from the inner entity and the outer fields: the reverse of `split_message`.

    If a field is in both, it comes from the entity if the entity marks its header as protected (RFC 9788 section 2.1,
    `hp=`). Otherwise it comes from the outer fields. With a protected header, an author's field that is only outside is
    left out, because anybody may have added it.
    """
    inner = parse_entity(entity)
    outer_fields = parse_entity(outer_headers + b"\r\n").headers.fields
    inner_fields = [field for field in inner.headers.fields if field.name.lower() != "mime-version"]
    if inner.content_type.parameters.get("hp", "").lower() in ("clear", "cipher"):
        outer_fields = tuple(
            field for field in _without(outer_fields, inner_fields) if field.name.lower() not in _AUTHORS_FIELDS
        )
        inner_fields = [field for field in inner_fields if field.name.lower() != "hp-outer"]
    else:
        inner_fields = list(_without(inner_fields, outer_fields))
    lines = [_whole_line(field) for field in (*outer_fields, *inner_fields) if field.name.lower() != "mime-version"]
    return b"".join([*lines, b"MIME-Version: 1.0\r\n\r\n", inner.body])


def build_signed(outer_headers: bytes, inner_entity: bytes, signature_der: bytes, micalg: str, boundary: str) -> bytes:
    """A message with a multipart/signed body whose first part is `inner_entity`, unchanged (RFC 8551 section 3.5.3).

    The caller makes `boundary` from random bytes. Raises MalformedMessage if the boundary occurs in the entity.
    """
    if not _BOUNDARY.fullmatch(boundary) or not all(map(_TOKEN.fullmatch, micalg.split(","))):
        raise MalformedMessage("boundary or micalg have characters that do not belong there", where="Content-Type")
    delimiter = b"\r\n--" + boundary.encode("ascii")
    if delimiter[2:] in inner_entity:
        raise MalformedMessage("the boundary appears in the signed content", where="boundary")
    head = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        f' micalg={micalg if "," not in micalg else chr(34) + micalg + chr(34)};\r\n boundary="{boundary}"\r\n\r\n'
    )
    signature_head = (
        b'\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="smime.p7s"\r\nContent-Description: S/MIME signature\r\n\r\n'
    )
    first_part = (_PREAMBLE, delimiter, b"\r\n", inner_entity)
    signature = (delimiter, signature_head, encode_base64(signature_der)[:-2], delimiter, b"--\r\n")
    return b"".join((outer_headers, head.encode("ascii"), *first_part, *signature))


def build_pkcs7_mime(outer_headers: bytes, cms_der: Buffer, smime_type: str) -> bytes:
    """A message whose body is application/pkcs7-mime in base64 (RFC 8551 section 3.2; `smime_type`: section 3.2.2)."""
    if not _TOKEN.fullmatch(smime_type):
        raise MalformedMessage("a smime-type of letters and hyphens is expected", where="Content-Type")
    name = _FILENAMES.get(smime_type, "smime.p7m")
    head = (
        f'MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name="{name}";\r\n smime-type={smime_type}\r\n'
        f'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return b"".join((outer_headers, head.encode("ascii"), encode_base64(cms_der)))


def outer_headers_of(headers: Headers) -> bytes:
    """The fields that stay outside: all except Content-* and MIME-Version, canonical, as in `split_message`."""
    return b"".join(_whole_line(field) for field in headers.fields if not field.describes_body)


def _whole_line(field: Field) -> bytes:
    # A lone CR becomes a space. If it became a line end, the text after it would be a new field.
    lines = field.encoded.rstrip(b"\r\n").replace(b"\r\n", b"\n").replace(b"\r", b" ")
    return lines.replace(b"\n", b"\r\n") + b"\r\n"


def _without(fields: tuple[Field, ...] | list[Field], others: tuple[Field, ...] | list[Field]) -> tuple[Field, ...]:
    names = {field.name.lower() for field in others}
    return tuple(field for field in fields if field.name.lower() not in names)
