"""vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350): FN, EMAIL, and KEY as base64 or as a `data:` URI. 3.0 is written.

Other properties are skipped. No URL is followed. Quoted-printable values of version 2.1, which Outlook writes, have
line ends of their own.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from smime_core.errors import MalformedMessage
from smime_core.text.folded_lines import fold_line, unfold_lines
from smime_core.trust.contacts import Contact
from smime_core.trust.people_files.entries import Entry, EntryDraft

_WHERE: Final = "vCard"
# RFC 6350 section 3.3: an optional group, the name, and parameters, whose values in quotes may have colons.
_PROPERTY: Final = re.compile(rb'(?:[A-Za-z0-9_-]++\.)?([A-Za-z0-9_-]++)((?:[^":]++|"[^"]*+"){0,100}):')
_PARAMETER: Final = re.compile(rb';([A-Za-z0-9_-]++)=("[^"]*+"|[^";]*+)')
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\\,;]")
_URL: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*+:")
_PEM_BEGIN: Final = b"-----BEGIN "
_VERSIONS: Final = (b"2.1", b"3.0", b"4.0")
_QUOTED_PRINTABLE: Final = b"QUOTED-PRINTABLE"
_WIDTH_BYTES: Final = 75


def parse_vcards(data: bytes) -> Iterator[Entry]:
    """The cards of a file. Raises MalformedMessage or LimitExceeded."""
    draft: EntryDraft | None = None
    for card_property in _read_properties(data):
        if card_property.name == b"BEGIN" and card_property.value.strip().upper() == b"VCARD":
            if draft is not None:
                raise MalformedMessage("a card begins inside another one", _WHERE)
            draft = EntryDraft()
        elif draft is None:
            continue
        elif card_property.name == b"END":
            yield draft.finish()
            draft = None
        else:
            _take(draft, card_property)
    if draft is not None:
        raise MalformedMessage("the last card does not end", _WHERE)


def build_vcards(contacts: Sequence[Contact]) -> bytes:
    """Contacts with certificates as cards of version 3.0, which more programs read than 4.0.

    Intermediates are left out.
    """
    return b"".join(line for contact in contacts for line in _card_lines(contact))


class _Property(NamedTuple):
    """A property: name and parameters in upper case, and the value, which is decoded if it was quoted-printable."""

    name: bytes
    parameters: dict[bytes, bytes]
    value: bytes


def _read_properties(data: bytes) -> Iterator[_Property]:
    lines = unfold_lines(data, b" \t")
    for line in lines:
        head = _PROPERTY.match(line)
        if head is None:
            # Skips blank lines, and further lines of a value that a program did not indent as RFC 6350 section 3.2
            # demands.
            continue
        value = line[head.end() :]
        parameters = {name.upper(): text.strip(b'"').upper() for name, text in _PARAMETER.findall(head[2])}
        if _QUOTED_PRINTABLE in head[2].upper():
            # vCard 2.1: a line that ends with "=" continues in the next line, which must not be read as a property.
            pieces = [value]
            while pieces[-1].endswith(b"="):
                pieces.append(next(lines, b""))
            value = binascii.a2b_qp(b"".join(piece.removesuffix(b"=") for piece in pieces))
            parameters[b"ENCODING"] = _QUOTED_PRINTABLE
        yield _Property(head[1].upper(), parameters, value)


def _take(draft: EntryDraft, card_property: _Property) -> None:
    if card_property.name == b"VERSION" and card_property.value.strip() not in _VERSIONS:
        raise MalformedMessage("expected version 2.1, 3.0 or 4.0", _WHERE)
    if card_property.name == b"FN":
        draft.add_name(_unescape(card_property.value))
    elif card_property.name == b"EMAIL":
        draft.add_address(_unescape(card_property.value))
    elif card_property.name == b"KEY":
        _take_key(draft, card_property.parameters, card_property.value.strip())


def _take_key(draft: EntryDraft, parameters: dict[bytes, bytes], value: bytes) -> None:
    if value[:5].lower() == b"data:":
        # RFC 2397. Some programs escape the comma, which RFC 6350 section 4.2 does not allow in a URI.
        head, _, body = value.partition(b",")
        if head.rstrip(b"\\").lower().endswith(b";base64"):
            draft.add_base64_certificate(body)
        else:
            draft.refuse("not-read")
    elif _PEM_BEGIN in value:
        draft.add_certificate(_unescape(value))
    elif _URL.match(value):
        draft.refuse("link")
    elif parameters.get(b"ENCODING") in (None, b"B", b"BASE64"):
        draft.add_base64_certificate(value)
    else:
        draft.refuse("not-read")


def _unescape(value: bytes) -> bytes:
    # RFC 6350 section 3.4.
    return _ESCAPE.sub(lambda escape: b"\n" if escape[1] in b"nN" else escape[1], value)


def _card_lines(contact: Contact) -> Iterator[bytes]:
    name = contact.certificates[0].certificate.common_name
    yield b"BEGIN:VCARD\r\nVERSION:3.0\r\n"
    yield _line("FN", name)
    yield _line("N", name, b";;;;")
    yield _line("EMAIL;TYPE=INTERNET", contact.address)
    for known in contact.certificates:
        key = b"KEY;TYPE=X509;ENCODING=b:" + base64.b64encode(known.certificate.der)
        yield fold_line(key, _WIDTH_BYTES, b"\r\n")
    yield b"END:VCARD\r\n"


def _line(name: str, value: str, end: bytes = b"") -> bytes:
    flat = " ".join(value.splitlines())
    escaped = _SPECIAL.sub(r"\\\g<0>", flat)
    return fold_line(f"{name}:{escaped}".encode() + end, _WIDTH_BYTES, b"\r\n")
