"""Fixtures for whole pages: a site that publishes them, and the extension with its readers."""

from __future__ import annotations

from tests.support.browser.web_site import site as site
from tests.support.extension.page_viewer import extension as extension, letters as letters, tab as tab
