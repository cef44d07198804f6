"""Fixtures of the pages' tests: the demonstration, its two accounts, its pages in a browser, the extension's files."""

from __future__ import annotations

from tests.support.extension.installed import folder
from tests.support.pages.demonstration import alice, bob, demo_stack, pages_with_sources
from tests.support.pages.strangers import stack
from tests.support.pages.visitors import visitor, welcome

__all__ = ["alice", "bob", "demo_stack", "folder", "pages_with_sources", "stack", "visitor", "welcome"]
