"""BoringSSL's cases for the form of certificates, and for their possible issuers.

A file with an error in its block ERRORS must be refused; warnings do not count. The facts of other files are in further
blocks, or in `pki/parse_certificate_unittest.cc`, `parsed_certificate_unittest.cc` and
`cert_issuer_source_sync_unittest.h` of the same version, from which the tables below were taken. Many files have one
part of a certificate, with nonsense around it. This part is put into an otherwise good certificate.
"""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from smime_core.asn1 import der
from smime_core.x509.certificate import AUTHORITY_KEY_IDENTIFIER
from tools.conformance.case import Case, Skip
from tools.conformance.checks.certificates import PARSER, CertificateForm, Fact, IssuersFound
from tools.conformance.readers.boringssl_extensions import (
    DAMAGED_NAME,
    EMPTY_NAMES,
    read_extensions,
    read_general_names,
    with_extension,
)

_SET: Final = "boringssl-pki"
_BLOCK: Final = re.compile(r"^-----BEGIN ([^-\n]+)-----\n([^-]+)-----END", re.MULTILINE)
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_NUMBER: Final = re.compile(r"=(\d+)")
_TEST_OID: Final = "1.2.840.113554.4.1.72585.0"

_WHOLE_TBS: Final = "tbs_v3_real"
# The block labels in well-formed files, by the name of the fact in the block.
_WHOLE_FACTS: Final = {
    "tbs": "TBS CERTIFICATE",
    "signature_algorithm": "SIGNATURE ALGORITHM",
    "signature": "SIGNATURE",
    "issuer": "ISSUER",
    "subject": "SUBJECT",
    "spki": "SPKI",
}

# Certificates that the parser reads but path validation refuses, with the label of the refusing step.
_REFUSED_AT: Final = {
    "bad_key_usage": "4.2.1.3",
    "bad_policy_qualifiers": "4.2",
    "policy_qualifiers_empty_sequence": "4.2",
    "policy_constraints_empty": "4.2",
    "basic_constraints_negative_path": "6.1.4 (m)",
    "tbs_v1_extensions": "4.1.2.1",
    "tbs_v2_extensions": "4.1.2.1",
    "tbs_v4": "4.1.2.1",
}
# Files that must be refused, although no error is named in them.
_REFUSED: Final = {"tbs_v3_extensions_not_sequence"}
_FACTS: Final[Mapping[str, Mapping[str, Fact]]] = {
    "extension_critical": {"critical": (_TEST_OID,)},
    "extension_not_critical": {"critical": ()},
    "extended_key_usage": {"extensions": 4, "extended_key_usages": 4, "critical": ()},
    "key_usage": {"key_usage": 0b101},
    "policies": {"extensions": 4, "policies": 2, "critical": ()},
    "extensions_real": {
        "extensions": 7,
        "policies": 1,
        "issuer_serial": None,
        "authority_key_identifier": bytes.fromhex("c07a98688d89fbab05640c117daa7d65b8cacc4e"),
        "subject_key_identifier": bytes.fromhex("4add06161bbcf668b576f581b6bb621aba5a812f"),
    },
    "basic_constraints_not_ca": {"is_ca": False, "path_length": None},
    "basic_constraints_ca_no_path": {"is_ca": True, "path_length": None},
    "basic_constraints_ca_path_9": {"is_ca": True, "path_length": 9},
    "basic_constraints_pathlen_255": {"is_ca": True, "path_length": 255},
    "basic_constraints_ca_false": {"is_ca": False, "path_length": None},
    "basic_constraints_pathlen_not_ca": {"is_ca": False, "path_length": 1},
    "policy_constraints_require": {"require_explicit_policy": 3, "inhibit_policy_mapping": None},
    "policy_constraints_inhibit": {"require_explicit_policy": None, "inhibit_policy_mapping": 1},
    "policy_constraints_inhibit_require": {"require_explicit_policy": 5, "inhibit_policy_mapping": 2},
    "inhibit_any_policy": {"inhibit_any_policy": 3},
    "serial_zero_padded": {"serial_number": 0x8001},
    "serial_zero_padded_21_bytes": {"serial_number": int.from_bytes(bytes((0x80, *range(1, 0x14))), "big")},
    "serial_negative": {"serial_number": -0x7FFF},
    "serial_37_bytes": {"serial_number": int.from_bytes(bytes(range(1, 38)), "big")},
    "serial_zero": {"serial_number": 0},
    "bad_signature_algorithm_oid": {"signature_scheme": None},
    "failed_signature_algorithm": {"signature_scheme": None},
    "crldp_1uri_noissuer": {"list_names": ("http://www.example.com/foo.crl",)},
    "crldp_3uri_noissuer": {
        "list_names": ("http://www.example.com/foo1.crl", "http://www.example.com/blah.crl", "not-even-a-url")
    },
    "crldp_full_name_as_dirname": {
        "list_names": (
            "CN=Self-Issued Cert DP for Basic Self-Issued CRL Signing Key CA, O=Test Certificates 2011, C=US",
        )
    },
    "crldp_issuer_as_dirname": {
        "list_names": (
            "CN=indirect CRL for indirectCRL CA3, OU=indirectCRL CA3 cRLIssuer, O=Test Certificates 2011, C=US",
            "OU=indirectCRL CA3 cRLIssuer, O=Test Certificates 2011, C=US",
        )
    },
    "tbs_v1": {"version": 1},
    "tbs_v2_no_optionals": {"version": 2},
    "tbs_v2_issuer_unique_id": {"version": 2},
    "tbs_v2_issuer_and_subject_unique_id": {"version": 2},
}
_KEY_IDENTIFIERS: Final[Mapping[str, Mapping[str, Fact]]] = {
    "empty_sequence": {"authority_key_identifier": None, "issuer_serial": None},
    "key_identifier": {"authority_key_identifier": b"\xde\xad\xb0\x0f", "issuer_serial": None},
    "issuer_and_serial": {"authority_key_identifier": None, "issuer_serial": 0x274F},
    "key_identifier_and_issuer_and_serial": {
        "authority_key_identifier": b"\xde\xad\xb0\x0f",
        "issuer_serial": 0x274F,
    },
    "url_issuer_and_serial": {"authority_key_identifier": None, "issuer_serial": 0x274F},
}
_ISSUERS: Final = {
    "i1_1": ("root",),
    "d": ("i2",),
    "e1": ("i3_1", "i3_2"),
    "e2": ("i3_1", "i3_2"),
    "root": ("root",),
    "c1": ("i1_1", "i1_2"),
    "c2": ("i1_1", "i1_2"),
}

