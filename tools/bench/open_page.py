"""Opens the measuring page in a new browser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.browser.browsers import Name, launch
from tests.support.browser.page import Page
from tools.bench.server import serve_page


@contextmanager
def open_page(name: Name, dist: Path, folders: Mapping[str, Path] | None = None) -> Iterator[Page]:
    """Open the measuring page in a new browser during the block. Each of `folders` is served under its name."""
    with (
        tempfile.TemporaryDirectory() as profile,
        serve_page({"runtime": dist / "runtime", **(folders or {})}) as address,
    ):
        browser = launch(name, Path(profile))
        try:
            page = browser.open(address)
            page.wait_for("() => Boolean(globalThis.measure)")
            yield page
        finally:
            browser.close()
