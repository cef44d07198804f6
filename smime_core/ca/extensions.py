"""Build the extensions of certificates from plain values (RFC 5280 section 4.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.general_names import RFC822_NAME
from smime_core.errors import MalformedMessage
from smime_core.keys import subject_public_key
from smime_core.pkix.extensions import CERTIFICATE_POLICIES, NAME_CONSTRAINTS, OCSP_NO_CHECK
from smime_core.provider import PublicKey
from smime_core.text.mail_address import parse_address
from smime_core.x509.certificate import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
    Certificate,
    Extension,
    KeyUsage,
)
from smime_core.x509.distribution_points import (
    ACCESS_CA_ISSUERS,
    ACCESS_OCSP,
    AUTHORITY_INFO_ACCESS,
    CRL_DISTRIBUTION_POINTS,
)
from smime_core.x509.mail_names import SMTP_UTF8_MAILBOX

OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOMAIN: Final = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
_MAILBOX: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_DOMAIN}")
# RFC 6532 section 3.2 allows any character beyond ASCII in an atom. Blanks are refused here; `parse_address` refuses
# invisible characters.
_UTF8_ATOM: Final = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f\s])+"
_UTF8_MAILBOX: Final = re.compile(rf"{_UTF8_ATOM}(?:\.{_UTF8_ATOM})*@{_DOMAIN}")
_MAX_ADDRESS_BYTES: Final = 254  # RFC 5321 section 4.5.3.1.3: 256 with the angle brackets.
_CRITICAL: Final = b"\x01\x01\xff"
_BIT_STRING: Final = 0x03
_UTF8_STRING: Final = 0x0C
_URI: Final = 0x86
_NULL: Final = b"\x05\x00"


def encode_extension(extension: Extension) -> bytes:
    """DER of one Extension. `critical` is left out if it is FALSE, the default (X.690 section 11.5)."""
    return der.sequence(
        der.oid(extension.oid), _CRITICAL if extension.critical else b"", der.octet_string(extension.value)
    )


def build_basic_constraints(*, is_ca: bool, path_length: int | None = None) -> Extension:
    """basicConstraints, a critical extension (section 4.2.1.9). The path length is written only for a CA."""
    limit = b"" if path_length is None or not is_ca else der.integer(path_length)
    return Extension(oid=BASIC_CONSTRAINTS, critical=True, value=der.sequence(_CRITICAL if is_ca else b"", limit))


def build_key_usage(usage: KeyUsage) -> Extension:
    """keyUsage, a critical extension (section 4.2.1.3)."""
    # X.690 section 11.2.2: a list of named bits ends with the last bit that is set.
    length = usage.value.bit_length()
    unused = -length % 8
    octets = sum(1 << (length + unused - 1 - number) for number in range(length) if usage.value >> number & 1)
    bits = bytes([unused]) + octets.to_bytes((length + unused) // 8, "big")
    return Extension(oid=KEY_USAGE, critical=True, value=der.element(_BIT_STRING, bits))


def build_extended_key_usage(*purposes: str, critical: bool = False) -> Extension:
    """extendedKeyUsage from dotted OIDs (section 4.2.1.12)."""
    return Extension(
        oid=EXTENDED_KEY_USAGE, critical=critical, value=der.sequence(*(der.oid(purpose) for purpose in purposes))
    )


def build_subject_alt_name(addresses: Sequence[str], *, critical: bool = False) -> Extension:
    """subjectAltName with mail addresses. Make it critical if the subject is empty (section 4.2.1.6).

    Raises MalformedMessage for a text that is no address.
    """
    return Extension(
        oid=SUBJECT_ALT_NAME,
        critical=critical,
        value=der.sequence(*(build_address_name(address) for address in addresses)),
    )


def build_address_name(address: str) -> bytes:
    """DER of a GeneralName: rfc822Name, or SmtpUTF8Mailbox for a local part beyond ASCII (RFC 9598 section 3).

    The domain must be in ASCII, with A-labels ("xn--...") for other characters. Quoted local parts and address literals
    (RFC 5321 section 4.1.2) are refused. Raises MalformedMessage.
    """
    octets = address.encode(errors="replace")
    if len(octets) > _MAX_ADDRESS_BYTES:
        raise MalformedMessage(f"an address of {len(octets)} bytes, at most 254 can get mail", where="address")
    if parse_address(address) is None:
        raise MalformedMessage("expected an e-mail address", where="address")
    if _MAILBOX.fullmatch(address):
        return der.element(RFC822_NAME, octets)
    if not _UTF8_MAILBOX.fullmatch(address):
        raise MalformedMessage("expected an e-mail address, its domain in ASCII", where="address")
    return der.element(0xA0, der.oid(SMTP_UTF8_MAILBOX), der.explicit(0, der.element(_UTF8_STRING, octets)))


def build_subject_key_identifier(public_key: PublicKey) -> Extension:
    """subjectKeyIdentifier (section 4.2.1.2): the first 160 bits of SHA-256 over the key (RFC 7093 section 2 (1))."""
    identifier = hashlib.sha256(subject_public_key(public_key)).digest()[:20]
    return Extension(oid=SUBJECT_KEY_IDENTIFIER, critical=False, value=der.octet_string(identifier))


def build_authority_key_identifier(identifier: bytes) -> Extension:
    """authorityKeyIdentifier from the subject key identifier of the issuer (section 4.2.1.1)."""
    return Extension(oid=AUTHORITY_KEY_IDENTIFIER, critical=False, value=der.sequence(der.element(0x80, identifier)))


def build_crl_distribution_points(urls: Sequence[str]) -> Extension:
    """cRLDistributionPoints: one point, whose URLs all lead to the same revocation list (section 4.2.1.13)."""
    names = b"".join(_url_name(url) for url in urls)
    point = der.sequence(der.explicit(0, der.element(0xA0, names)))
    return Extension(oid=CRL_DISTRIBUTION_POINTS, critical=False, value=der.sequence(point))


def build_authority_information_access(*, ocsp_urls: Sequence[str] = (), issuer_urls: Sequence[str] = ()) -> Extension:
    """authorityInfoAccess: the URLs of the OCSP responders and of the issuer's certificate (section 4.2.2.1)."""
    kinds = [*((ACCESS_OCSP, url) for url in ocsp_urls), *((ACCESS_CA_ISSUERS, url) for url in issuer_urls)]
    return Extension(
        oid=AUTHORITY_INFO_ACCESS,
        critical=False,
        value=der.sequence(*(der.sequence(der.oid(kind), _url_name(url)) for kind, url in kinds)),
    )


