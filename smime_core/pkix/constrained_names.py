"""The names of a certificate that name constraints apply to (RFC 5280 section 4.2.1.10, RFC 9598 section 6).

Each name has a form, and a value in comparable form. SmtpUTF8Mailbox and the emailAddress of the subject count as
rfc822Name. Our own rule, stricter than the RFC: the emailAddress counts even if there is a subjectAltName.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.distinguished_name import ComparableName, comparable_name
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_HOST_CHARACTERS
from smime_core.pkix.extensions import find_extension
from smime_core.text.domain_name import find_a_labels
from smime_core.text.mail_address import MailAddress
from smime_core.x509.certificate import SUBJECT_ALT_NAME, Certificate
from smime_core.x509.mail_names import MailName, find_subject_mail_names, read_mail_name

RFC822_NAME: Final = "rfc822Name"
DNS_NAME: Final = "dNSName"
DIRECTORY_NAME: Final = "directoryName"
URI: Final = "uniformResourceIdentifier"
IP_ADDRESS: Final = "iPAddress"
OTHER_NAME: Final = "otherName"
_FORMS: Final = {
    0xA0: OTHER_NAME,
    0x81: RFC822_NAME,
    0x82: DNS_NAME,
    0xA3: "x400Address",
    0xA4: DIRECTORY_NAME,
    0xA5: "ediPartyName",
    0x86: URI,
    0x87: IP_ADDRESS,
    0x88: "registeredID",
}
_OTHER_NAME: Final = 0xA0
_AUTHORITY: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstrainedName:
    """One name: `value` is a MailAddress, a host, a ComparableName or the bytes of an IP address.

    `value` is None if the name is damaged, if its form is not compared, or if it is a mail address whose domain is an
    IP address. For an otherName, `form` includes the type.
    """

    form: str
    value: MailAddress | str | ComparableName | bytes | None
    text: str = ""


def find_constrained_names(certificate: Certificate) -> tuple[ConstrainedName, ...]:
    """The subject if it is not empty, its mail addresses, and all names of subjectAltName. Raises MalformedMessage."""
    extension = find_extension(certificate, SUBJECT_ALT_NAME)
    return read_constrained_names(certificate.subject_der, None if extension is None else extension.value)


def read_constrained_names(subject_der: bytes, alternative_names_der: bytes | None) -> tuple[ConstrainedName, ...]:
    """The names of a subject and of a subjectAltName (None if it is absent), as `find_constrained_names` returns them.

    Raises MalformedMessage.
    """
    names: list[ConstrainedName] = []
    subject = comparable_name(subject_der)
    if subject:
        names.append(ConstrainedName(form=DIRECTORY_NAME, value=subject, text="its subject"))
    names += map(_mail_name, find_subject_mail_names(subject_der))
    if alternative_names_der is None:
        return tuple(names)
    for name in der.read_sequence(alternative_names_der, where="subjectAltName"):
        names.append(_read_name(name))
        if name.tag == _OTHER_NAME:
            names.append(ConstrainedName(form=form_of(name), value=None, text="an otherName"))
    return tuple(names)


def form_of(name: Tlv) -> str:
    """The form of a GeneralName, followed by the type if it is an otherName. Raises MalformedMessage."""
    form = _FORMS.get(name.tag)
    if form is None:
        raise MalformedMessage(f"tag 0x{name.tag:02x} is no form of a name", where="GeneralName")
    return f"{form} {_other_name_type(name)}" if form == OTHER_NAME else form


def _read_name(name: Tlv) -> ConstrainedName:
    form = form_of(name)
    mail_name = read_mail_name(name)
    if mail_name is not None:
        return _mail_name(mail_name)
    if form == DIRECTORY_NAME:
        directory = comparable_name(bytes(der.read_one(name.content, where=form).encoded))
        return ConstrainedName(form=form, value=directory, text="a directory name")
    if form == IP_ADDRESS:
        octets = bytes(name.content)
        return ConstrainedName(form=form, value=octets if len(octets) in (4, 16) else None, text=octets.hex())
    text = (_ascii(name) if form in (DNS_NAME, URI) else None) or ""
    host = normal_host(text) if form == DNS_NAME else _host_of(text)
    return ConstrainedName(form=form, value=host, text=text)


def _other_name_type(name: Tlv) -> str:
    fields = der.expect_count(der.read_children(name, where=OTHER_NAME), OTHER_NAME, 2)
    return der.parse_oid(fields[0], where=OTHER_NAME)


def _ascii(name: Tlv) -> str | None:
    try:
        return bytes(name.content).decode("ascii")
    except UnicodeDecodeError:
        return None


def _mail_name(name: MailName) -> ConstrainedName:
    address = name.address
    # RFC 5280 section 4.2.1.10: constraints on mail addresses name hosts, not IP addresses.
    value = None if address is None or address.is_literal else address
    return ConstrainedName(form=RFC822_NAME, value=value, text=name.text)


def normal_host(text: str) -> str | None:
    """A host in lower case and A-labels (RFC 9549 section 2.2). Returns None if the text is no host."""
    host = find_a_labels(text.removesuffix("."))
    if host is None:
        return None
    labels = host.split(".")
    is_text = len(host) <= MAX_HOST_CHARACTERS and not set(host) & set(" @/[]\x00")
    # If the last label consists of digits, the text is an IP address. Constraints on hosts do not cover IP addresses.
    return host if is_text and all(labels) and not labels[-1].isdigit() else None


def _host_of(uri: str) -> str | None:
    # Constraints apply to the host only. A URI without a host, or with an IP address instead, has no value to compare,
    # so any constraint on URIs refuses it.
    match = _AUTHORITY.match(uri)
    if match is None:
        return None
    host = match[1].rpartition("@")[2].partition(":")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None if host.startswith("[") else normal_host(host)
    return None
