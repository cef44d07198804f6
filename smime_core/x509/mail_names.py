"""The mail addresses in a certificate: rfc822Name, SmtpUTF8Mailbox and emailAddress (RFC 8550 section 3).

Each name is parsed only here. The author check, name constraints and texts for people all use the result, so they all
see the same address. If a name is not a valid address, `address` is None. Such a name proves no sender, and name
constraints refuse it. Leaves out: who may certify a name (`pkix.name_constraints`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.distinguished_name import EMAIL_ADDRESS, find_attribute_values
from smime_core.errors import MalformedMessage
from smime_core.text.mail_address import MailAddress, parse_address

SMTP_UTF8_MAILBOX: Final = "1.3.6.1.5.5.7.8.9"
_OTHER_NAME: Final = 0xA0
_RFC822_NAME: Final = 0x81


@dataclass(frozen=True, slots=True, kw_only=True)
class MailName:
    """One name: its text for people, and its address, or None if it is no address."""

    text: str
    address: MailAddress | None


def find_subject_mail_names(subject_der: bytes) -> tuple[MailName, ...]:
    """The emailAddress attributes of a Name. Raises MalformedMessage."""
    return tuple(_read_ascii(value) for value in find_attribute_values(subject_der, EMAIL_ADDRESS))


def find_alternative_mail_names(alternative_names_der: bytes | None) -> tuple[MailName, ...]:
    """The mail addresses among GeneralNames; empty if the extension is absent. Raises MalformedMessage."""
    if alternative_names_der is None:
        return ()
    names = der.read_sequence(alternative_names_der, where="subjectAltName")
    return tuple(mail_name for mail_name in map(read_mail_name, names) if mail_name is not None)


def read_mail_name(name: Tlv) -> MailName | None:
    """The mail address in a GeneralName, or None for a name of another form. Raises MalformedMessage."""
    if name.tag == _RFC822_NAME:
        return _read_ascii(_decode(name, "ascii"))
    if name.tag != _OTHER_NAME:
        return None
    fields = der.read_children(name, where="otherName")
    if len(fields) != 2 or der.parse_oid(fields[0], where="otherName") != SMTP_UTF8_MAILBOX:
        return None
    return _read_text(_read_utf8(fields[1]))


def _read_utf8(value: Tlv) -> str | None:
    # RFC 9598 section 3: the value is [0] EXPLICIT UTF8String.
    try:
        return _decode(der.expect(der.read_one(value.content), der.UTF8_STRING, where="otherName"), "utf-8")
    except MalformedMessage:
        return None


def _decode(tlv: Tlv, encoding: str) -> str | None:
    try:
        return bytes(tlv.content).decode(encoding)
    except UnicodeDecodeError:
        return None


def _read_ascii(text: str | None) -> MailName:
    # RFC 9598 section 3: an address beyond ASCII is valid as SmtpUTF8Mailbox only. This applies to emailAddress in the
    # subject too, even if the string type there is UTF8String.
    return _read_text(text if text is not None and text.isascii() else None)


def _read_text(text: str | None) -> MailName:
    return MailName(text=text or "", address=None if text is None else parse_address(text))
