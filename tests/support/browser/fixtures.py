"""Fixtures of the browser tests: each browser starts once, and no test may leave an unexpected error in a console."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.browsers import Browser, Chromium, Firefox, Name, launch, missing_programs
from tests.browser.extension_driver import Extension
from tests.browser.page import Page
from tests.browser.vault_page import ROOT, OpenPage, VaultServer, serve_vault
from wasm_build.build import build
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

_running = pytest.StashKey[list[Browser]]()


def start_or_skip(name: Name, factory: pytest.TempPathFactory) -> Browser:
    """Start a browser; skip where it is not installed, except in CI, where its absence is a failure."""
    if missing := missing_programs(name):
        text = f"not installed: {', '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return launch(name, factory.mktemp(name))


@pytest.fixture(scope="session")
def running_browsers(request: pytest.FixtureRequest) -> list[Browser]:
    """The browsers of this session: a test that starts one of its own adds it here to have its console watched."""
    running = request.config.stash.setdefault(_running, [])

    def end(number: int, _frame: FrameType | None) -> None:
        # A test run that is told to end takes its browsers with it; Python would end without unwinding.
        for browser in running:
            browser.process.kill()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    signal.signal(signal.SIGTERM, end)
    return running


class SharedBrowsers:
    """One browser of each kind for all modules. One that no longer answers gives way to a new one."""

    def __init__(self, factory: pytest.TempPathFactory, running: list[Browser]) -> None:
        self._factory = factory
        self._running = running
        self._started: dict[Name, Browser] = {}

    def find(self, name: Name) -> Browser:
        browser = self._started.get(name)
        if browser is not None and not browser.is_answering():
            self._close(name)
            browser = None
        if browser is None:
            browser = self._started[name] = start_or_skip(name, self._factory)
            self._running.append(browser)
        return browser

    def close(self) -> None:
        for name in tuple(self._started):
            self._close(name)

    def _close(self, name: Name) -> None:
        browser = self._started.pop(name)
        self._running.remove(browser)
        browser.close()


@pytest.fixture(scope="session")
def shared_browsers(
    tmp_path_factory: pytest.TempPathFactory, running_browsers: list[Browser]
) -> Iterator[SharedBrowsers]:
    """The browsers of this session that are not a test's own."""
    browsers = SharedBrowsers(tmp_path_factory, running_browsers)
    yield browsers
    browsers.close()


@pytest.fixture(scope="module")
def chromium(shared_browsers: SharedBrowsers) -> Chromium:
    """One Chromium for all tests."""
    browser = shared_browsers.find("chromium")
    assert isinstance(browser, Chromium)
    return browser


@pytest.fixture(scope="module")
def firefox(shared_browsers: SharedBrowsers) -> Firefox:
    """One Firefox for all tests."""
    browser = shared_browsers.find("firefox")
    assert isinstance(browser, Firefox)
    return browser


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Browser:
    """Each of the two browsers in turn."""
    chosen: Browser = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def vault_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of these tests' own."""
    out = tmp_path_factory.mktemp("vault") / "dist"
    build(ROOT, out)
    return out


@pytest.fixture(scope="session")
def vault_server(vault_build: Path) -> Iterator[VaultServer]:
    """A page with a vault; one for all tests."""
    with serve_vault(vault_build / "runtime") as server:
        yield server


@pytest.fixture
def open_vault_page(vault_server: VaultServer, browser: Browser) -> Iterator[OpenPage]:
    """Opens pages with a vault; they are closed with their vaults when the test is over."""
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's files as the tests install them, built for one module, which may alter them."""
    out = tmp_path_factory.mktemp("dist")
    build(ROOT, out)
    return out / "extension_test"


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path) -> Iterator[Extension]:
    """The extension as it is after its installation: without keys."""
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()


@pytest.fixture(scope="session")
def demo_stack() -> Iterator[DemoStack]:
    """Bridge, pages, key server and mail server for two accounts, one for all tests."""
    with DemoStack() as stack:
        yield stack


@pytest.fixture
def alice(demo_stack: DemoStack) -> Account:
    """The first account of the demonstration."""
    return demo_stack.accounts[0]


@pytest.fixture
def bob(demo_stack: DemoStack) -> Account:
    """The second account of the demonstration."""
    return demo_stack.accounts[1]


@pytest.fixture(autouse=True)
def quiet_consoles(running_browsers: list[Browser]) -> Iterator[None]:
    """Fail a test that left an error in a console without having announced it by `browser.expect_error`."""
    yield
    left = {browser.name: errors for browser in running_browsers if (errors := browser.take_unexpected_errors())}
    assert not left, f"unexpected errors in a console: {left}"
