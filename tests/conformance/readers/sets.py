"""The sets that the runner knows, and how each folder is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.conformance.case import Case
from tests.conformance.readers import corpora, mail_sets, pkcs12, pqc_hackathon, wycheproof
from tests.conformance.readers.described import read_described

Reader = Callable[[Path], Iterator[Case]]

_EXPECTED: Final = Path(__file__).resolve().parent.parent / "expected"


def _described(set_name: str) -> Reader:
    return lambda folder: read_described(set_name, folder, _EXPECTED / f"{set_name}.json")


def _read_cms(folder: Path) -> Iterator[Case]:
    return read_described(folder.name, folder, folder / "cases.json")


def _read_openssl(folder: Path) -> Iterator[Case]:
    yield from _described("openssl-cms")(folder)
    yield from pkcs12.read_pkcs12(folder)


SETS: Final[dict[str, Reader]] = {
    "wycheproof": wycheproof.read_cases,
    "pkcs12": pkcs12.read_pkcs12,
    "pkits": mail_sets.read_pkits,
    "limbo": corpora.read_limbo,
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
    "boringssl-pki": corpora.read_blocks,
    "openssl-verify": corpora.read_blocks,
    "zlint-smime": corpora.read_blocks,
    "dss": corpora.read_blocks,
    "nss-certdata": corpora.read_certdata,
}

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
    """The reader of a folder of the published vectors, whose name says what it is. Raises KeyError."""
    if folder_name.startswith(("mime-", "pkcs12-")):
        return SETS[folder_name.partition("-")[0]]
    return SETS[folder_name]
