"""One certificate as a page for people: owner, validity, uses, issuer, and values to compare.

The command, the pages and the extension show the same rows. Nothing is judged here: trust and revocation are shown only
if the caller passes them. An extension that cannot be read is shown as unreadable.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Callable
from typing import Final, NamedTuple

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.distinguished_name import name_text
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.pkix import RevocationStatus, TrustAnchor
from smime_core.pkix.extensions import CERTIFICATE_POLICIES, NAME_CONSTRAINTS, find_extension
from smime_core.pkix.policies import parse_certificate_policies
from smime_core.pkix.trust import ANY_POLICY
from smime_core.report.certificate_text import fingerprint_text, key_label
from smime_core.report.path_tree import revocation_text, trust_text
from smime_core.text.times import utc_text
from smime_core.x509.certificate import ANY_EXTENDED_KEY_USAGE, EMAIL_PROTECTION, Certificate, KeyUsage
from smime_core.x509.distribution_points import (
    ACCESS_CA_ISSUERS,
    ACCESS_OCSP,
    find_access_urls,
    find_urls,
    parse_distribution_points,
)

_SHOWN_VALUES: Final = 50  # Values shown in one row. A government's authority may have hundreds of constraints.
_USAGES: Final = {
    KeyUsage.DIGITAL_SIGNATURE: "signing",
    KeyUsage.NON_REPUDIATION: "signing what binds its owner",
    KeyUsage.KEY_ENCIPHERMENT: "receiving encrypted mail",
    KeyUsage.DATA_ENCIPHERMENT: "encrypting data itself",
    KeyUsage.KEY_AGREEMENT: "receiving encrypted mail by key agreement",
    KeyUsage.KEY_CERT_SIGN: "issuing certificates",
    KeyUsage.CRL_SIGN: "signing revocation lists",
    KeyUsage.ENCIPHER_ONLY: "key agreement for encrypting only",
    KeyUsage.DECIPHER_ONLY: "key agreement for decrypting only",
}
_PURPOSES: Final = {
    EMAIL_PROTECTION: ("mail", "e-mail"),
    ANY_EXTENDED_KEY_USAGE: ("any", "any purpose"),
    "1.3.6.1.5.5.7.3.1": ("servers", "servers"),
    "1.3.6.1.5.5.7.3.2": ("logging-in", "logging in"),
    "1.3.6.1.5.5.7.3.3": ("programs", "programs"),
    "1.3.6.1.5.5.7.3.8": ("timestamps", "timestamps"),
    "1.3.6.1.5.5.7.3.9": ("ocsp", "answers on revocation (OCSP)"),
    "1.3.6.1.5.5.7.3.36": ("documents", "signing documents"),
    "1.3.6.1.4.1.311.20.2.2": ("smart-card", "logging in by smart card"),
    "1.3.6.1.4.1.311.10.3.12": ("documents", "signing documents"),
}
_VALIDATED: Final = {
    "mailbox": "mailbox checked",
    "organisation": "organisation checked",
    "sponsor": "sponsored person",
    "individual": "person checked",
}
# The reserved policies of the S/MIME Baseline Requirements, section 7.1.6.1.
_POLICIES: Final = {
    f"2.23.140.1.5.{kind}.{generation}": (who, profile)
    for kind, who in enumerate(_VALIDATED, 1)
    for generation, profile in enumerate(("legacy", "multipurpose", "strict"), 1)
}
_CONSTRAINT_WORDS: Final = {0xA0: "only", 0xA1: "never"}
_NAME_KINDS: Final = {
    "directory": "",
    "mail": "mail of",
    "host": "host",
    "address": "address",
    "network": "network",
    "other": "a name of another form:",
}


class PageValue(NamedTuple):
    """One value of a row: `text` in English, and for other languages `code` and `values`.

    `code` names a translated text, which has gaps for `values`. A name, a number or an address is the same in every
    language and has no code.
    """

    text: str
    code: str = ""
    values: tuple[tuple[str, str], ...] = ()


class PageRow(NamedTuple):
    """One row: a stable `code`, its name for people, and at least one value."""

    code: str
    label: str
    values: tuple[PageValue, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The values in English."""
        return tuple(value.text for value in self.values)


