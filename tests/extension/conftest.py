"""Fixtures of the extension's tests: its installation, people, sites, and the demonstration."""

from __future__ import annotations

from tests.support.extension.field_pages import people as people, site as site
from tests.support.extension.installed import extension as extension, folder as folder
from tests.support.pages.demonstration import demo_stack as demo_stack, pages_with_sources as pages_with_sources