_PRINTABLE: Final = Skip(
    reason="names with characters that their type of string does not have are often issued; they are read as written",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-7.1",
)
_LOOSE_FALSE: Final = Skip(
    reason="FALSE and version 1 are read where they are written out, because they often are",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.1",
)
_LARGE_LENGTH: Final = Skip(
    reason="a path length has no upper limit",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.9",
)
_HINT: Final = Skip(
    reason="half of issuer and serial number is a hint that helps nobody, and does no harm",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.1",
)
_SKIPS: Final = {
    "basic_constraints_path_too_large": _LARGE_LENGTH,
    "basic_constraints_pathlen_256": _LARGE_LENGTH,
    "extension_critical_0": _LOOSE_FALSE,
    "tbs_explicit_v1": _LOOSE_FALSE,
    "extension_critical_3": Skip(
        reason="a BOOLEAN other than FALSE is TRUE, so that the extension is critical",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2",
    ),
    "failed_signature_algorithm": Skip(
        reason="the two signature algorithms of a certificate are compared when it is read, and differ in this one",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-4.1.1.2",
    ),
    "issuer_bad_printable_string": _PRINTABLE,
    "subject_not_ascii": _PRINTABLE,
    "subject_not_printable_string": _PRINTABLE,
    "name_constraints_bad_ip": Skip(
        reason="a damaged constraint on network addresses refuses every certificate that has one, and no other",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
    ),
    "serial_not_minimal": Skip(
        reason="a serial number with a zero too many is the same number",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.2",
    ),
    "subject_blank_subjectaltname_not_critical": Skip(
        reason="that subjectAltName is critical beside an empty subject is a rule for who issues",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6",
    ),
    "subjectaltname_bad_ip": DAMAGED_NAME,
    "subjectaltname_dns_not_ascii": DAMAGED_NAME,
    "subjectaltname_general_names_empty_sequence": EMPTY_NAMES,
    "authority_key_identifier issuer_only": _HINT,
    "authority_key_identifier serial_only": _HINT,
}


def read_certificates(folder: Path) -> Iterator[Case]:
    """A case for each file of parse_certificate_unittest, for each extension, and for each form of name."""
    base = folder / "cert_version3.pem"
    if not base.is_file():
        return
    good = _read_blocks(base)["CERTIFICATE"]
    for path in sorted(folder.glob("*.pem")):
        blocks = _read_blocks(path)
        certificate_der = blocks.get("CERTIFICATE") or _with_tbs(good, fields_of=blocks["TBS CERTIFICATE"])
        if path.stem.startswith("cert_") and path != base:
            certificate_der = _with_frame(good, frame_of=certificate_der)
        elif path.stem == _WHOLE_TBS:
            certificate_der = der.sequence(blocks["TBS CERTIFICATE"], blocks["SIGNATURE ALGORITHM"], b"\x03\x01\0")
        is_refused = b"ERROR:" in blocks.get("ERRORS", b"") or path.stem in _REFUSED
        yield _case(path.stem, certificate_der, facts=_find_facts(path.stem, blocks), is_refused=is_refused)
    yield from read_extensions(good)
    yield from read_general_names(folder.parent / "name_constraints_unittest", good)
    for path in sorted(folder.glob("authority_key_identifier/*.pem")):
        certificate_der = with_extension(good, AUTHORITY_KEY_IDENTIFIER, _read_blocks(path)["AUTHORITY_KEY_IDENTIFIER"])
        facts = _KEY_IDENTIFIERS.get(path.stem, {})
        yield _case(f"authority_key_identifier {path.stem}", certificate_der, facts=facts, is_refused=not facts)


