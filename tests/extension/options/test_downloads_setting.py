"""The setting for downloaded messages is the browser's permission itself, which the person grants and takes back."""

from __future__ import annotations

import pytest

from tests.support.browser.browsers import Browser, Firefox
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import open_keys, show_section

pytestmark = pytest.mark.browser

IS_GRANTED = """async (granted) => {
  const found = await (globalThis.browser ?? chrome).permissions.contains({ permissions: ["downloads"] });
  return found === granted && document.querySelector("[data-test=downloads]").checked === granted;
}"""


def test_the_box_asks_for_the_permission_and_gives_it_back(browser: Browser, extension: Extension) -> None:
    page = open_keys(extension)
    show_section(page, "settings")
    page.wait_for(IS_GRANTED, False)
    # Chromium asks in a window of its own, which no test can answer.
    for granted in (True, False) if isinstance(browser, Firefox) else ():
        page.click("[data-test=downloads]")
        page.wait_for(IS_GRANTED, granted)
