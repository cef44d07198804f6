"""The extension in a browser for which an administrator has set its managed storage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.browsers import Browser, Chromium, Firefox, Name
from tests.support.browser.required import require_browser
from tests.support.extension.driver import Extension
from tests.support.project import ROOT

EXTENSION_ID = json.loads((ROOT / "browser_ext/manifest.json").read_text())["browser_specific_settings"]["gecko"]["id"]


@contextmanager
def start_managed(
    name: Name,
    folder: Path,
    running: list[Browser],
    tmp_path: Path,
    patch: pytest.MonkeyPatch,
    *,
    settings: dict[str, Any],
) -> Iterator[Extension]:
    """The extension in another browser, for which an administrator has set these settings.

    Firefox reads the managed storage from the person's home folder. Chromium's policies hold for the whole machine. Its
    page for testing policies sets them for one browser, and the extension gets them in the same way.
    """
    require_browser(name)
    if name == "firefox":
        place = tmp_path / "home/.mozilla/managed-storage"
        place.mkdir(parents=True, exist_ok=True)
        manifest = {"name": EXTENSION_ID, "description": "Sealwax", "type": "storage", "data": settings}
        (place / f"{EXTENSION_ID}.json").write_text(json.dumps(manifest))
        patch.setenv("HOME", str(tmp_path / "home"))
    browser = Chromium(tmp_path / "profile") if name == "chromium" else Firefox(tmp_path / "profile")
    running.append(browser)
    try:
        extension = Extension(browser, folder)
        if isinstance(browser, Chromium):
            _set_policies(browser, extension.id, settings)
        yield extension
    finally:
        running.remove(browser)
        browser.close()


def _set_policies(chromium: Chromium, extension: str, settings: dict[str, Any]) -> None:
    """Set the whole managed storage of an extension."""
    every = [
        {"namespace": extension, "name": name, "value": value, "level": 1, "scope": 0, "source": 0}
        for name, value in settings.items()
    ]
    page = chromium.open("chrome://policy/test")
    page.js(
        """async (policies) => {
          const { sendWithPromise } = await import("chrome://resources/js/cr.js");
          await sendWithPromise("setLocalTestPolicies", policies, "");
        }""",
        json.dumps(every),
    )
    page.close()
