"""Fixtures of the extension's tests: its installation, people, sites, and the demonstration."""

from __future__ import annotations

from tests.support.extension.field_pages import people, site
from tests.support.extension.installed import extension, folder
from tests.support.pages.demonstration import demo_stack, pages_with_sources

__all__ = ["demo_stack", "extension", "folder", "pages_with_sources", "people", "site"]
