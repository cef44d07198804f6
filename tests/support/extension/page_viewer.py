"""Drives the extension's viewer of whole pages, and defines the fixtures of its tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import PASSPHRASE, Letters, make_letters

VERDICT = "main :is(.state-statement, [data-test=problem])"


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Letters:
    return make_letters(tmp_path_factory.mktemp("letters"))


@pytest.fixture(scope="module")
def extension(browser: Browser, letters: Letters, folder: Path) -> Iterator[Extension]:
    """The extension with Alice's keys and the authority of Alice and Bob."""
    extension = Extension(browser, folder)
    extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[letters.folder / "ca.der"])
    yield extension
    extension.uninstall()


@pytest.fixture
def tab(extension: Extension) -> Iterator[Page]:
    """A tab. After the test it is closed, with the pages that the extension has opened."""
    # Browsers request a favicon by themselves, and the test servers have none.
    extension.browser.expect_error("favicon|404|byte stream was erroneous")
    page = extension.browser.open("about:blank")
    yield page
    page.close()
    extension.browser.close_pages("page_viewer.html", "page_save.html", "viewer.html", "toolbar.html", "compose.html")


def tab_id(extension: Extension, url: str) -> int:
    options = extension.open_options()
    number = options.js(
        "async (url) => (await (globalThis.browser ?? chrome).tabs.query({})).find((tab) => tab.url === url).id", url
    )
    options.close()
    return int(number)


def verify(extension: Extension, tab: Page, url: str) -> Page:
    """Go to a page and open it in the viewer, as the extension's menu entry does."""
    tab.goto(url)
    viewer = extension.browser.open(f"{extension.base}viewer/page_viewer.html?tab={tab_id(extension, url)}")
    viewer.wait_for_selector(VERDICT, timeout_seconds=60)
    return viewer


def state_of(viewer: Page) -> str:
    return str(viewer.js("() => document.querySelector('main .state-statement')?.dataset.state ?? ''"))


def shown_in(viewer: Page) -> Page:
    """The frame in the viewer that shows the page."""
    return viewer.wait_for_frame("page_view.html").wait_for_frame("about:srcdoc")