def read_issuers(folder: Path) -> Iterator[Case]:
    """The possible issuers of each certificate of cert_issuer_source_static_unittest, and a pool without the issuer."""
    files = {path.stem: _read_blocks(path)["CERTIFICATE"] for path in sorted(folder.glob("*.pem"))}
    if not files:
        return
    pool = tuple(files.values())
    source = "cert_issuer_source_sync_unittest.h"
    for name, issuers in _ISSUERS.items():
        task = IssuersFound(certificate=files[name], pool=pool, issuers=tuple(files[issuer] for issuer in issuers))
        yield Case(set=_SET, name=f"issuers of {name}", task=task, source=source)
    task = IssuersFound(certificate=files["c1"], pool=(files["root"],), issuers=())
    yield Case(set=_SET, name="issuers of c1 beside the root alone", task=task, source=source)


def _case(name: str, certificate_der: bytes, *, facts: Mapping[str, Fact], is_refused: bool) -> Case:
    refused_at = _REFUSED_AT.get(name, PARSER) if is_refused else ""
    task = CertificateForm(octets=certificate_der, facts=tuple(facts.items()), refused_at=refused_at)
    return Case(set=_SET, name=name, task=task, source="parse_certificate_unittest", skip=_SKIPS.get(name))


def _read_blocks(path: Path) -> dict[str, bytes]:
    text = path.read_text(encoding="utf-8")
    return {label: base64.b64decode(content) for label, content in _BLOCK.findall(text)}


def _find_facts(name: str, blocks: Mapping[str, bytes]) -> dict[str, Fact]:
    # A part that was put into another certificate keeps its version, serial number, validity and number of extensions.
    facts: dict[str, Fact] = dict(_FACTS.get(name, {}))
    if name in ("cert_version3", _WHOLE_TBS):
        facts |= {fact: blocks[label] for fact, label in _WHOLE_FACTS.items() if label in blocks}
    if "VALIDITY NOTBEFORE" not in blocks:
        return facts
    serial_number = int.from_bytes(blocks["SERIAL NUMBER"], "big", signed=True)
    return {
        "version": 3,
        "serial_number": serial_number,
        "not_before": _iso_time(blocks["VALIDITY NOTBEFORE"]),
        "not_after": _iso_time(blocks["VALIDITY NOTAFTER"]),
        **({} if "EXTENSIONS" in blocks else {"extensions": 0}),
        **facts,
    }


def _iso_time(text: bytes) -> str:
    numbers = map(int, _NUMBER.findall(text.decode()))
    return datetime.datetime(*numbers, tzinfo=datetime.UTC).isoformat()  # type: ignore[arg-type,misc]  # six numbers


def _with_frame(good: bytes, *, frame_of: bytes) -> bytes:
    # A good certificate, but with the outer structure of `frame_of`.
    outer = der.read_one(frame_of)
    if outer.tag != der.SEQUENCE:
        return frame_of
    fields = [bytes(child.encoded) for child in der.read_children(outer)]
    parts = [bytes(part.encoded) for part in der.read_sequence(good)]
    for position in range(min(2, len(fields))):
        if fields[position][0] == der.SEQUENCE:
            fields[position] = parts[position]
    return der.sequence(*fields)


def _with_tbs(good: bytes, *, fields_of: bytes) -> bytes:
    # A good certificate, but with the version, serial number, validity and optional fields of the tbsCertificate
    # `fields_of`.
    tbs, algorithm, signature = (bytes(part.encoded) for part in der.read_sequence(good))
    parts = {index: bytes(field.encoded) for index, field in enumerate(der.read_sequence(tbs))}
    fields = der.read_sequence(fields_of)
    version = [bytes(fields.pop(0).encoded)] if fields[0].tag == _VERSION else []
    serial, _, _, validity, _, _, *optional = fields
    extensions = next(bytes(part.encoded) for part in der.read_sequence(tbs) if part.tag == _EXTENSIONS)
    is_list = [part.tag == _EXTENSIONS and der.read_one(part.content).tag == der.SEQUENCE for part in optional]
    return der.sequence(
        der.sequence(
            *version,
            bytes(serial.encoded),
            parts[2],
            parts[3],
            bytes(validity.encoded),
            parts[5],
            parts[6],
            *(
                extensions if is_extensions else bytes(field.encoded)
                for field, is_extensions in zip(optional, is_list, strict=True)
            ),
        ),
        algorithm,
        signature,
    )
