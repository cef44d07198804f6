"""A file for uploads, and the file control of a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.extension.field_pages import People

CONTENT = b"salaries\x00\r\n" * 1000
CONTROL = '<input id=field type=file name=scan data-smime="sign encrypt" data-smime-to="bob@example.test">'


@pytest.fixture(scope="module")
def salaries(people: People) -> Path:
    """A file whose name is confidential too."""
    path = people.folder / "Gehälter.bin"
    path.write_bytes(CONTENT)
    return path
