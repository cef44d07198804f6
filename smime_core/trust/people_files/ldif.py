"""LDIF (RFC 2849): entries of a directory with `userCertificate` (RFC 4523) and `userSMIMECertificate` (RFC 2798).

Other attributes are skipped. A value that is named by a URL is not fetched. A file that changes a directory is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from smime_core.cms.certificates_only import build_certificates_only
from smime_core.errors import MalformedMessage
from smime_core.text.folded_lines import unfold_lines
from smime_core.text.ldif_lines import build_binary_ldif_line, build_ldif_line, escape_dn_value
from smime_core.trust.contacts import Contact
from smime_core.trust.people_files.entries import Entry, EntryDraft, decode_base64

_WHERE: Final = "LDIF"
_NAMES: Final = (b"cn", b"displayname")
# RFC 4524 section 2.16 calls the same attribute `mail` and `rfc822Mailbox`. Thunderbird writes the second address as
# `mozillaSecondEmail`.
_ADDRESSES: Final = (b"mail", b"rfc822mailbox", b"mozillasecondemail")
_CERTIFICATES: Final = (b"usercertificate", b"usersmimecertificate", b"cacertificate")
_CHANGES: Final = (b"changetype", b"control")
_WANTED: Final = frozenset((*_NAMES, *_ADDRESSES, *_CERTIFICATES, *_CHANGES))


def parse_ldif(data: bytes) -> Iterator[Entry]:
    """The entries of a file. Blocks without a `dn`, as in the output of `ldapsearch`, are no entries.

    Raises MalformedMessage, also for a change record, or LimitExceeded.
    """
    draft: EntryDraft | None = None
    for line in unfold_lines(data, b" "):
        if not line:
            if draft is not None:
                yield draft.finish()
            draft = None
            continue
        if line.startswith(b"#"):
            continue
        description, separator, value = line.partition(b":")
        if not separator:
            raise MalformedMessage("a line has no colon", _WHERE)
        attribute = description.partition(b";")[0].lower()
        if attribute == b"dn" and draft is None:
            draft = EntryDraft()
        elif draft is not None and attribute in _WANTED:
            _take(draft, attribute, value)
    if draft is not None:
        yield draft.finish()


def build_ldif(contacts: Sequence[Contact]) -> bytes:
    """Contacts with certificates as entries of class `inetOrgPerson`.

    A certificate that has intermediates is written with them as `userSMIMECertificate` too.
    """
    return b"version: 1\n" + b"".join(b"\n" + b"".join(_entry_lines(contact)) for contact in contacts)


def _take(draft: EntryDraft, attribute: bytes, value: bytes) -> None:
    if attribute in _CHANGES:
        # RFC 2849: a record with `changetype` or `control` is a change, and its certificates may be certificates to
        # delete.
        raise MalformedMessage("it changes a directory. Expected entries, as a search or an export writes them", _WHERE)
    if attribute in _CERTIFICATES:
        _take_certificate(draft, value)
    elif not value.startswith(b"<"):
        octets = decode_base64(value[1:], _WHERE) if value.startswith(b":") else value.lstrip(b" ")
        (draft.add_name if attribute in _NAMES else draft.add_address)(octets)


def _take_certificate(draft: EntryDraft, value: bytes) -> None:
    if value.startswith(b":"):
        draft.add_base64_certificate(value[1:])
    else:
        # LDIF cannot have a certificate as plain text, so this value is a URL or damaged.
        draft.refuse("link" if value.startswith(b"<") else "not-read")


def _entry_lines(contact: Contact) -> Iterator[bytes]:
    name = contact.certificates[0].certificate.common_name
    yield build_ldif_line("dn", f"mail={escape_dn_value(contact.address)}")
    yield b"objectClass: inetOrgPerson\n"
    # RFC 4519 section 3.12: a person must have `cn` and `sn`.
    yield build_ldif_line("cn", name)
    yield build_ldif_line("sn", name)
    yield build_ldif_line("mail", contact.address)
    for known in contact.certificates:
        yield build_binary_ldif_line("userCertificate;binary", known.certificate.der)
    for known in contact.certificates:
        if known.intermediates:
            together = build_certificates_only((known.certificate, *known.intermediates))
            yield build_binary_ldif_line("userSMIMECertificate;binary", together)
