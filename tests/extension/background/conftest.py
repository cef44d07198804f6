"""Fixtures for tests in which the background stops during work on fields, forms, files, letters and pages."""

from __future__ import annotations

from tests.support.browser.web_site import site as web_site  # noqa: F401 (handed on by this name)
from tests.support.extension.field_pages import page as page
from tests.support.extension.form_server import database as database, shop as shop
from tests.support.extension.saved_webmails import service as service
from tests.support.extension.uploads import salaries as salaries
from tests.support.extension.writing import extension as extension, folder as folder, webmail as webmail
