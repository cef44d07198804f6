"""Fixtures for tests in which the background stops during work on fields, forms, files, letters and pages."""

from __future__ import annotations

from tests.support.browser.web_site import site as web_site
from tests.support.extension.field_pages import page
from tests.support.extension.form_server import database, shop
from tests.support.extension.saved_webmails import service
from tests.support.extension.uploads import salaries
from tests.support.extension.writing import extension, folder, webmail

__all__ = ["database", "extension", "folder", "page", "salaries", "service", "shop", "web_site", "webmail"]
