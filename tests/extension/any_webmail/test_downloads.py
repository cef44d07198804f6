"""Downloaded messages: offered by the toolbar button, fetched again where a page links them, else asked for by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import PASSPHRASE, Letters
from tests.support.extension.shown_mail import RAW, WORDS

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

NAMED = {"Content-Disposition": 'attachment; filename="letter.eml"'}
LINK = "<!doctype html><title>Mail</title><p><a id=save href=/letter.eml>Save</a>"
FORM = "<!doctype html><title>Mail</title><form method=post action=/letter.eml><button id=save>Save</button></form>"
BADGE = "async () => (globalThis.browser ?? chrome).action.getBadgeText({})"
FINISHED = """async (url) => {
  const found = await (globalThis.browser ?? chrome).downloads.search({ url });
  return found.some(({ state }) => state === "complete");
}"""
OFFER = "[data-test=download]"


@pytest.fixture(scope="module")
def extension(browser: Browser, letters: Letters, folder: Path) -> Iterator[Extension]:
    """The extension with Alice's keys and with the permission for downloads, which no test can be asked for."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["permissions"] += manifest.pop("optional_permissions", [])
    (folder / "manifest.json").write_text(json.dumps(manifest))
    extension = Extension(browser, folder)
    extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[letters.folder / "ca.der"])
    yield extension
    extension.uninstall()


def download(extension: Extension, site: WebSite, tab: Page, markup: str) -> Page:
    """Download the file of a page, and return the toolbar's window once the button shows it."""
    site.asked.clear()
    tab.goto(site.serve("/mail", markup.encode()))
    tab.activate()
    tab.click("#save")
    options = extension.open_options()
    options.wait_for(f"async () => await ({BADGE})() === '1'")
    options.close()
    tab.activate()
    extension.browser.click_toolbar_button(extension.id, tab)
    window = extension.browser.wait_for_page("toolbar.html")
    window.wait_for_selector(OFFER)
    return window


def test_a_file_with_another_name_is_not_offered(extension: Extension, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/other", letter, RAW, **{"Content-Disposition": 'attachment; filename="letter.eml.txt"'})
    site.serve("/letter.eml", letter, RAW, **NAMED)
    tab.goto(site.serve("/both", LINK.replace("/letter.eml", "/other").encode()))
    tab.activate()
    tab.click("#save")
    options = extension.open_options()
    options.wait_for(FINISHED, site.origin + "/other")
    options.close()
    window = download(extension, site, tab, LINK)
    assert window.js("(offer) => document.querySelectorAll(offer).length", OFFER) == 1
    with window.closing():
        window.click(OFFER)
    extension.browser.wait_for_page("viewer.html").wait_for_frame("mail_view.html").wait_for_text(WORDS)


def badge(extension: Extension) -> str:
    options = extension.open_options()
    text = options.js(BADGE)
    options.close()
    return str(text)


def test_a_linked_download_is_fetched_again_and_opened(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/letter.eml", letter, RAW, **NAMED)
    window = download(extension, site, tab, LINK)
    assert "letter" in window.text(OFFER)
    assert site.asked.count("/letter.eml") == 1
    with window.closing():
        window.click(OFFER)
    viewer = extension.browser.wait_for_page("viewer.html")
    assert WORDS in viewer.wait_for_frame("mail_view.html").wait_for_text(WORDS, timeout_seconds=30)
    assert site.asked.count("/letter.eml") == 2
    assert badge(extension) == ""


@pytest.mark.parametrize("case", ["form", "signed out"])
def test_any_other_download_is_asked_for_by_its_name(
    extension: Extension, site: WebSite, tab: Page, letter: bytes, case: str
) -> None:
    site.serve("/letter.eml", letter, RAW, **NAMED)
    window = download(extension, site, tab, FORM if case == "form" else LINK)
    site.serve("/letter.eml", b"<!doctype html><title>Sign in</title>")
    site.asked.clear()
    with window.closing():
        window.click(OFFER)
    viewer = extension.browser.wait_for_page("viewer.html")
    assert "letter" in viewer.wait_for_text("Drop", selector="#drop-text")
    assert site.asked == ([] if case == "form" else ["/letter.eml"])
    assert badge(extension) == ""
