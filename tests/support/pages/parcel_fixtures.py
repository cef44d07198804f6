"""The fixture of the tests of the page for recipients of parcels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pages.parcels import ParcelRig, run_parcel_rig


@pytest.fixture(scope="module")
def running_rig(pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParcelRig]:
    """A demonstration with parcels, one for all tests of a module."""
    with run_parcel_rig(pages_with_sources, tmp_path_factory.mktemp("parcels")) as rig:
        yield rig


@pytest.fixture
def parcel_rig(running_rig: ParcelRig) -> ParcelRig:
    """The demonstration, whose answers no test has changed yet."""
    running_rig.changes.clear()
    running_rig.asked.clear()
    running_rig.post.mails.clear()
    running_rig.post.raw.clear()
    return running_rig
