"""Fixtures of the vault's tests: pages with a vault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.demonstration import demo_stack as demo_stack, pages_with_sources as pages_with_sources
from tests.support.vault.page import OpenPage, VaultServer, serve_vault


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
def browser(request: pytest.FixtureRequest) -> Browser:
    """Each of the three browsers in turn."""
    chosen: Browser = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def vault_server(built_files: Path) -> Iterator[VaultServer]:
    """The server of pages with a vault, one for all tests."""
    with serve_vault(built_files / "runtime") as server:
        yield server


@pytest.fixture
def open_vault_page(vault_server: VaultServer, browser: Browser) -> Iterator[OpenPage]:
    """A function that opens pages with a vault. Pages and vaults are closed after the test."""
    # Firefox reports the downloads that end with their page or Worker, at times only in the test after it.
    browser.expect_error("NS_BINDING_ABORTED")
    pages: list[Page] = []

    def open_it(
        *workers: str,
        altered: str | None = None,
        missing: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> Page:
        vault_server.workers[:] = workers
        vault_server.altered = {altered} if altered else set()
        vault_server.missing = {missing} if missing else set()
        vault_server.asked.clear()
        page = browser.open(f"http://127.0.0.1:{vault_server.port}/?{quote(json.dumps(options or {}))}")
        pages.append(page)
        page.wait_for("() => window.opened === true", timeout_seconds=60)
        return page

    yield open_it
    vault_server.workers.clear()
    vault_server.altered.clear()
    vault_server.missing.clear()
    for page in pages:
        page.js("() => window.vault?.close()")
        page.close()
