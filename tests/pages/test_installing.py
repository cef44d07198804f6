"""The manifest by which a browser installs the pages as a program."""

from __future__ import annotations

import pytest

from tests.support.browser.browsers import Browser, Chromium
from tests.support.pages.driver import MailPages

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_the_pages_can_be_installed(browser: Browser, visitor: MailPages) -> None:
    page = visitor.page
    manifest = page.js("async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()")
    assert (manifest["name"], manifest["display"], manifest["scope"]) == ("Sealwax", "standalone", "/")
    if isinstance(browser, Chromium):
        answer = browser.page_cdp(page, "Page.getAppManifest")
        assert answer["errors"] == []
        assert browser.page_cdp(page, "Page.getInstallabilityErrors")["installabilityErrors"] in (
            [],
            # A private window installs nothing.
            [{"errorId": "in-incognito", "errorArguments": []}],
        )