class CertificatePage(NamedTuple):
    """The page of one certificate. `title` is a name for people. Rows without values are left out."""

    title: str
    rows: tuple[PageRow, ...]


def describe_certificate(
    certificate: Certificate, *, anchor: TrustAnchor | None = None, revocation: RevocationStatus | None = None
) -> CertificatePage:
    """The page of a certificate. `anchor` and `revocation` add its trust and its status, if known."""
    status = _plain(revocation_text(revocation)) if revocation else ()
    # People compare this value with printed fingerprints. No check uses it.
    sha1 = hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest()
    rows = (
        PageRow(code="subject", label="belongs to", values=_plain(certificate.subject)),
        PageRow(code="addresses", label="addresses", values=_plain(*certificate.email_addresses)),
        PageRow(code="issuer", label="issued by", values=_issuer(certificate)),
        PageRow(code="not-before", label="valid from", values=_moment(certificate.not_before)),
        PageRow(code="not-after", label="valid until", values=_moment(certificate.not_after)),
        PageRow(code="trust", label="trust", values=_plain(trust_text(anchor)) if anchor else ()),
        PageRow(code="revocation", label="revocation", values=status),
        PageRow(code="uses", label="for", values=_uses(certificate)),
        PageRow(code="purposes", label="purposes", values=tuple(map(_purpose, certificate.extended_key_usage or ()))),
        PageRow(code="authority", label="authority", values=_authority(certificate)),
        PageRow(code="constraints", label="may vouch for", values=_read(lambda: _constraints(certificate))),
        PageRow(code="policies", label="policies", values=_read(lambda: _policies(certificate))),
        PageRow(code="revocation-asked", label="revocation is asked at", values=_read(lambda: _asked(certificate))),
        PageRow(code="issuer-found", label="issuer is found at", values=_read(lambda: _issuer_urls(certificate))),
        PageRow(code="key", label="key", values=_plain(key_label(certificate.public_key))),
        PageRow(code="serial-number", label="serial number", values=_plain(f"{certificate.serial_number:x}")),
        PageRow(code="sha256", label="SHA-256", values=_plain(fingerprint_text(certificate.fingerprint))),
        PageRow(code="sha1", label="SHA-1", values=_plain(fingerprint_text(sha1))),
    )
    return CertificatePage(title=certificate.common_name, rows=tuple(row for row in rows if row.values))


def page_to_json(page: CertificatePage) -> dict[str, object]:
    """The page as JSON values: `{"title", "rows": [{"code", "label", "values": [{"text", "code", "values"}]}]}`."""
    rows = [
        {"code": row.code, "label": row.label, "values": [_value_to_json(value) for value in row.values]}
        for row in page.rows
    ]
    return {"title": page.title, "rows": rows}


def _value_to_json(value: PageValue) -> dict[str, object]:
    return {"text": value.text, "code": value.code, "values": dict(value.values)}


def _plain(*texts: str) -> tuple[PageValue, ...]:
    return tuple(PageValue(text=text) for text in texts if text)


def _said(code: str, text: str, **values: str) -> PageValue:
    return PageValue(text=text, code=code, values=tuple(values.items()))


def _moment(time: datetime.datetime) -> tuple[PageValue, ...]:
    return (_said("moment", f"{time:%Y-%m-%d %H:%M:%S} UTC", time=utc_text(time)),)


def _read(values: Callable[[], tuple[PageValue, ...]]) -> tuple[PageValue, ...]:
    try:
        page_values = values()
    except SmimeError as error:
        return (_said("unreadable", f"unreadable: {error}", detail=str(error)),)
    if len(page_values) <= _SHOWN_VALUES:
        return page_values
    more = len(page_values) - _SHOWN_VALUES
    return (*page_values[:_SHOWN_VALUES], _said("more", f"and {more} more", count=str(more)))


