"""Recipes that the person has taught the extension."""

from __future__ import annotations

import pytest

from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.webmail import Adaptor

IN_PAGE = page_scripts("support/extension/taught.js")

_KEPT = IN_PAGE["kept"]
_FORGET = IN_PAGE["forget"]


@pytest.fixture
def untaught(adaptor: Adaptor) -> Adaptor:
    """The extension without any recipe."""
    page = adaptor.extension.open_options()
    page.js(_FORGET)
    page.close()
    return adaptor


def kept(extension: Extension) -> list[dict[str, object]]:
    """The recipes of the extension."""
    page = extension.open_options()
    recipes: list[dict[str, object]] = page.js(_KEPT)
    page.close()
    return recipes
