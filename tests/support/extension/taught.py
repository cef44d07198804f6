"""Recipes that the person has taught the extension."""

from __future__ import annotations

import pytest

from tests.support.extension.driver import Extension
from tests.support.extension.webmail import Adaptor

_KEPT = """async () => {
  const request = indexedDB.open("sealwax");
  await new Promise((done) => { request.onsuccess = done; });
  const all = request.result.transaction("recipes").objectStore("recipes").getAll();
  await new Promise((done) => { all.onsuccess = done; });
  request.result.close();
  return all.result;
}"""
_FORGET = """async () => {
  const request = indexedDB.open("sealwax");
  await new Promise((done) => { request.onsuccess = done; });
  const clearing = request.result.transaction("recipes", "readwrite").objectStore("recipes").clear();
  await new Promise((done) => { clearing.onsuccess = done; });
  request.result.close();
}"""


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
