"""Fixtures for whole pages: a site that publishes them, and the extension with its readers."""

from __future__ import annotations

from tests.support.browser.web_site import site
from tests.support.extension.page_viewer import extension, letters, tab

__all__ = ["extension", "letters", "site", "tab"]
