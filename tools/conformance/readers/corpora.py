"""Corpora of bytes: the core parses them, or raises SmimeError and no other error, in bounded time.

Some of these sets have verdicts on paths, OCSP responses and timestamps, which other readers compare. Here their
certificates and lists are only parsed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.conformance.case import Case
from tools.conformance.checks.robustness import Parse

_FUZZ_KINDS: Final = {
    "asn1": "cms",
    "cms": "cms",
    "crl": "crl",
    "x509": "certificate",
    "cert_corpus": "certificate",
    "crl_corpus": "crl",
    "der_roundtrip_corpus": "cms",
    "pkcs12_corpus": "pkcs12",
    "pkcs8_corpus": "pkcs8",
    "privkey_corpus": "pkcs8",
    "spki_corpus": "spki",
}
_PEM_KINDS: Final = {
    b"CERTIFICATE": "certificate",
    b"CA CERTIFICATE": "certificate",
    b"TRUSTED CERTIFICATE": "certificate",
    b"CRL": "crl",
    b"X509 CRL": "crl",
    b"PUBLIC KEY": "spki",
    b"PRIVATE KEY": "pkcs8",
    b"CMS": "cms",
    b"PKCS7": "cms",
}
_SUFFIX_KINDS: Final = {
    ".cer": "certificate",
    ".crt": "certificate",
    ".crl": "crl",
    ".p12": "pkcs12",
    ".pk8": "pkcs8",
    ".cms": "cms",
    ".p7c": "cms",
    ".p7m": "cms",
    ".p7s": "cms",
    ".pkcs7": "cms",
    ".tst": "cms",
    ".tsr": "cms",
    ".sig": "cms",
    ".ers": "cms",
    ".der": "cms",
    ".bin": "cms",
}
_ALL_PARSE: Final = ("zlint-smime",)  # these certificates break rules of profiles, but must be parsed
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----")
_OCTAL: Final = re.compile(r"CKA_VALUE MULTILINE_OCTAL\n([\\0-7\n]*+)END")


def read_fuzz(folder: Path) -> Iterator[Case]:
    """Every file of every corpus."""
    for directory in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(directory.iterdir()):
            task = Parse(octets=path.read_bytes(), kind=_FUZZ_KINDS[directory.name], may_refuse=True)
            yield Case(set=folder.name, name=f"{directory.name}/{path.name}", task=task)


def read_blocks(folder: Path) -> Iterator[Case]:
    """Every PEM block of a known label, and every file of a known suffix."""
    for path in sorted(folder.glob("**/*")):
        if not path.is_file() or path.suffix in (".md", ".json"):
            continue
        octets, name = path.read_bytes(), path.relative_to(folder).as_posix()
        blocks = [(label, text) for label, text in _PEM.findall(octets) if label in _PEM_KINDS]
        for number, (label, text) in enumerate(blocks, 1):
            decoded = base64.b64decode(text)
            task = Parse(octets=decoded, kind=_PEM_KINDS[label], may_refuse=folder.name not in _ALL_PARSE)
            yield Case(set=folder.name, name=f"{name} {number}", task=task)
        if not blocks and path.suffix in _SUFFIX_KINDS:
            task = Parse(octets=octets, kind=_SUFFIX_KINDS[path.suffix], may_refuse=True)
            yield Case(set=folder.name, name=name, task=task)


def read_limbo(folder: Path) -> Iterator[Case]:
    """All certificates and revocation lists of each testcase."""
    for document in sorted(folder.glob("*limbo.json")):
        for entry in json.loads(document.read_text(encoding="utf-8"))["testcases"]:
            texts = [*entry["trusted_certs"], *entry["untrusted_intermediates"], entry["peer_certificate"]]
            for number, text in enumerate([*texts, *entry.get("crls", [])], 1):
                kind = "certificate" if number <= len(texts) else "crl"
                task = Parse(octets=text.encode("utf-8"), kind=kind, may_refuse=True)
                yield Case(set="limbo", name=f"{entry['id']} {number}", task=task)


def read_certdata(folder: Path) -> Iterator[Case]:
    """Mozilla's roots: each must parse."""
    text = (folder / "certdata.txt").read_text(encoding="utf-8")
    for number, match in enumerate(_OCTAL.finditer(text), 1):
        octets = bytes(int(digits, 8) for digits in match[1].replace("\n", "").split("\\")[1:])
        yield Case(set="nss-certdata", name=f"root {number}", task=Parse(octets=octets, kind="certificate", members=1))
