"""The vault for applications: the examples and the page of the guide run without a change."""

from __future__ import annotations

import base64
import datetime
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smime_core import TrustStore, blocking
from smime_core.blocking import run
from smime_core.ca.demo import Authority, create_authority, issue_identity
from smime_core.identity.identity import Identity, export_identity
from smime_core.pkix import RevocationPolicy
from smime_core.trust.judging import Judging
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.code_blocks import examples
from tests.support.project import ROOT
from tests.support.vault.page import PASSPHRASE, PROVIDER, VaultServer

pytestmark = pytest.mark.browser

GUIDE = (ROOT / "docs/javascript.md").read_text()
EXAMPLE = ROOT / "docs/examples/signing"
PAGE = b'<!doctype html><link rel=icon href="data:,"><title>Guide</title><script type=module src="guide.js"></script>'
# The example signs now, not at the time of the other tests.
NOW = datetime.datetime.now(datetime.UTC)

# The inputs of the guide's application: a key file, its passphrase, and certificates.
GIVEN = """
const [keyFile, passphrase, authority, colleague] = (await (await fetch("/given.json")).json()).map(
  (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
const told = [];
console.info = (...words) => told.push(words.join(" "));
"""
TOLD = """
window.seen = {
  told, length, opened, state: report.state, passphrase: passphrase.some(Boolean), identities: vault.identities.length,
  signed: btoa(String.fromCharCode(...new Uint8Array(signed))), received: received.text, kind,
  refused: refused.code, signedMail,
};
vault.close();
"""

OpenAt = Callable[[str, dict[str, bytes]], Page]


@functools.cache
def authority() -> Authority:
    return run(create_authority("Example CA", provider=PROVIDER, at=NOW))


@functools.cache
def person(name: str) -> Identity:
    return run(issue_identity(authority(), f"{name}@example.test", provider=PROVIDER, at=NOW))


def key_file() -> bytes:
    return run(export_identity(person("alice"), PASSPHRASE.encode(), provider=PROVIDER, iterations=1000))


def signer_of(cms: bytes, content: bytes) -> str:
    """The address of the signer that the native core finds, after a check that the signature covers this content."""
    store = TrustStore.of(authority().identity.certificate, revocation=RevocationPolicy.NOT_CHECKED)
    report = blocking.verify_bytes(
        cms, Judging(trust_store=store, at=datetime.datetime.now(datetime.UTC)), provider=PROVIDER
    )
    assert bytes(report.content) == content
    (signer,) = report.signers
    assert signer.certificate is not None
    return signer.certificate.email_addresses[0]


@pytest.fixture
def open_at(vault_server: VaultServer, browser: Browser) -> Iterator[OpenAt]:
    """A function that serves files beside the runtime and opens one of them."""
    pages: list[Page] = []

    def open_it(path: str, files: dict[str, bytes]) -> Page:
        vault_server.files = files
        pages.append(browser.open(f"http://127.0.0.1:{vault_server.port}{path}"))
        return pages[-1]

    yield open_it
    for page in pages:
        page.close()
    vault_server.files = {}


def test_the_examples_of_the_guide_run(open_at: OpenAt) -> None:
    blocks = examples(GUIDE, "js")
    first_import, *_ = blocks
    inputs = (key_file(), PASSPHRASE.encode(), authority().identity.certificate.der, person("bob").certificate.der)
    files = {
        "/": PAGE,
        "/guide.js": "".join([GIVEN, *blocks, TOLD]).encode(),
        "/given.json": json.dumps([base64.b64encode(octets).decode() for octets in inputs]).encode(),
    }
    assert 'from "./runtime/sealwax.js"' in first_import
    page = open_at("/", files)
    seen = page.wait_for("() => window.seen", timeout_seconds=60)

    assert signer_of(base64.b64decode(seen["signed"]), b"Delivery on Monday.") == "alice@example.test"
    assert seen["state"] == "verified"
    assert (seen["opened"], seen["received"].strip()) == ("Delivery on Monday.", "Please sign.")
    assert (seen["length"], seen["kind"]) == (3_000_000, "message")
    assert (seen["refused"], seen["passphrase"], seen["identities"]) == ("wrong-passphrase", False, 0)
    assert "multipart/signed" in seen["signedMail"]
    text = "\n".join(seen["told"])
    assert "alice@example.test" in text
    assert "bytes overwritten in" in text
    assert "locked: hand" in text
    assert "verified Please sign." in text


@pytest.mark.thorough
def test_the_example_page_signs_what_was_typed(open_at: OpenAt, tmp_path: Path) -> None:
    file = tmp_path / "alice.p12"
    file.write_bytes(key_file())
    page = open_at("/signing/index.html", {f"/signing/{path.name}": path.read_bytes() for path in EXAMPLE.iterdir()})
    page.wait_for("() => document.getElementById('said').textContent === 'Choose a key file.'", timeout_seconds=60)
    page.js("() => (URL.createObjectURL = (made) => ((window.saved = made), 'data:,'))")
    page.choose_files("#file", [file])
    page.click("#passphrase [role=textbox]")
    page.type("wrong")
    page.click("#sign")
    page.wait_for("() => document.getElementById('said').textContent.startsWith('This passphrase')", timeout_seconds=30)
    page.click("#passphrase [role=textbox]")
    page.type(PASSPHRASE)
    page.click("#text")
    page.type("At eight.")
    page.click("#sign")
    page.wait_for("() => document.getElementById('said').textContent === 'Signed as alice@example.test.'")
    signed = page.js("async () => btoa(String.fromCharCode(...new Uint8Array(await window.saved.arrayBuffer())))")
    assert signer_of(base64.b64decode(signed), b"At eight.") == "alice@example.test"


def test_the_guide_shows_the_example_as_it_is() -> None:
    page, script = (EXAMPLE / name for name in ("index.html", "page.js"))
    assert f"```html\n{page.read_text()}```" in GUIDE
    assert f"```javascript\n{script.read_text()}```" in GUIDE
    assert len(page.read_text().splitlines() + script.read_text().splitlines()) <= 40
