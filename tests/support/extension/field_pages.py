"""People, pages and fields for the tests of the extension in pages: who they are, where they write, how they open."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.demo_ca import Authority, create_authority, issue_identity
from smime_core.fields import open_field, seal_field
from smime_core.identity import Identity, export_identity
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.private_key_file import export_private_key
from smime_core.providers.native import NativeProvider
from smime_core.report import MessageReport
from tests.browser.browsers import Browser
from tests.browser.extension_driver import Extension, Frame, Site, running_site
from tests.browser.page import Page
from webbridge.demo.accounts import certificate_pem

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "Vier Möwen & ein Wal"
TEXT = "Grüße an Bob, und an niemanden sonst."
NATIVE = NativeProvider()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Alice, who sits at the browser, Bob and Carol elsewhere, all of one authority."""

    alice: Identity
    bob: Identity
    carol: Identity
    authority: Authority
    trust_store: TrustStore
    folder: Path

    def seal(self, text: str, *, origin: str, to: Identity) -> str:
        """A field that Bob has signed and sealed for one person."""
        now = datetime.datetime.now(datetime.UTC)
        sealing = seal_field(
            text,
            origin=origin,
            recipients=[to.certificate],
            identity=self.bob,
            signing_time=now,
            provider=NATIVE,
        )
        return run(sealing)

    def open(self, armored: str, *, origin: str, identity: Identity) -> MessageReport:
        now = datetime.datetime.now(datetime.UTC)
        opening = open_field(
            armored.encode(),
            origin=origin,
            trust_store=self.trust_store,
            at=now,
            identities=[identity],
            provider=NATIVE,
        )
        return run(opening)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return make_people(tmp_path_factory.mktemp("people"))


def make_people(folder: Path) -> People:
    """People and their files, made anew."""
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
    """Whatever an earlier test did, Alice's keys are open."""
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    return extension


@pytest.fixture
def page(extension: Extension) -> Iterator[Page]:
    """A tab that is closed after the test, with the extension's windows if some are left."""
    page = extension.browser.open("about:blank")
    yield page
    page.close()
    extension.browser.close_pages("prompt.html", "broker.html", "viewer.html")


def seal(extension: Extension, page: Page, field: str, text: str = TEXT) -> Frame:
    """Write into a field privately, seal it and wait until the page has the sealed text."""
    frame = extension.write(page, field, text)
    frame.around.click("[data-test=seal]")
    extension.answer()
    frame.around.wait_for_text("Sealed for", timeout_seconds=30)
    return frame


def open_and_agree(extension: Extension, page: Page, field: str = "#letter") -> Page:
    """Open sealed text in its place; agree if the extension asks. Returns what stands around the text."""
    extension.click_button(page, field)
    return agree_if_asked(extension, page).around


def agree_if_asked(extension: Extension, page: Page) -> Frame:
    """The frame in a page, once it shows what it opened, or why not; agrees if the extension asks first."""
    frame = extension.frame_in(page)
    asked_or_done = "() => document.querySelector('.state-statement, [data-test=problem]') !== null"
    for _ in range(400):
        if extension.has_window():
            extension.answer()
            break
        if frame.around.js(asked_or_done):
            break
        time.sleep(0.05)
    frame.around.wait_for(asked_or_done, timeout_seconds=30)
    return frame
