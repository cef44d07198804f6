"""vCard 3.0 (RFC 2426) and 4.0 (RFC 6350): FN, EMAIL, and KEY as base64 or as a `data:` URI. Version 3.0 is written.

Other properties are skipped. No URL is followed. Version 2.1 is refused, because its quoted-printable values are folded
in another way, so that the rest of a value could be taken for a property.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Final

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
_VERSIONS: Final = (b"3.0", b"4.0")
_WIDTH_BYTES: Final = 75


def parse_vcards(data: bytes) -> Iterator[Entry]:
    """The cards of a file. Raises MalformedMessage or LimitExceeded."""
    draft: EntryDraft | None = None
    for line in unfold_lines(data, b" \t"):
        found = _PROPERTY.match(line)
        if found is None:
            # Blank lines, and the values of programs that do not fold them.
            continue
        name, value = found[1].upper(), line[found.end() :]
        if name == b"BEGIN" and value.strip().upper() == b"VCARD":
            if draft is not None:
                raise MalformedMessage("a card begins inside another one", _WHERE)
            draft = EntryDraft()
        elif draft is None:
            continue
        elif name == b"END":
            yield draft.finish()
            draft = None
        else:
            _take(draft, name, found[2], value)
    if draft is not None:
        raise MalformedMessage("the last card does not end", _WHERE)


def build_vcards(contacts: Sequence[Contact]) -> bytes:
    """Contacts with certificates as cards of version 3.0, which more programs read than 4.0.

    Intermediates are left out.
    """
    return b"".join(line for contact in contacts for line in _card_lines(contact))


def _take(draft: EntryDraft, name: bytes, parameters: bytes, value: bytes) -> None:
    if b"QUOTED-PRINTABLE" in parameters.upper() or (name == b"VERSION" and value.strip() not in _VERSIONS):
        raise MalformedMessage("expected version 3.0 or 4.0. Export the contacts again in one of these", _WHERE)
    if name == b"FN":
        draft.add_name(_unescape(value))
    elif name == b"EMAIL":
        draft.add_address(_unescape(value))
    elif name == b"KEY":
        _take_key(draft, {key.upper(): text.strip(b'"').upper() for key, text in _PARAMETER.findall(parameters)}, value)


def _take_key(draft: EntryDraft, parameters: dict[bytes, bytes], value: bytes) -> None:
    value = value.strip()
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
    return _ESCAPE.sub(lambda found: b"\n" if found[1] in b"nN" else found[1], value)


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
