"""Fixtures for the window for writing letters: the extension, and a page that plays a webmail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import Webmail, add_fake_webmail
from tests.support.extension.driver import Extension, Site
from tests.support.extension.field_pages import PASSPHRASE, People


@pytest.fixture(scope="module")
def folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return add_fake_webmail(folder, tmp_path_factory.mktemp("extension") / "with_webmail")


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, people: People) -> Iterator[Extension]:
    """The extension with Alice's keys, Bob's certificate and their authority."""
    extension = Extension(browser, folder)
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[people.folder / "ca.der"], people=[people.folder / "bob.der"])
    yield extension
    extension.uninstall()


@pytest.fixture
def webmail(extension: Extension, site: Site, people: People) -> Iterator[Webmail]:
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    webmail = Webmail(extension, site)
    yield webmail
    for context in extension.browser.contexts():
        if "compose.html" in context["url"]:
            Page(extension.browser, context["context"]).close()
    webmail.close()
