"""Fixtures of the page with keys before a key server: people, the servers, and Alice's first and second browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import PASSPHRASE, People, people as people
from tests.support.extension.key_accounts import second as second, servers as servers
from tests.support.servers.tls import tls_folder as tls_folder


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, people: People) -> Iterator[Extension]:
    """Alice's first browser, which has her keys."""
    extension = Extension(browser, folder)
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    yield extension
    extension.uninstall()