def build_certificate_policies(policies: Sequence[str], *, critical: bool = False) -> Extension:
    """certificatePolicies from dotted OIDs, without qualifiers (section 4.2.1.4)."""
    return Extension(
        oid=CERTIFICATE_POLICIES,
        critical=critical,
        value=der.sequence(*(der.sequence(der.oid(policy)) for policy in policies)),
    )


def build_address_constraints(*, permitted: Sequence[str] = (), excluded: Sequence[str] = ()) -> Extension:
    """nameConstraints on mail addresses, a critical extension (section 4.2.1.10).

    The forms are "a@example.test" (one mailbox), "example.test" (a host) and ".example.test" (all hosts below).
    """
    subtrees = b"".join(
        der.element(0xA0 | number, *(der.sequence(der.element(RFC822_NAME, name.encode("ascii"))) for name in names))
        for number, names in ((0, permitted), (1, excluded))
        if names
    )
    return Extension(oid=NAME_CONSTRAINTS, critical=True, value=der.sequence(subtrees))


def build_ocsp_no_check() -> Extension:
    """id-pkix-ocsp-nocheck: clients do not check the responder's revocation (RFC 6960 section 4.2.2.2.1)."""
    return Extension(oid=OCSP_NO_CHECK, critical=False, value=_NULL)


def key_identifiers(public_key: PublicKey, issuer: Certificate | None) -> tuple[Extension, ...]:
    """subjectKeyIdentifier, and authorityKeyIdentifier, which names the key of `issuer`.

    A root needs no authorityKeyIdentifier (section 4.2.1.1).
    """
    own = build_subject_key_identifier(public_key)
    identifier = None if issuer is None else issuer.subject_key_identifier
    return (own,) if identifier is None else (own, build_authority_key_identifier(identifier))


def _url_name(url: str) -> bytes:
    try:
        return der.element(_URI, url.encode("ascii"))
    except UnicodeEncodeError as error:
        raise MalformedMessage("a URL is ASCII", where="uniformResourceIdentifier") from error
