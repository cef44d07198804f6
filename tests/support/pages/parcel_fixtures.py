"""The fixture of the tests of the page for recipients of parcels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pages.parcels import ParcelHouse, run_parcel_house


@pytest.fixture(scope="module")
def running_house(pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParcelHouse]:
    """A demonstration with parcels, one for all tests of a module."""
    with run_parcel_house(pages_with_sources, tmp_path_factory.mktemp("parcels")) as house:
        yield house


@pytest.fixture
def parcel_house(running_house: ParcelHouse) -> ParcelHouse:
    """The demonstration, whose answers no test has changed yet."""
    running_house.changes.clear()
    running_house.asked.clear()
    running_house.post.mails.clear()
    running_house.post.raw.clear()
    return running_house
