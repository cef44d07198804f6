"""The viewer in real browsers: mails, signatures and certificates from files, with their verdict and their parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import mail_letters
from tests.browser.browsers import Browser
from tests.browser.extension_driver import Extension
from tests.browser.mail_letters import PASSPHRASE, Letters, file, html, mail, make_letters, multipart, text
from tests.browser.page import Page
from wasm_build.build import build

pytestmark = [pytest.mark.browser, pytest.mark.in_turn]

ROOT = Path(__file__).resolve().parents[2]
MARKUP = '<h2>Thursday</h2><p>at <b>one</b>, <a href="https://map.example.test/x">here</a> <img src="cid:seal@b"></p>'


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Letters:
    return make_letters(tmp_path_factory.mktemp("letters"))


@pytest.fixture(scope="module")
def extension(browser: Browser, letters: Letters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    """The extension with Alice's keys and the authority of both."""
    out = tmp_path_factory.mktemp("dist")
    build(ROOT, out)
    extension = Extension(browser, out / "extension_test")
    extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
    extension.import_certificate("anchors", letters.folder / "ca.der", expect="Example CA")
    yield extension
    extension.uninstall()


@pytest.fixture(scope="module")
def viewer(extension: Extension) -> Iterator[Page]:
    page = extension.browser.open(extension.base + "viewer.html")
    page.wait_for_selector("[data-test=pick]")
    yield page
    page.close()


def open_file(viewer: Page, path: Path) -> None:
    """Open a file and wait until the viewer has something to say of it."""
    viewer.js("() => document.querySelector('main').replaceChildren()")
    viewer.choose_files("#file", [path])
    viewer.wait_for(
        """(said) => document.querySelector("[data-test=note]").textContent !== ""
          || document.querySelector(said) !== null""",
        "main :is(.state-statement, [data-test=problem], [data-test=certificate])",
        timeout_seconds=60,
    )


def state_of(viewer: Page) -> str:
    return str(viewer.js("() => document.querySelector('main .state-statement').dataset.state"))


def view_of(viewer: Page) -> Page:
    view = viewer.wait_for_frame("mail_view.html")
    view.wait_for_selector("header")
    return view


def rich_letter() -> bytes:
    """Formatted, with a picture in it and two files."""
    related = multipart(
        "related", html(MARKUP), file("s.png", "image/png", mail_letters.picture(), content_id="seal@b"), boundary="b2"
    )
    inner = mail(text("From long ago."), subject="Old")
    return mail(
        multipart(
            "mixed",
            multipart("alternative", text("Thursday at one."), related, boundary="b3"),
            file("plan.pdf", "application/pdf", b"%PDF-1.7 plan"),
            b'Content-Type: message/rfc822; name="old.eml"\r\nContent-Disposition: attachment\r\n\r\n' + inner,
        )
    )


def test_a_signed_and_sealed_mail_shows_who_wrote_it_and_what_it_says(viewer: Page, letters: Letters) -> None:
    open_file(viewer, letters.write("rich.eml", letters.signed_and_sealed(rich_letter())))
    assert state_of(viewer) == "verified"
    view = view_of(viewer)
    assert view.text("[data-test=subject]") == "Thursday"
    assert "bob@example.test" in view.text("[data-test=from]")
    assert "Hidden on the way: Subject" in view.text("[data-test=fields-hidden]")
    assert "plan.pdf" in view.text("[data-test=files]")
    markup = view.wait_for_frame("about:srcdoc")
    assert "at one, here [map.example.test]" in markup.text()
    assert markup.wait_for("() => document.images[0]?.naturalWidth === 40")
    # What the mail says stands nowhere in the extension's own page.
    assert "Thursday" not in viewer.js("() => document.documentElement.outerHTML")
    view.click("[data-test=as-text]")
    assert view.wait_for_text("Thursday at one.", selector="main")
