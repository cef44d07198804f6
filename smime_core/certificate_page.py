"""One certificate as a page for people: who, until when, what for, who says so, and what to compare it by.

The command, the pages and the extension show the same rows. Nothing is judged: where trust comes from and whether the
certificate was revoked is said when the caller knows it. What is damaged in the certificate is said at its place.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.certificate import ANY_EXTENDED_KEY_USAGE, EMAIL_PROTECTION, Certificate, KeyUsage, name_text
from smime_core.certificate_text import (
    fingerprint_text,
    key_label,
    readable_addresses,
    readable_issuer,
    readable_name,
    readable_subject,
)
from smime_core.der import Tlv
from smime_core.distribution_points import (
    ACCESS_CA_ISSUERS,
    ACCESS_OCSP,
    find_access_urls,
    find_urls,
    parse_distribution_points,
)
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.explanation import revocation_text, trust_text
from smime_core.pkix import RevocationStatus, TrustAnchor
from smime_core.pkix.extensions import CERTIFICATE_POLICIES, NAME_CONSTRAINTS, find_extension
from smime_core.pkix.policies import parse_certificate_policies
from smime_core.pkix.trust import ANY_POLICY

_SHOWN_VALUES: Final = 50  # of one row; a state's authority may be constrained by hundreds of names
_USAGES: Final = {
    KeyUsage.DIGITAL_SIGNATURE: "signing",
    KeyUsage.NON_REPUDIATION: "signing what binds its owner",
    KeyUsage.KEY_ENCIPHERMENT: "receiving sealed mail",
    KeyUsage.DATA_ENCIPHERMENT: "encrypting data itself",
    KeyUsage.KEY_AGREEMENT: "receiving sealed mail by key agreement",
    KeyUsage.KEY_CERT_SIGN: "issuing certificates",
    KeyUsage.CRL_SIGN: "signing revocation lists",
    KeyUsage.ENCIPHER_ONLY: "key agreement for encrypting only",
    KeyUsage.DECIPHER_ONLY: "key agreement for decrypting only",
}
_PURPOSES: Final = {
    EMAIL_PROTECTION: "e-mail",
    ANY_EXTENDED_KEY_USAGE: "any purpose",
    "1.3.6.1.5.5.7.3.1": "servers",
    "1.3.6.1.5.5.7.3.2": "logging in",
    "1.3.6.1.5.5.7.3.3": "programs",
    "1.3.6.1.5.5.7.3.8": "timestamps",
    "1.3.6.1.5.5.7.3.9": "answers on revocation (OCSP)",
    "1.3.6.1.5.5.7.3.36": "signing documents",
    "1.3.6.1.4.1.311.20.2.2": "logging in by smart card",
    "1.3.6.1.4.1.311.10.3.12": "signing documents",
}
_POLICIES: Final = {ANY_POLICY: "any policy"} | {
    # S/MIME Baseline Requirements section 7.1.6.1.
    f"2.23.140.1.5.{kind}.{generation}": f"{who}, {profile}"
    for kind, who in enumerate(("mailbox checked", "organisation checked", "sponsored person", "person checked"), 1)
    for generation, profile in enumerate(("legacy", "multipurpose", "strict"), 1)
}
_CONSTRAINT_WORDS: Final = {0xA0: "only", 0xA1: "never"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """One row: a stable `code`, its name for people, and one value or more."""

    code: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePage:
    """`title` is what a person would call the certificate; rows without values are left out."""

    title: str
    rows: tuple[PageRow, ...]


def describe_certificate(
    certificate: Certificate, *, anchor: TrustAnchor | None = None, revocation: RevocationStatus | None = None
) -> CertificatePage:
    """The page of a certificate; `anchor` and `revocation` add what is known of the trust in it and of its status."""
    rows = (
        PageRow(code="subject", label="belongs to", values=(readable_subject(certificate),)),
        PageRow(code="addresses", label="addresses", values=readable_addresses(certificate)),
        PageRow(code="issuer", label="issued by", values=_issuer(certificate)),
        PageRow(code="not-before", label="valid from", values=(f"{certificate.not_before:%Y-%m-%d %H:%M:%S} UTC",)),
        PageRow(code="not-after", label="valid until", values=(f"{certificate.not_after:%Y-%m-%d %H:%M:%S} UTC",)),
        PageRow(code="trust", label="trust", values=(trust_text(anchor),) if anchor else ()),
        PageRow(code="revocation", label="revocation", values=(revocation_text(revocation),) if revocation else ()),
        PageRow(code="uses", label="for", values=_uses(certificate)),
        PageRow(code="purposes", label="purposes", values=_purposes(certificate)),
        PageRow(code="authority", label="authority", values=_authority(certificate)),
        PageRow(code="constraints", label="may vouch for", values=_read(lambda: _constraints(certificate))),
        PageRow(code="policies", label="policies", values=_read(lambda: _policies(certificate))),
        PageRow(code="revocation-asked", label="revocation is asked at", values=_read(lambda: _asked(certificate))),
        PageRow(code="issuer-found", label="issuer is found at", values=_read(lambda: _issuer_urls(certificate))),
        PageRow(code="key", label="key", values=(key_label(certificate.public_key),)),
        PageRow(code="serial-number", label="serial number", values=(f"{certificate.serial_number:x}",)),
        PageRow(code="sha256", label="SHA-256", values=(fingerprint_text(certificate.fingerprint),)),
        PageRow(code="sha1", label="SHA-1", values=(fingerprint_text(_sha1(certificate)),)),
    )
    return CertificatePage(title=readable_name(certificate), rows=tuple(row for row in rows if row.values))


def page_to_json(page: CertificatePage) -> dict[str, object]:
    """`{"title", "rows": [{"code", "label", "values"}]}`."""
    rows = [{"code": row.code, "label": row.label, "values": list(row.values)} for row in page.rows]
    return {"title": page.title, "rows": rows}


def _read(values: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        found = values()
    except SmimeError as error:
        return (f"unreadable: {error}",)
    if len(found) <= _SHOWN_VALUES:
        return found
    return (*found[:_SHOWN_VALUES], f"and {len(found) - _SHOWN_VALUES} more")


def _issuer(certificate: Certificate) -> tuple[str, ...]:
    try:
        return ("itself",) if certificate.is_self_issued else (readable_issuer(certificate),)
    except SmimeError:
        return (readable_issuer(certificate),)


def _uses(certificate: Certificate) -> tuple[str, ...]:
    usage = certificate.key_usage
    return ("any use",) if usage is None else tuple(word for flag, word in _USAGES.items() if flag & usage)


def _purposes(certificate: Certificate) -> tuple[str, ...]:
    purposes = certificate.extended_key_usage
    return () if purposes is None else tuple(_PURPOSES.get(oid, oid) for oid in purposes)


def _authority(certificate: Certificate) -> tuple[str, ...]:
    if not certificate.is_ca:
        return ()
    if certificate.path_length is None:
        return ("may vouch for people and for other authorities",)
    if certificate.path_length == 0:
        return ("may vouch for people, not for other authorities",)
    return (f"may vouch for people, and for authorities up to {certificate.path_length} levels below",)


def _constraints(certificate: Certificate) -> tuple[str, ...]:
    extension = find_extension(certificate, NAME_CONSTRAINTS)
    if extension is None:
        return ()
    return tuple(
        f"{_CONSTRAINT_WORDS.get(subtrees.tag, 'unknown')}: {_subtree(subtree)}"
        for subtrees in der.read_sequence(extension.value, where="nameConstraints")
        for subtree in der.read_children(subtrees, where="nameConstraints")
    )


def _subtree(subtree: Tlv) -> str:
    fields = der.read_children(subtree, where="nameConstraints")
    if not fields:
        raise MalformedMessage("an empty subtree", where="nameConstraints")
    name = fields[0]
    content = bytes(name.content)
    if name.tag == 0xA4:
        return name_text(bytes(der.read_one(content, where="directoryName").encoded))
    if name.tag in (0x81, 0x82, 0x86):
        kind = {0x81: "mail of", 0x82: "host", 0x86: "address"}[name.tag]
        return f"{kind} {content.decode('ascii', 'replace') or 'anybody'}"
    return f"network {_network(content)}" if name.tag == 0x87 else f"a name of another form: {content.hex()}"


def _network(content: bytes) -> str:
    # RFC 5280 section 4.2.1.10: an address and its mask.
    try:
        half = len(content) // 2
        return f"{ipaddress.ip_address(content[:half])}/{ipaddress.ip_address(content[half:])}"
    except ValueError:
        return content.hex()


def _policies(certificate: Certificate) -> tuple[str, ...]:
    extension = find_extension(certificate, CERTIFICATE_POLICIES)
    if extension is None:
        return ()
    policies = sorted(parse_certificate_policies(extension.value, critical=extension.critical))
    return tuple(f"{oid} ({_POLICIES[oid]})" if oid in _POLICIES else oid for oid in policies)


def _asked(certificate: Certificate) -> tuple[str, ...]:
    lists = find_urls(parse_distribution_points(certificate))
    return (*(f"OCSP {url}" for url in find_access_urls(certificate, ACCESS_OCSP)), *(f"list {url}" for url in lists))


def _issuer_urls(certificate: Certificate) -> tuple[str, ...]:
    return find_access_urls(certificate, ACCESS_CA_ISSUERS)


def _sha1(certificate: Certificate) -> str:
    # For comparing with what is printed elsewhere; nothing is decided by it.
    return hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest()
