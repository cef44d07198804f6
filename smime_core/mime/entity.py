"""A MIME entity: header section and body, as views of the bytes received (RFC 2045 section 2.4, RFC 5322 section 2.1).

Reading accepts LF line ends, the `From ` line of an mbox file, and data without any header. Only the header section is
copied. The bytes of every part stay as received, so that they can be hashed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.limits import MAX_HEADER_BYTES, MAX_HEADER_FIELDS, check_limit
from smime_core.mime.encoded_words import decode_words
from smime_core.mime.filenames import clean_filename
from smime_core.mime.headers import Headers, parse_headers
from smime_core.mime.parameters import ContentType, parse_content_type, parse_parameterised
from smime_core.mime.transfer import (
    decode_base64_before_footer,
    decode_base64_leniently,
    decode_quoted_printable,
    decode_uuencode,
)

# The `From ` line of an mbox file. `From :` is a From field in an obsolete form (RFC 5322 section 4.5).
_MBOX_LINE: Final = re.compile(rb">?From (?![ \t]*:)[^\n]{0,1000}\n(?=[!-9;-~]{1,200}[ \t]*:)")
_FIELD_START: Final = re.compile(rb"[!-9;-~]{1,1000}[ \t]*:")
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_EMPTY_HEADERS: Final = re.compile(rb"\r?\n")
_CMS_SUBTYPES: Final = frozenset(
    (
        "pkcs7-mime",
        "x-pkcs7-mime",
        "pkcs7-signature",
        "x-pkcs7-signature",
        "x-pkcs7-certificates",
        "cms",  # RFC 7193
    )
)
_OCTET_STREAMS: Final = ("octet-stream", "octetstream", "x-octet-stream")
_CMS_EXTENSIONS: Final = (".p7m", ".p7s", ".p7c", ".p7b", ".p7z")
_UUENCODINGS: Final = ("x-uuencode", "uuencode", "x-uue", "x-uu")
TEXT_ENCODINGS: Final = (*_UUENCODINGS, "quoted-printable")
"""Encodings besides base64 that `decode_body` decodes. A body in any other encoding stays unchanged."""


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """A parsed entity. `encoded` is all of it without an mbox line, `body` the part after the blank line."""

    headers: Headers
    body: memoryview
    encoded: memoryview
    content_type: ContentType
    transfer_encoding: str
    """The value of Content-Transfer-Encoding in lower case, or `7bit` if the field is absent (RFC 2045 section 6.1)."""

    @property
    def disposition(self) -> str:
        """`attachment`, `inline`, or "" (RFC 2183)."""
        return parse_parameterised(self.headers.get_unfolded("Content-Disposition") or "")[0]

    @property
    def filename(self) -> str:
        """The proposed file name, made safe by `clean_filename`, or ""."""
        parameters = parse_parameterised(self.headers.get_unfolded("Content-Disposition") or "")[1]
        proposed = parameters.get("filename") or self.content_type.parameters.get("name", "")
        # Encoded-words are not permitted in parameters (RFC 2047 section 5), but many programs write them there.
        return clean_filename(decode_words(proposed)) if proposed else ""

    @property
    def is_file(self) -> bool:
        """Whether a text part is a file to save, not a text to display. Some programs give inline text a name."""
        # Without a disposition, a text with a name is a file.
        return self.disposition == "attachment" or (self.disposition != "inline" and bool(self.filename))


def parse_entity(data: Buffer, *, default_type: str = "text/plain") -> Entity:
    """Parse `data` as an entity. Any bytes are accepted. `default_type` applies if there is no Content-Type.

    Raises LimitExceeded if the header section is too large.
    """
    encoded = memoryview(data)
    if mbox_line := _MBOX_LINE.match(encoded):
        encoded = encoded[mbox_line.end() :]
    headers_end, body_start = _find_body(encoded)
    check_limit("header section in bytes", headers_end, MAX_HEADER_BYTES)
    headers = parse_headers(encoded[:headers_end])
    check_limit("header fields", len(headers.fields), MAX_HEADER_FIELDS)
    return Entity(
        headers,
        encoded[body_start:],
        encoded,
        parse_content_type(headers.get_unfolded("Content-Type") or default_type),
        parse_parameterised(headers.get_unfolded("Content-Transfer-Encoding") or "")[0] or "7bit",
    )


def decode_body(entity: Entity) -> Buffer:
    """The body without its transfer encoding.

    Raises MalformedMessage for damaged base64 in a CMS body. Lines that a mailing list added after the base64 are left
    out. Other bodies are decoded as far as possible.
    """
    if entity.transfer_encoding == "base64":
        is_cms = looks_like_cms_part(entity)
        return decode_base64_before_footer(entity.body) if is_cms else decode_base64_leniently(entity.body)
    if entity.transfer_encoding in _UUENCODINGS:
        return decode_uuencode(entity.body)
    if entity.transfer_encoding == "quoted-printable":
        return decode_quoted_printable(entity.body)
    return entity.body


def looks_like_cms_part(entity: Entity) -> bool:
    """Whether type or file name announce CMS. This is a hint; the OID inside decides (RFC 8551 sections 3.2.1, 3.9)."""
    if entity.content_type.type != "application":
        return False
    subtype = entity.content_type.subtype
    return subtype in _CMS_SUBTYPES or (is_octet_stream(entity) and entity.filename.lower().endswith(_CMS_EXTENSIONS))


def is_octet_stream(entity: Entity) -> bool:
    """Whether the type is unspecific. Outlook and gateways send CMS with such a type."""
    return entity.content_type.type == "application" and entity.content_type.subtype in _OCTET_STREAMS


def _find_body(encoded: memoryview) -> tuple[int, int]:
    # Returns (end of the header section, start of the body).
    if empty := _EMPTY_HEADERS.match(encoded):
        return 0, empty.end()
    if not _FIELD_START.match(encoded):
        return 0, 0  # Text without any header, such as a bare part or a file.
    blank = _BLANK_LINE.search(encoded, 0, MAX_HEADER_BYTES + 3)
    return (blank.start() + 1, blank.end()) if blank else (len(encoded), len(encoded))
