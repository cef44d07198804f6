"""One browser, one measuring page."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.server import serve_page
from tests.browser.browsers import Name, launch
from tests.browser.page import Page


@contextmanager
def open_page(name: Name, dist: Path, folders: Mapping[str, Path] | None = None) -> Iterator[Page]:
    """The measuring page in a new browser, which ends with the context; `folders` are served by their names."""
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
