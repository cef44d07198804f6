"""Fixtures for the views of the extension, and for the sites that they are shown in."""

from __future__ import annotations

from tests.support.browser.web_site import site as web_site
from tests.support.extension.saved_webmails import service
from tests.support.extension.stage import quiet_sites, stage

__all__ = ["quiet_sites", "service", "stage", "web_site"]
