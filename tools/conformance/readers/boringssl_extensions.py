"""BoringSSL's cases for single extensions, from `pki/parse_certificate_unittest.cc` itself, and for forms of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.pem import find_pem_blocks
from smime_core.x509.certificate import AUTHORITY_KEY_IDENTIFIER, KEY_USAGE, SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER
from smime_core.x509.distribution_points import AUTHORITY_INFO_ACCESS, CRL_DISTRIBUTION_POINTS
from tools.conformance.case import Case, Skip
from tools.conformance.checks.certificates import PARSER, READER, CertificateForm, Fact

_EXTENSIONS: Final = 0xA3
_REASONS: Final = (b"\x05\x60", b"\x07\x9f\x80")


def _rdn(oid: str, text: str) -> bytes:
    return der.element(der.SET, der.sequence(der.oid(oid), der.element(0x13, text.encode())))


def _directory(oid: str, text: str) -> bytes:
    return der.explicit(4, der.sequence(_rdn(oid, text)))


def _access(method: str, *fields: bytes) -> bytes:
    return der.sequence(der.oid(f"1.3.6.1.5.5.7.48.{method}"), *fields)


_COMMON_NAME, _UNIT = "2.5.4.3", "2.5.4.11"
_RELATIVE_POINT: Final = der.sequence(
    der.explicit(0, der.explicit(1, _rdn(_COMMON_NAME, "CRL1"))), der.element(0x81, _REASONS[0])
)
_POINT: Final = der.sequence(
    der.explicit(0, der.explicit(0, _directory(_COMMON_NAME, "CRL2"))), der.element(0x81, _REASONS[1])
)
_ISSUER_POINT: Final = der.sequence(der.explicit(2, _directory(_UNIT, "crl issuer")))
_RESPONDER: Final = der.element(0x86, b"http://ocsp.example.com")
_ACCESSES: Final = (
    _access("1", _directory(_COMMON_NAME, "ocsp")),
    _access("2", _directory(_COMMON_NAME, "ca issuer")),
    _access("3", der.element(0x86, b"http://nonstandard.example.com")),
    _access("1", _RESPONDER),
    _access("2", der.element(0x86, b"http://www.example.com/issuer.crt")),
)
_NO_NAMES: Final[Mapping[str, Fact]] = {"list_names": ()}
_NO_URLS: Final[Mapping[str, Fact]] = {"responders": (), "issuer_urls": ()}
# For each extension: its type, its value, its facts, and `refused_at` of `CertificateForm`.
_VALUES: Final[Mapping[str, tuple[str, bytes, Mapping[str, Fact], str]]] = {
    "keyUsage of one bit, not set": (KEY_USAGE, bytes.fromhex("03020700"), {}, "4.2.1.3"),
    "keyUsage of 32 bits, none set": (KEY_USAGE, bytes.fromhex("03050000000000"), {}, "4.2.1.3"),
    "keyUsage of 32 bits, one set": (KEY_USAGE, bytes.fromhex("03050000000002"), {"key_usage": 0}, ""),
    "keyUsage of three bits": (KEY_USAGE, bytes.fromhex("030205a0"), {"key_usage": 0b101}, ""),
    "keyUsage of decipherOnly": (KEY_USAGE, bytes.fromhex("0303070080"), {"key_usage": 1 << 8}, ""),
    "keyUsage of no bits": (KEY_USAGE, bytes.fromhex("030100"), {}, "4.2.1.3"),
    "cRLDistributionPoints, two": (
        CRL_DISTRIBUTION_POINTS,
        der.sequence(_RELATIVE_POINT, _POINT),
        {"list_names": ("CN=CRL2",), "list_reasons": ("000000110", "111111001")},
        "",
    ),
    "cRLDistributionPoints, an issuer alone": (
        CRL_DISTRIBUTION_POINTS,
        der.sequence(_ISSUER_POINT),
        {"list_names": ("OU=crl issuer",), "list_reasons": ("all",)},
        "",
    ),
    "cRLDistributionPoints, reasons alone": (
        CRL_DISTRIBUTION_POINTS,
        der.sequence(der.sequence(der.element(0x81, _REASONS[0]))),
        _NO_NAMES,
        READER,
    ),
    "cRLDistributionPoints, an empty one": (CRL_DISTRIBUTION_POINTS, der.sequence(der.sequence()), _NO_NAMES, READER),
    "cRLDistributionPoints, none": (CRL_DISTRIBUTION_POINTS, der.sequence(), _NO_NAMES, READER),
    "authorityInfoAccess, five": (
        AUTHORITY_INFO_ACCESS,
        der.sequence(*_ACCESSES),
        {"responders": ("http://ocsp.example.com",), "issuer_urls": ("http://www.example.com/issuer.crt",)},
        "",
    ),
    "authorityInfoAccess of another method": (
        AUTHORITY_INFO_ACCESS,
        der.sequence(der.sequence(der.oid("1.2.3"), _directory(_COMMON_NAME, "foo"))),
        _NO_URLS,
        "",
    ),
    "authorityInfoAccess without a location": (
        AUTHORITY_INFO_ACCESS,
        der.sequence(_access("1", _RESPONDER), _access("2")),
        _NO_URLS,
        READER,
    ),
    "authorityInfoAccess of three fields": (
        AUTHORITY_INFO_ACCESS,
        der.sequence(_access("1", _RESPONDER, der.element(0x13, b"henlo"))),
        _NO_URLS,
        READER,
    ),
    "authorityInfoAccess, none": (AUTHORITY_INFO_ACCESS, der.sequence(), _NO_URLS, READER),
    "subjectKeyIdentifier": (
        SUBJECT_KEY_IDENTIFIER,
        bytes.fromhex("0402abcd"),
        {"subject_key_identifier": b"\xab\xcd"},
        "",
    ),
    "subjectKeyIdentifier, empty": (SUBJECT_KEY_IDENTIFIER, b"", {}, PARSER),
    "subjectKeyIdentifier with more behind it": (SUBJECT_KEY_IDENTIFIER, bytes.fromhex("0402abcd05"), {}, PARSER),
    "authorityKeyIdentifier, empty": (AUTHORITY_KEY_IDENTIFIER, b"", {}, PARSER),
}
_EMPTY_LIST: Final = Skip(
    reason="an empty list of places to ask names none, and is read as that",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.13",
)
# For each file with a subjectAltName: the only name in the extension; "" if BoringSSL refuses the file.
_NAMES: Final = {
    "san-othername": "otherName 1.2.3.4.5",
    "san-rfc822name": "rfc822Name foo@example.com",
    "san-dnsname": "dNSName foo.example.com",
    "san-x400address": "x400Address",
    "san-directoryname": "directoryName a directory name",
    "san-edipartyname": "ediPartyName",
    "san-uri": "uniformResourceIdentifier http://example.com",
    "san-ipaddress4": "iPAddress c0a80607",
    "san-ipaddress6": "iPAddress fe800102030405060708090a0b0c0d0e",
    "san-registeredid": "registeredID",
    "san-invalid-empty": "",
    "san-invalid-ipaddress": "",
}
_BEYOND_ASCII: Final = {
    "san-rfc822name": (b"foo@", b"f\xf6\xf6@"),
    "san-dnsname": (b"foo.", b"f\xf6\xf6."),
    "san-uri": (b"example", b"ex\xe4mple"),
}
DAMAGED_NAME: Final = Skip(
    reason="one damaged name does not hide the others; where names are constrained, it is never allowed",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
)
EMPTY_NAMES: Final = Skip(
    reason="an empty subjectAltName names nobody, and is read as that",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6",
)
_SKIPS: Final = {
    "cRLDistributionPoints, none": _EMPTY_LIST,
    "authorityInfoAccess, none": _EMPTY_LIST,
    "san-invalid-empty": EMPTY_NAMES,
    "san-invalid-ipaddress": DAMAGED_NAME,
    "san-rfc822name beyond ASCII": DAMAGED_NAME,
    "san-dnsname beyond ASCII": DAMAGED_NAME,
    "san-uri beyond ASCII": DAMAGED_NAME,
}


def read_extensions(good: bytes) -> Iterator[Case]:
    """Each extension by itself, in a good certificate."""
    for name, (oid, value, facts, refused_at) in _VALUES.items():
        yield _case(name, with_extension(good, oid, value), facts, refused_at, source="parse_certificate_unittest.cc")


def read_general_names(folder: Path, good: bytes) -> Iterator[Case]:
    """Each form of name in a subjectAltName: unchanged, with bytes beyond ASCII, and with an additional byte."""
    for name, text in _NAMES.items() if folder.is_dir() else ():
        value = find_pem_blocks((folder / f"{name}.pem").read_bytes())[0].octets
        yield _names_case(name, good, value, text)
        if not text:
            continue
        yield _names_case(f"{name} with an octet behind it", good, value + b"\0", "", refused_at=PARSER)
        within = der.sequence(der.read_one(value).content, b"\0")
        yield _names_case(f"{name} with an octet behind the name", good, within, "", refused_at=PARSER)
    for name, (old, new) in _BEYOND_ASCII.items() if folder.is_dir() else ():
        value = find_pem_blocks((folder / f"{name}.pem").read_bytes())[0].octets.replace(old, new)
        yield _names_case(f"{name} beyond ASCII", good, value, "")


def _names_case(name: str, good: bytes, value: bytes, text: str, *, refused_at: str = READER) -> Case:
    facts: dict[str, Fact] = {"alternative_names": (text,)}
    octets = with_extension(good, SUBJECT_ALT_NAME, value)
    return _case(name, octets, facts, "" if text else refused_at, source="general_names_unittest.cc")


def _case(name: str, octets: bytes, facts: Mapping[str, Fact], refused_at: str, *, source: str) -> Case:
    task = CertificateForm(octets=octets, facts=tuple(facts.items()), refused_at=refused_at)
    return Case(set="boringssl-pki", name=name, task=task, source=source, skip=_SKIPS.get(name))


def with_extension(good: bytes, oid: str, value: bytes) -> bytes:
    """The good certificate with only this extension. Its signature does not verify any more."""
    tbs, algorithm, signature = (bytes(field.encoded) for field in der.read_sequence(good))
    fields = [bytes(field.encoded) for field in der.read_sequence(tbs) if field.tag != _EXTENSIONS]
    extension = der.sequence(der.oid(oid), der.octet_string(value))
    return der.sequence(der.sequence(*fields, der.explicit(3, der.sequence(extension))), algorithm, signature)
