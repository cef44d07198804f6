"""The readable form of a MIME entity: its text, its attachments, its header fields (RFC 2045 to 2047, 2183).

The text of an alternative is its plain form. If there is only HTML, its text is extracted. Views that display each part
by itself use the passages: the parts that the text comes from, with their HTML as sent. Embedded messages and CMS parts
stay attachments, because content is never joined across a cryptographic boundary. Damaged parts are read as far as
possible; the number and the depth of parts are limited.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from smime_core.asn1.der import Buffer
from smime_core.limits import MAX_MIME_DEPTH, MAX_MIME_PARTS, check_limit
from smime_core.mail.html_text import MAX_HTML_CHARACTERS, extract_text
from smime_core.mail.legacy_display import is_legacy_display, without_legacy_display
from smime_core.mime.attachment import Attachment
from smime_core.mime.canonical import has_parts
from smime_core.mime.charset import decode_text
from smime_core.mime.entity import Entity, decode_body, parse_entity
from smime_core.mime.headers import Headers
from smime_core.mime.multipart import parse_parts
from smime_core.mime.transfer import decode_base64_leniently

_FALLBACK_NAMES: Final = {
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
    "text/html": "message.html",
    "text/calendar": "invitation.ics",
    "application/pdf": "document.pdf",
    "application/zip": "archive.zip",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
}
# File names by the first half of a media type. Pictures and recordings inside a text often have no name.
_FALLBACK_STEMS: Final = {"image": "picture", "audio": "sound", "video": "video"}
_ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/svg+xml": ".svg",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/quicktime": ".mov",
}


class Passage(NamedTuple):
    """One part with text, in reading order.

    `path` counts parts from 1 as IMAP does ("1.2"), "" for the whole entity. `text` has LF line ends. `html` is the
    part's markup as sent, decoded but not sanitised, or None.
    """

    path: str
    text: str
    html: str | None = None


class ReadableEntity(NamedTuple):
    """The readable form of an entity. `text` has LF line ends; `headers` are the entity's fields, decoded, in order."""

    text: str
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]
    passages: tuple[Passage, ...] = ()


class _Shown(NamedTuple):
    # The text, files and passages of one entity. `is_plain` means that none of its text was extracted from HTML.
    text: str = ""
    is_plain: bool = True
    attachments: tuple[Attachment, ...] = ()
    passages: tuple[Passage, ...] = ()


def read_entity(entity_bytes: Buffer) -> ReadableEntity:
    """Parse all readable content of the entity. Raises LimitExceeded for too many parts or too deep nesting."""
    return _read(parse_entity(entity_bytes), _PartReader())


def read_encrypted_payload(entity_bytes: Buffer) -> ReadableEntity:
    """Like `read_entity`, for the content of an encrypted layer.

    Leaves out the copy of the header fields that the main text has for older programs (RFC 9788 section 4.5.3), and
    nothing else. Raises LimitExceeded.
    """
    entity = parse_entity(entity_bytes)
    hides = _is_for_encryption(entity) or entity.content_type.parameters.get("protected-headers") == "v1"
    return _read(entity, _PartReader(copied=entity.headers if hides else None))


def read_payload(entity_bytes: Buffer, *, encrypted: bool) -> ReadableEntity:
    """The readable content of a message: `read_encrypted_payload` if it is or was encrypted, else `read_entity`.

    A message that was decrypted and then kept or forwarded still has the mark `hp="cipher"` and the copy. Raises
    LimitExceeded.
    """
    was_encrypted = encrypted or _is_for_encryption(parse_entity(entity_bytes))
    return (read_encrypted_payload if was_encrypted else read_entity)(entity_bytes)


def _is_for_encryption(entity: Entity) -> bool:
    return entity.content_type.parameters.get("hp", "").lower() == "cipher"


def _read(entity: Entity, walk: _PartReader) -> ReadableEntity:
    shown = walk.read(entity, "", 0)
    headers = tuple((field.name, field.text) for field in entity.headers.fields)
    return ReadableEntity(shown.text, shown.attachments, headers, shown.passages)


