"""Fixtures of all browser tests: each browser starts once, and no test may leave an unexpected error in a console."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from tests.support.browser.browsers import Browser, Chromium, Engine, Firefox, launch
from tests.support.browser.required import require_browser
from tests.support.browser.webkit import WebKit

_running = pytest.StashKey[list[Browser]]()


def start_or_skip(name: Engine, factory: pytest.TempPathFactory) -> Browser:
    """Start a browser. If it is not installed, skip or fail the test as `require_browser` does."""
    require_browser(name)
    profile = factory.mktemp(name)
    return WebKit(profile) if name == "webkit" else launch(name, profile)


@pytest.fixture(scope="session")
def running_browsers(request: pytest.FixtureRequest) -> list[Browser]:
    """The running browsers, whose consoles are checked. A test that starts another browser adds it here."""
    running = request.config.stash.setdefault(_running, [])

    def end(number: int, _frame: FrameType | None) -> None:
        # End the browsers when the test run gets SIGTERM: Python ends then without running `finally` blocks.
        for browser in running:
            browser.kill()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    signal.signal(signal.SIGTERM, end)
    return running


class SharedBrowsers:
    """One browser of each kind for all modules. A browser that no longer answers is replaced by a new one."""

    def __init__(self, factory: pytest.TempPathFactory, running: list[Browser]) -> None:
        self._factory = factory
        self._running = running
        self._started: dict[Engine, Browser] = {}

    def find(self, name: Engine) -> Browser:
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

    def _close(self, name: Engine) -> None:
        browser = self._started.pop(name)
        self._running.remove(browser)
        browser.close()


@pytest.fixture(scope="session")
def shared_browsers(
    tmp_path_factory: pytest.TempPathFactory, running_browsers: list[Browser]
) -> Iterator[SharedBrowsers]:
    """The browsers that all tests share."""
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


@pytest.fixture(scope="module")
def webkit(shared_browsers: SharedBrowsers) -> WebKit:
    """One WebKitGTK for all tests."""
    browser = shared_browsers.find("webkit")
    assert isinstance(browser, WebKit)
    return browser


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Browser:
    """Each of the two browsers in turn."""
    chosen: Browser = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(autouse=True)
def quiet_consoles(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that caused an error in a console, unless it announced the error by `browser.expect_error`."""
    yield
    running = request.config.stash.get(_running, [])
    left = {browser.name: errors for browser in running if (errors := browser.take_unexpected_errors())}
    assert not left, f"unexpected errors in a console: {left}"
