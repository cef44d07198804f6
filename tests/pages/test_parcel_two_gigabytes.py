"""Two gigabytes there and back: attached to a letter in the composer, and saved by its recipient. It takes minutes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import WITHOUT_DIALOG, downloads_into, wait_for_file
from tests.support.browser.page_scripts import page_scripts
from tests.support.large_files import hash_file, write_random
from tests.support.pages.driver import named
from tests.support.pages.parcel_letters import CAROL, LINK, ParcelLetter, notice_to
from tests.support.pages.parcels import ParcelPage, ParcelRig, run_parcel_rig

IN_PAGE = page_scripts("pages/parcel_two_gigabytes.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

SIZE = 2_000_000_017
PATIENCE_SECONDS = 1_500.0
# Chromium tells its driver the bodies of all requests but Blobs. The driver would need gigabytes for them.
WITHOUT_COPIES = IN_PAGE["withoutCopies"]


@pytest.fixture
def large_rig(pages_with_sources: Path, tmp_path: Path) -> Iterator[ParcelRig]:
    """A demonstration of its own, whose store is deleted with the test."""
    with run_parcel_rig(pages_with_sources, tmp_path / "store") as rig:
        yield rig


def test_two_gigabytes_go_there_and_back(browser: Browser, large_rig: ParcelRig, tmp_path: Path) -> None:
    film = tmp_path / "film.bin"
    expected = write_random(film, SIZE)
    letter = ParcelLetter(browser, large_rig)
    letter.page.activate()
    letter.write(CAROL, subject="Two gigabytes")
    letter.attach(film)
    letter.wait_for_missing(1)
    letter.ask()
    letter.page.js(WITHOUT_COPIES)
    letter.go()
    letter.page.wait_for_selector(named("parcel-words"), timeout_seconds=PATIENCE_SECONDS)
    words = letter.wait_until_sent()
    match = LINK.search(notice_to(large_rig, CAROL, count=1))
    assert match
    letter.finish()
    letter.close()
    film.unlink()
    reader = ParcelPage(browser, large_rig.stack.pages_url + match[1])
    reader.open(words)
    assert reader.file_names() == ["film.bin"]
    reader.page.js(WITHOUT_DIALOG)
    with downloads_into(reader.page, tmp_path / "downloads"):
        reader.save("film.bin")
        saved = wait_for_file(tmp_path / "downloads", "film.bin", timeout_seconds=PATIENCE_SECONDS)
    assert hash_file(saved) == expected
    reader.close()