class _PartReader:
    """Reads a tree of parts and counts the parts. Leaves out copies of the header fields in `copied`."""

    def __init__(self, *, copied: Headers | None = None) -> None:
        self._parts = 0
        self._copied = copied

    def read(self, entity: Entity, path: str, depth: int) -> _Shown:
        check_limit("MIME depth", depth, MAX_MIME_DEPTH)
        self._parts += 1
        check_limit("MIME parts", self._parts, MAX_MIME_PARTS)
        if has_parts(entity) and (parts := parse_parts(entity)):
            prefix = f"{path}." if path else ""
            numbered = [(f"{prefix}{number}", part) for number, part in enumerate(parts, start=1)]
            if self._copied is not None and len(parts) > 1 and is_legacy_display(parts[0], self._copied):
                numbered = numbered[1:]
            shown = [self.read(part, number, depth + 1) for number, part in numbered]
            return _choose(shown) if entity.content_type.subtype == "alternative" else _join(shown)
        return _read_leaf(entity, path, copied=self._copied)


def _join(parts: list[_Shown]) -> _Shown:
    return _Shown(
        "\n\n".join(part.text for part in parts if part.text.strip()),
        all(part.is_plain for part in parts),
        tuple(attachment for part in parts for attachment in part.attachments),
        tuple(passage for part in parts for passage in part.passages),
    )


def _choose(alternatives: list[_Shown]) -> _Shown:
    # RFC 2046 section 5.1.4 puts the richest form last. The text comes from the first plain form, the HTML from the
    # last form that has any. The files of all alternatives are kept, because some programs put files there.
    written = [shown for shown in alternatives if shown.text.strip()]
    plain = [shown for shown in written if shown.is_plain]
    chosen = (plain[:1] or written[-1:] or [_Shown()])[0]
    rich = [shown for shown in alternatives if any(passage.html is not None for passage in shown.passages)]
    passages = (rich[-1:] or [chosen])[0].passages
    return _Shown(chosen.text, chosen.is_plain, _join(alternatives).attachments, passages)


def _read_leaf(entity: Entity, path: str, *, copied: Headers | None) -> _Shown:
    media_type = entity.content_type.media_type
    if media_type in ("text/plain", "text/html") and not entity.is_file:
        text = decode_text(decode_body(entity), entity.content_type.parameters.get("charset", ""))
        if copied is not None:
            text = without_legacy_display(text, entity.content_type, copied)
        if media_type == "text/plain":
            return _show_text(_normalise(text), path)
        if len(text) <= MAX_HTML_CHARACTERS:
            markup = text.replace("\0", "")
            extracted = extract_text(markup)
            return _Shown(extracted, is_plain=False, passages=(Passage(path, extracted, markup),))
    if entity.content_type.type == "multipart":
        # The body of a multipart without a usable boundary is displayed as it is.
        return _show_text(_normalise(decode_text(entity.body)), path)
    return _Shown(attachments=(_read_attachment(entity, path),))


def _show_text(text: str, path: str) -> _Shown:
    return _Shown(text, passages=(Passage(path, text),) if text.strip() else ())


def _read_attachment(entity: Entity, path: str) -> Attachment:
    media_type = entity.content_type.media_type
    # A damaged CMS part is still offered as a file. The error appears when that file is examined.
    is_base64 = entity.transfer_encoding == "base64"
    data = decode_base64_leniently(entity.body) if is_base64 else bytes(decode_body(entity))
    return Attachment(
        filename=entity.filename or _fallback_name(media_type),
        content_type=media_type,
        data=data,
        path=path,
        content_id=_content_id(entity),
    )


def _fallback_name(media_type: str) -> str:
    """A name for a file that has none. It shows people and programs the kind of content."""
    stem = _FALLBACK_STEMS.get(media_type.partition("/")[0], "attachment")
    return _FALLBACK_NAMES.get(media_type) or stem + _ENDINGS.get(media_type, "")


def _content_id(entity: Entity) -> str:
    return (entity.headers.get_unfolded("Content-ID") or "").strip().removeprefix("<").removesuffix(">")


def _normalise(text: str) -> str:
    # The last line end belongs to the mail, not to the writer's text.
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}").removesuffix("\n")
