"""Fixtures for the extension in other people's editors: the extension has Alice's keys, and the editors are served."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.editors.kits import Posting, running_editors
from tests.support.extension.field_pages import (
    extension as extension,
    page as page,
    people as people,
    unlocked as unlocked,
)


@pytest.fixture(scope="session")
def editors() -> Iterator[Posting]:
    with running_editors() as site:
        yield site
