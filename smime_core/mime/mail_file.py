"""Files that hold a mail in a special form: with a byte order mark, in UTF-16, or as `.emlx` of Apple Mail.

The mail inside is returned as it was before it was put into the file. Files of other programs that people take for
mails (Outlook's `.msg`, PDF, ASiC) are recognised by their first bytes and refused by name.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.errors import AsicContainer, MalformedMessage, OutlookMessage, PdfFile
from smime_core.text.text_form import find_utf16, to_utf8

MAIL_HEAD_BYTES: Final = 1_024
"""The number of bytes at the start of a file that decide its form."""
_COMPOUND_FILE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_PDF: Final = b"%PDF-"
# ETSI EN 319 162-1 annex A.1: the first file of the ZIP archive is `mimetype`, which is not compressed.
_ASIC: Final = re.compile(rb"PK\x03\x04.{26}mimetype.{0,64}?application/vnd\.etsi\.asic-[es]\+zip", re.DOTALL)
# The first line of an .emlx has the length of the mail in bytes. The mail begins on the next line. A property list of
# Apple Mail follows the mail.
_EMLX: Final = re.compile(rb"[ \t]*+([0-9]{1,15})[ \t]*+\r?\n(?=>?From |[!-9;-~]{1,76}[ \t]*:)")
_PROPERTY_LIST: Final = (b"<?xml", b"<!DOCTYPE plist", b"<plist", b"bplist")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailForm:
    """The place of the mail in its file. `length` is None if the mail ends with the file. `encoding` None is UTF-8."""

    start: int = 0
    length: int | None = None
    encoding: str | None = None


def find_mail_form(head: bytes) -> MailForm:
    """The form of a file, from its first MAIL_HEAD_BYTES. Raises OutlookMessage, PdfFile or AsicContainer."""
    if head.startswith(_COMPOUND_FILE):
        raise OutlookMessage
    if head.lstrip().startswith(_PDF):
        raise PdfFile
    if _ASIC.match(head):
        raise AsicContainer
    encoding = find_utf16(head)
    if encoding is not None:
        return MailForm(encoding=encoding)
    if emlx := _EMLX.match(head):
        return MailForm(start=emlx.end(), length=int(emlx[1]))
    return MailForm(start=len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0)


def check_emlx(length: int, available: int, rest: bytes) -> None:
    """Raise MalformedMessage unless the mail of an .emlx has `length` bytes.

    `available` is the number of bytes after the first line. `rest` are the first bytes after the mail.
    """
    where = ".emlx"
    if length > available:
        raise MalformedMessage(f"its first line announces {length} bytes, {available} follow", where)
    if rest.strip() and not rest.startswith(_PROPERTY_LIST):
        raise MalformedMessage(f"its first line announces {length} bytes, but the mail does not end there", where)


def open_mail_file(data: Buffer) -> Buffer:
    """The mail in a file of any form; `data` itself if it has no special form. Raises the errors of `find_mail_form`.

    Raises MalformedMessage for an .emlx whose number is wrong.
    """
    form = find_mail_form(bytes(data[:MAIL_HEAD_BYTES]))
    if form.encoding is not None:
        return to_utf8(bytes(data))
    if form.length is None:
        return data[form.start :] if form.start else data
    end = form.start + form.length
    check_emlx(form.length, len(data) - form.start, bytes(data[end : end + MAIL_HEAD_BYTES]))
    return data[form.start : end]
