"""Fixtures: the running demonstration of the bridge, and its two accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import ROOT
from wasm_build.bundle.runtime_files import pinned_module
from wasm_build.bundle.scripts import list_source_modules
from wasm_build.bundle.tree import list_folder, write_tree
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack
from webbridge.pages_app import BUILT_PAGES


def write_pages_with_sources(folder: Path) -> Path:
    """Write the built pages, and below `source/` the unbundled scripts. Returns the folder."""
    sources = list_source_modules(ROOT, pinned_module(list_folder(BUILT_PAGES / "runtime")))
    write_tree(folder, {**list_folder(BUILT_PAGES), **{f"source/{name}": content for name, content in sources.items()}})
    return folder


@pytest.fixture(scope="session")
def pages_with_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages, and below `source/` the unbundled scripts, because tests import single modules."""
    return write_pages_with_sources(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="session")
def demo_stack(pages_with_sources: Path) -> Iterator[DemoStack]:
    """Bridge, pages, key server and mail server for two accounts, one for all tests."""
    with DemoStack(pages_folder=pages_with_sources) as stack:
        yield stack


@pytest.fixture
def alice(demo_stack: DemoStack) -> Account:
    """The first account of the demonstration."""
    return demo_stack.accounts[0]


@pytest.fixture
def bob(demo_stack: DemoStack) -> Account:
    """The second account of the demonstration."""
    return demo_stack.accounts[1]
