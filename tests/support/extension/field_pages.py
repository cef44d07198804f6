"""People, pages and fields for the tests of the extension in pages, and functions that encrypt and decrypt a field."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import Authority, create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity, export_identity
from smime_core.identity.private_key_file import export_private_key
from smime_core.own_content.fields import examine_field, protect_field
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.providers.native import NativeProvider
from smime_core.report.report import MessageReport
from smime_core.trust.judging import Judging
from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Browser, Chromium, Firefox
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Frame, Site, running_site, textarea
from webbridge.demo.accounts import certificate_pem

PASSPHRASE = "Vier Möwen & ein Wal"
TEXT = "Grüße an Bob, und an niemanden sonst."
NATIVE = NativeProvider()
ENCRYPT_FIELD = textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test")
INSECURE_HOST = "plain.example.test"
BROKEN_CMS = "-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Alice, who uses the browser, Bob and Carol; all have certificates of the same authority."""

    alice: Identity
    bob: Identity
    carol: Identity
    authority: Authority
    trust_store: TrustStore
    folder: Path

    def encrypt(self, text: str, *, origin: str, to: Identity) -> str:
        """Sign the text of a field by Bob, and encrypt it to one person."""
        now = datetime.datetime.now(datetime.UTC)
        encrypting = protect_field(
            text,
            origin=origin,
            provider=NATIVE,
            signing=Signing(identities=[self.bob], signing_time=now),
            encrypting=Encrypting(recipients=[to.certificate]),
        )
        return run(encrypting)

    def open(self, armored: str, *, origin: str, identity: Identity) -> MessageReport:
        now = datetime.datetime.now(datetime.UTC)
        opening = examine_field(
            armored.encode(),
            Judging(trust_store=self.trust_store, at=now),
            origin=origin,
            provider=NATIVE,
            keys=Keys(identities=[identity]),
        )
        return run(opening)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return make_people(tmp_path_factory.mktemp("people"))


def make_people(folder: Path) -> People:
    """Create people with new keys, and write their files."""
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Example CA", provider=NATIVE, at=now))
    alice, bob, carol = (
        run(issue_identity(authority, f"{name}@example.test", provider=NATIVE, at=now))
        for name in ("alice", "bob", "carol")
    )
    p12 = run(export_identity(alice, PASSPHRASE.encode(), provider=NATIVE, iterations=2048))
    (folder / "alice.p12").write_bytes(p12)
    (folder / "damaged.p12").write_bytes(p12[:-200])
    pem = run(export_private_key(alice.private_key, None, provider=NATIVE))
    (folder / "alice.pem").write_bytes(pem + certificate_pem(alice.certificate).encode())
    (folder / "bob.der").write_bytes(bob.certificate.der)
    (folder / "ca.der").write_bytes(authority.identity.certificate.der)
    anchors = (authority.identity.certificate,)
    trust_store = TrustStore.of(*anchors, revocation=RevocationPolicy.NOT_CHECKED)
    return People(alice=alice, bob=bob, carol=carol, authority=authority, trust_store=trust_store, folder=folder)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, people: People) -> Iterator[Extension]:
    """The extension with Alice's keys, Bob's certificate and their authority."""
    extension = Extension(browser, folder)
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[people.folder / "ca.der"], people=[people.folder / "bob.der"])
    yield extension
    extension.uninstall()


@pytest.fixture
def unlocked(extension: Extension, people: People) -> Extension:
    """The extension with Alice's keys unlocked, even if an earlier test locked them."""
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    return extension


@pytest.fixture
def page(extension: Extension) -> Iterator[Page]:
    """A tab. After the test it is closed, with all windows of the extension."""
    page = extension.browser.open("about:blank")
    yield page
    page.close()
    extension.browser.close_pages("prompt.html", "broker.html", "viewer.html")


def encrypt(extension: Extension, page: Page, field: str, text: str = TEXT) -> Frame:
    """Write a text in the extension's editor, encrypt it, and wait until the page has the encrypted text."""
    frame = extension.write(page, field, text)
    frame.around.click("[data-test=encrypt]")
    extension.answer()
    frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    return frame


def open_and_agree(extension: Extension, page: Page, field: str = "#letter") -> Page:
    """Decrypt a text in its place in the page, and agree if the extension asks. Returns the frame around the text."""
    extension.click_button(page, field)
    return agree_if_asked(extension, page).around


def agree_if_asked(extension: Extension, page: Page) -> Frame:
    """Wait until the frame shows the decrypted text or a problem, and return it. Agrees if the extension asks."""
    frame = extension.frame_in(page)
    asked_or_done = "() => document.querySelector('.state-statement, [data-test=problem]') !== null"
    for _ in range(400):
        if extension.has_window():
            extension.answer()
            break
        try:
            if frame.around.js(asked_or_done):
                break
        except BidiError:
            # The frame was prepared, and the page has moved it: another one is in its place.
            frame = extension.frame_in(page)
        time.sleep(0.05)
    frame.around.wait_for(asked_or_done, timeout_seconds=30)
    return frame


@pytest.fixture
def insecure(
    request: pytest.FixtureRequest, browser: Browser, folder: Path, people: People, tmp_path: Path
) -> Iterator[Extension]:
    """The extension in a browser that resolves `INSECURE_HOST` to loopback. Its pages are insecure contexts."""
    if isinstance(browser, Firefox):
        browser.chrome_js("(name) => { Services.prefs.setCharPref('network.dns.localDomains', name); }", INSECURE_HOST)
        yield request.getfixturevalue("unlocked")
        browser.chrome_js("() => { Services.prefs.clearUserPref('network.dns.localDomains'); }")
        return
    # Host names can be mapped only when Chromium starts.
    running: list[Browser] = request.getfixturevalue("running_browsers")
    own = Chromium(tmp_path, flags=(f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1",))
    running.append(own)
    extension = Extension(own, folder)
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    yield extension
    running.remove(own)
    own.close()
