"""Fixtures for the views of the extension, and for the sites that they are shown in."""

from __future__ import annotations

from tests.support.browser.web_site import site as web_site  # noqa: F401 (handed on by this name)
from tests.support.extension.saved_webmails import service as service
from tests.support.extension.stage import quiet_sites as quiet_sites, stage as stage
