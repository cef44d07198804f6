"""The sets that the runner knows, and the reader for each folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tools.conformance.case import Case
from tools.conformance.readers import (
    boringssl_pki,
    corpora,
    dss,
    mail_sets,
    paths,
    pkcs12,
    pqc_hackathon,
    revocation,
    wycheproof,
    zlint_smime,
)
from tools.conformance.readers.described import read_described

Reader = Callable[[Path], Iterator[Case]]

_EXPECTED: Final = Path(__file__).resolve().parent.parent / "expected"


def _described(set_name: str) -> Reader:
    return lambda folder: read_described(set_name, folder, _EXPECTED / f"{set_name}.json")


def _read_cms(folder: Path) -> Iterator[Case]:
    return read_described(folder.name, folder, folder / "cases.json")


def _read_openssl(folder: Path) -> Iterator[Case]:
    yield from _described("openssl-cms")(folder)
    yield from pkcs12.read_pkcs12(folder)


def _read_boringssl(folder: Path) -> Iterator[Case]:
    yield from corpora.read_blocks(folder)
    yield from revocation.read_boringssl_lists(folder)
    yield from revocation.read_boringssl_responses(folder)
    yield from boringssl_pki.read_path_parts(folder)


def _read_openssl_verify(folder: Path) -> Iterator[Case]:
    yield from corpora.read_blocks(folder)
    yield from revocation.read_openssl_responses(folder)
    yield from paths.read_openssl_paths(folder)


def _read_pkits(folder: Path) -> Iterator[Case]:
    yield from mail_sets.read_pkits(folder)
    yield from paths.read_pkits_paths(folder)


def _read_limbo(folder: Path) -> Iterator[Case]:
    yield from corpora.read_limbo(folder)
    yield from paths.read_limbo_paths(folder)


SETS: Final[dict[str, Reader]] = {
    "wycheproof": wycheproof.read_cases,
    "pkcs12": pkcs12.read_pkcs12,
    "pkits": _read_pkits,
    "limbo": _read_limbo,
    "johnny": mail_sets.read_johnny,
    "mime": mail_sets.read_mime,
    "cms": _read_cms,
    "rfc4134": _described("rfc4134"),
    "rfc9216": _described("rfc9216"),
    "cms-examples-ireland": _described("cms-examples-ireland"),
    "openssl-cms": _read_openssl,
    "pkcs7-pyca": _described("pkcs7-pyca"),
    "pkcs7-go": _described("pkcs7-go"),
    "libksba": _described("libksba"),
    "pqc-lamps": _described("pqc-lamps"),
    "pqc-hackathon": pqc_hackathon.read_cases,
    "protected-headers-autocrypt": _described("protected-headers-autocrypt"),
    "protected-headers-notmuch": mail_sets.read_notmuch_headers,
    "fuzz-openssl": corpora.read_fuzz,
    "fuzz-boringssl": corpora.read_fuzz,
    "boringssl-pki": _read_boringssl,
    "openssl-verify": _read_openssl_verify,
    "zlint-smime": zlint_smime.read_cases,
    "dss": dss.read_cases,
    "nss-certdata": corpora.read_certdata,
}

ABOUT: Final = {
    "wycheproof": "each answer of each test, at the provider's door",
    "pkcs12": "opens or is refused as the reference says; keys, names, certificates; another password does not open it",
    "pkits": "each path with each of its settings, alone and below its signed mail; policies; all files are read",
    "limbo": "the verdicts on paths; names of servers are not compared; all files are read or refused",
    "johnny": "the verdict on each spoof, and who signed",
    "mime": "round trips, byte-exact; structure and bodies where another parser wrote them down",
    "rfc4134": "every example of the RFC: signatures, countersignature, plaintexts, digests, certificates, keys",
    "rfc9216": "paths with both roots, signatures of all certificates, keys used, PKCS#12 files",
    "cms-examples-ireland": "signatures and plaintexts",
    "openssl-cms": "what must verify, open and be refused; keys used; a timestamp; PKCS#12 files",
    "pkcs7-pyca": "plaintexts, bags of certificates",
    "pkcs7-go": "signatures, plaintexts, keys used",
    "libksba": "everything is read",
    "pqc-lamps": "signatures, keys in every form, secrets, plaintexts, inconsistent keys refused",
    "pqc-hackathon": "signatures, keys in every form, secrets, plaintexts of three producers",
    "protected-headers-autocrypt": "signatures, plaintexts, verdicts and the headers shown",
    "protected-headers-notmuch": "signatures; the headers shown for OpenPGP mail are the outer ones; round trips",
    "fuzz-openssl": "read, or refused by an SmimeError, within 2 s",
    "fuzz-boringssl": "read, or refused by an SmimeError, within 2 s",
    "boringssl-pki": "the verdicts on CRLs, OCSP responses, names, constraints, policies, signatures, certificates",
    "openssl-verify": "the verdicts on paths and OCSP responses; the rest is read, or refused by an SmimeError",
    "zlint-smime": "all certificates are read; each row of the linter is compared with our check of the profile",
    "dss": "levels of CAdES, signatures, and the timestamps on them and alone; the rest is read",
    "nss-certdata": "all roots are read",
}
"""For each set, the facts that are compared with it and those that are not."""
PUBLISHED: Final = (
    *(name for name in SETS if name not in ("pkcs12", "mime", "cms")),
    "pkcs12-pyca",
    "pkcs12-rfc9579-nss",
    "mime-cpython",
    "mime-mailparser",
    "mime-mime4j",
    "mime-notmuch-lkml",
    "mime-spamassassin",
    "mime-stalwart",
)
"""The folders of the published vectors."""


def reader_for(folder_name: str) -> Reader:
    """The reader for a folder of the published vectors, by the name of the folder. Raises KeyError."""
    return SETS[_kind_of(folder_name)]


def about(folder_name: str) -> str:
    """The sentence about what is compared with a folder's set; empty for a set that is not published."""
    return ABOUT.get(_kind_of(folder_name), "")


def _kind_of(folder_name: str) -> str:
    return folder_name.partition("-")[0] if folder_name.startswith(("mime-", "pkcs12-")) else folder_name
