"""The extension's settings for writing: a timestamp service, and a policy of security labels."""

from __future__ import annotations

from typing import Any

from tests.support.extension import kept_records
from tests.support.extension.driver import Extension

LABELS: dict[str, Any] = {
    "policy": "1.3.6.1.4.1.99.7",
    "name": "Harbour",
    "classifications": [{"value": 1, "name": "Open"}, {"value": 5, "name": "Crew only"}],
}


def keep_writing(extension: Extension, **writing: Any) -> None:
    """Store these settings without the page of settings. Those that are not given become none."""
    value = {"timestampService": "", "labelPolicy": None, **writing}
    page = extension.browser.open(extension.base + "viewer/page_viewer.html")
    page.wait_for("() => document.readyState === 'complete'")
    kept_records.put(page, {"settings": [{"name": "writing", "value": value}]})
    page.close()
