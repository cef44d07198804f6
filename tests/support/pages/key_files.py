"""The key file of a parcel's recipient, and the form of the page that opens it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from smime_core.blocking import export_identity, run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity import Identity
from smime_core.provider import NewKey
from smime_core.x509 import Certificate
from tests.support.browser.page import ENTER
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcels import READER, ParcelPage
from tests.support.people import PROVIDER

PASSPHRASE = "four words for tests"
_ROUNDS = 1_000


@dataclass(frozen=True)
class KeyFile:
    """An identity and its PKCS#12 file."""

    identity: Identity
    path: Path

    @property
    def certificate(self) -> Certificate:
        return self.identity.certificate


def make_key_file(folder: Path, address: str = READER, *, key: NewKey = NewKey.RSA_2048) -> KeyFile:
    """The key file of a person whose authority the operator need not know."""
    at = datetime.now(UTC)
    authority = run(create_authority("Elsewhere CA", provider=PROVIDER, at=at))
    identity = run(issue_identity(authority, address, provider=PROVIDER, at=at, key=key))
    path = folder / f"{address.partition('@')[0]}-{key.name.lower()}.p12"
    path.write_bytes(export_identity(identity, PASSPHRASE.encode(), provider=PROVIDER, iterations=_ROUNDS))
    return KeyFile(identity, path)


def choose_key_file(reader: ParcelPage, path: Path, passphrase: str = PASSPHRASE) -> None:
    """Choose the file in the form for the owner of a certificate, type the passphrase, and press Enter."""
    page = reader.page
    if not page.js("(form) => document.querySelector(form) !== null", named("certificate-form")):
        page.click(named("use-certificate"))
        page.wait_for_selector(named("certificate-form"))
    page.choose_files(named("key-file"), [path])
    page.click(f"{named('certificate-form')} {named('passphrase')}")
    page.type(passphrase + ENTER)


def open_by_key_file(reader: ParcelPage, path: Path) -> None:
    """Open the parcel by the file, and wait for it."""
    choose_key_file(reader, path)
    reader.wait_until_opened()


def wait_for_refusal(reader: ParcelPage, test: str) -> str:
    """The sentence in the form, in the element of this `data-test` name."""
    selector = f"{named('certificate-form')} {named(test)}"
    has_text = "(selector) => Boolean(document.querySelector(selector)?.textContent)"
    reader.page.wait_for(has_text, selector, timeout_seconds=OPERATION_SECONDS)
    return reader.page.text(selector)
