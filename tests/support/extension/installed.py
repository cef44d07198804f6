"""Fixtures: the extension as it is after its installation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.extension.driver import Extension


@pytest.fixture(scope="module")
def folder(built_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the extension as the tests install it. It is copied for one module, which may alter it."""
    out = tmp_path_factory.mktemp("extension_test")
    shutil.copytree(built_files / "extension_test", out, dirs_exist_ok=True)
    return out


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path) -> Iterator[Extension]:
    """The newly installed extension, without keys."""
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()
