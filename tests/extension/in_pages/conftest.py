"""Fixtures for the extension in pages: the extension has Alice's keys, and a page is open."""

from __future__ import annotations

from tests.support.extension.field_pages import extension, insecure, page, unlocked
from tests.support.extension.field_pages import page as tab
from tests.support.extension.form_server import database, shop
from tests.support.extension.saved_webmails import service
from tests.support.extension.uploads import salaries

__all__ = ["database", "extension", "insecure", "page", "salaries", "service", "shop", "tab", "unlocked"]
