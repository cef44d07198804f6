"""Fixtures: the extension as it is after its installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.extension.driver import Extension
from tests.support.project import ROOT
from wasm_build.bundle.build import build


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the extension as the tests install it. It is built for one module, which may alter it."""
    out = tmp_path_factory.mktemp("dist")
    build(ROOT, out)
    return out / "extension_test"


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path) -> Iterator[Extension]:
    """The newly installed extension, without keys."""
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()
