"""A mail that is encrypted inside a signature, in the extension's viewer, the pages and the JavaScript API."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.blocking import encrypt_bytes, run, sign_bytes
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.identity.identity import Identity
from smime_core.message import encrypt_entity, sign_entity
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import NATIVE, PASSPHRASE, Letters, mail, make_letters, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.vault.page import VaultServer
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

ENTITY = text("The third envelope.")
OUTSIDE = "The message was signed after it was encrypted"
FORMS = pytest.mark.parametrize("form", list(SignatureForm))

# Unlocks the keys, reads the messages through the API, in memory and as streams, and reports the results.
SCRIPT = page_program("vault/triple_wrapping_page.js")


def sign(entity: bytes, signer: Identity, form: SignatureForm) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    return run(sign_entity(entity, Signing(identities=[signer], signing_time=now, form=form), provider=NATIVE))


def encrypt(entity: bytes, reader: Identity) -> bytes:
    return run(encrypt_entity(entity, Encrypting(recipients=[reader.certificate]), provider=NATIVE))


def triple(form: SignatureForm, *, signer: Identity, reader: Identity) -> bytes:
    return mail(sign(encrypt(sign(ENTITY, signer, form), reader), signer, form))


def outside(form: SignatureForm, *, signer: Identity, reader: Identity) -> bytes:
    return mail(sign(encrypt(ENTITY, reader), signer, form))


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Letters:
    return make_letters(tmp_path_factory.mktemp("letters"))


@pytest.fixture(scope="module")
def viewer(browser: Browser, built_files: Path, letters: Letters) -> Iterator[Page]:
    """The extension's viewer, with Alice's keys and the authority of both."""
    # A mark would come too late: this fixture is older than the test.
    if browser.name == "webkit":
        pytest.skip("there is no extension for WebKitGTK")
    extension = Extension(browser, built_files / "extension_test")
    extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[letters.folder / "ca.der"])
    page = browser.open(extension.base + "viewer/viewer.html")
    page.wait_for_text("Choose a file")
    yield page
    page.close()
    extension.uninstall()


def show(viewer: Page, path: Path) -> str:
    """Open a file in the viewer. Returns the state that its headline shows."""
    viewer.js("() => document.querySelector('main').replaceChildren()")
    viewer.choose_files("#file", [path])
    viewer.wait_for_selector("main :is(.state-statement, [data-test=problem])", timeout_seconds=60)
    return str(viewer.js("() => document.querySelector('main .state-statement')?.dataset.state"))


def details(viewer: Page) -> list[str]:
    """The lines that the viewer shows under "Details"."""
    lines: list[str] = viewer.js(
        "(lines) => [...document.querySelectorAll(lines)].map((one) => one.textContent)",
        "main .disclosures > details:last-child li",
    )
    return lines


@FORMS
def test_the_viewer_opens_it_and_says_what_holds_for_each_layer(
    viewer: Page, letters: Letters, form: SignatureForm
) -> None:
    message = triple(form, signer=letters.bob, reader=letters.alice)
    assert show(viewer, letters.write("triple.eml", message)) == "verified"
    view = viewer.wait_for_frame("mail_view.html")
    assert "The third envelope." in view.wait_for_text("The third envelope.", selector="main")
    signed, encrypted, inside = [line for line in details(viewer) if "RSA" in line or "AES" in line]
    assert signed.startswith("Signed by")
    assert signed.endswith(": Verified")
    assert encrypted.startswith("Encrypted for")
    assert inside == signed


@pytest.mark.thorough(False)
@FORMS
def test_the_viewer_verifies_no_signature_outside_the_encryption(
    viewer: Page, letters: Letters, form: SignatureForm
) -> None:
    message = outside(form, signer=letters.bob, reader=letters.alice)
    assert show(viewer, letters.write("outside.eml", message)) == "signed-unverified"
    assert OUTSIDE in viewer.text("main .state-statement")


@pytest.fixture
def reader(browser: Browser, demo_stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, demo_stack.pages_url, demo_stack.accounts[0])
    pages.enter()
    yield pages
    pages.close()


@pytest.mark.server
def test_the_pages_open_it_and_verify_no_signature_outside_the_encryption(
    reader: MailPages, demo_stack: DemoStack
) -> None:
    alice, bob = demo_stack.accounts
    people = {"signer": bob.identity, "reader": alice.identity}
    for form in SignatureForm:
        reader.open_message(demo_stack.mail_server.append(alice.address, triple(form, **people)))
        state = f"{named('state')}[data-state=verified]"
        reader.page.wait_for_selector(state, timeout_seconds=OPERATION_SECONDS)
        assert "The third envelope." in reader.body
        reader.page.click(f"{named('details')} > summary")
        layers = reader.page.js(
            "() => [...document.querySelectorAll('[data-test=details] .layer')].map((one) => one.textContent)"
        )
        assert ["Verified" in layer for layer in layers] == [True, False, True]

        reader.open_message(demo_stack.mail_server.append(alice.address, outside(form, **people)))
        state = f"{named('state')}[data-state=signed-unverified]"
        reader.page.wait_for_selector(state, timeout_seconds=OPERATION_SECONDS)
        assert OUTSIDE in reader.page.text(named("state"))
        assert "Ask the sender whether they wrote it." in reader.page.text(named("state"))


@FORMS
def test_the_api_opens_it_in_memory_and_as_a_stream(
    browser: Browser, vault_server: VaultServer, letters: Letters, form: SignatureForm
) -> None:
    people = {"signer": letters.bob, "reader": letters.alice}
    encrypted = encrypt_bytes(b"bare", Encrypting(recipients=[letters.alice.certificate]), provider=NATIVE)
    now = datetime.datetime.now(datetime.UTC)
    inputs = (
        (letters.folder / "alice.p12").read_bytes(),
        PASSPHRASE.encode(),
        (letters.folder / "ca.der").read_bytes(),
        triple(form, **people),
        outside(form, **people),
        sign_bytes(encrypted, Signing(identities=[letters.bob], signing_time=now), provider=NATIVE),
    )
    vault_server.files = {
        "/": b'<!doctype html><link rel=icon href="data:,"><script type=module src="script.js"></script>',
        "/script.js": SCRIPT.encode(),
        "/given.json": json.dumps([base64.b64encode(octets).decode() for octets in inputs]).encode(),
    }
    page = browser.open(f"http://127.0.0.1:{vault_server.port}/")
    try:
        seen = page.wait_for("() => window.seen", timeout_seconds=90)
    finally:
        page.close()
        vault_server.files = {}
    first, second = seen["opened"]
    assert (first["state"], first["text"].strip()) == ("verified", "The third envelope.")
    assert (first["layers"], first["signers"]) == (["signed", "encrypted", "signed"], ["verified", "verified"])
    assert (second["state"], second["reason"]) == ("signed-unverified", "signed-outside-encryption")
    assert "The third envelope." in seen["streamed"] or form is SignatureForm.OPAQUE
    assert seen["streamed"].startswith("From: Bob")
    assert seen["bare"] == ["bare", "bare"]
