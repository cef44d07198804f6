"""Fixtures for the extension in pages: the extension has Alice's keys, and a page is open."""

from __future__ import annotations

from tests.support.extension.field_pages import (
    extension as extension,
    insecure as insecure,
    page as page,
    page as tab,  # noqa: F401 (handed on by this name)
    unlocked as unlocked,
)
from tests.support.extension.form_server import database as database, shop as shop
from tests.support.extension.saved_webmails import service as service
from tests.support.extension.uploads import salaries as salaries