def _issuer(certificate: Certificate) -> tuple[PageValue, ...]:
    return (_said("itself", "itself"),) if certificate.is_self_issued else _plain(certificate.issuer)


def _uses(certificate: Certificate) -> tuple[PageValue, ...]:
    usage = certificate.key_usage
    if usage is None:
        return (_said("use-any", "any use"),)
    return tuple(
        _said(f"use-{str(flag.name).lower().replace('_', '-')}", word) for flag, word in _USAGES.items() if flag & usage
    )


def _purpose(oid: str) -> PageValue:
    if oid not in _PURPOSES:
        return PageValue(text=oid)
    code, word = _PURPOSES[oid]
    return _said(f"purpose-{code}", word)


def _authority(certificate: Certificate) -> tuple[PageValue, ...]:
    if not certificate.is_ca:
        return ()
    length = certificate.path_length
    if length is None:
        return (_said("authority-any", "may vouch for people and for other authorities"),)
    if length == 0:
        return (_said("authority-people", "may vouch for people, not for other authorities"),)
    text = f"may vouch for people, and for authorities up to {length} levels below"
    return (_said("authority-levels", text, count=str(length)),)


def _constraints(certificate: Certificate) -> tuple[PageValue, ...]:
    extension = find_extension(certificate, NAME_CONSTRAINTS)
    if extension is None:
        return ()
    return tuple(
        _constraint(_CONSTRAINT_WORDS.get(subtrees.tag, "unknown"), subtree)
        for subtrees in der.read_sequence(extension.value, where="nameConstraints")
        for subtree in der.read_children(subtrees, where="nameConstraints")
    )


def _constraint(rule: str, subtree: Tlv) -> PageValue:
    kind, name = _subtree(subtree)
    word = f"{_NAME_KINDS[kind]} {name or 'anyone'}".lstrip()
    return _said("constraint", f"{rule}: {word}", rule=rule, kind=kind, name=name)


def _subtree(subtree: Tlv) -> tuple[str, str]:
    fields = der.read_children(subtree, where="nameConstraints")
    if not fields:
        raise MalformedMessage("an empty subtree", where="nameConstraints")
    name = fields[0]
    content = bytes(name.content)
    if name.tag == 0xA4:
        return "directory", name_text(bytes(der.read_one(content, where="directoryName").encoded))
    if name.tag in (0x81, 0x82, 0x86):
        return {0x81: "mail", 0x82: "host", 0x86: "address"}[name.tag], content.decode("ascii", "replace")
    return ("network", _network(content)) if name.tag == 0x87 else ("other", bytes(name.encoded).hex())


def _network(content: bytes) -> str:
    # RFC 5280 section 4.2.1.10: an address, then a mask of the same length.
    try:
        half = len(content) // 2
        return f"{ipaddress.ip_address(content[:half])}/{ipaddress.ip_address(content[half:])}"
    except ValueError:
        return content.hex()


def _policies(certificate: Certificate) -> tuple[PageValue, ...]:
    extension = find_extension(certificate, CERTIFICATE_POLICIES)
    if extension is None:
        return ()
    return tuple(map(_policy, sorted(parse_certificate_policies(extension.value, critical=extension.critical))))


def _policy(oid: str) -> PageValue:
    if oid == ANY_POLICY:
        return _said("policy-any", f"{oid} (any policy)", oid=oid)
    if oid not in _POLICIES:
        return PageValue(text=oid)
    who, profile = _POLICIES[oid]
    return _said(f"policy-{who}", f"{oid} ({_VALIDATED[who]}, {profile})", oid=oid, profile=profile)


def _asked(certificate: Certificate) -> tuple[PageValue, ...]:
    lists = find_urls(parse_distribution_points(certificate))
    return (
        *_plain(*(f"OCSP {url}" for url in find_access_urls(certificate, ACCESS_OCSP))),
        *(_said("asked-list", f"list {url}", url=url) for url in lists),
    )


def _issuer_urls(certificate: Certificate) -> tuple[PageValue, ...]:
    return _plain(*find_access_urls(certificate, ACCESS_CA_ISSUERS))
