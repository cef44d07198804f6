"""Nothing of what the pages have shown is in the browser's profile: neither in its history nor anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.browser.browsers import Name
from tests.support.browser.profile_search import lz4_block, snappy
from tests.support.browser.required import require_browser
from tests.support.browser.residue.lab import start
from tests.support.pages.parcels import ParcelRig
from tests.support.pages.view_tour import NOT_SHOWN, SHOWN_BY, STOPS, Tour
from tests.support.project import ROOT

CONTROL = "title of a page of others"
USUAL = list(STOPS)[:2]
PAGES = ROOT / "webbridge" / "pages"


def found_after(name: Name, stops: Sequence[str], rig: ParcelRig, folder: Path) -> set[tuple[str, str]]:
    """The traces of these stops in the profile, each with the file in which it is."""
    require_browser(name)
    profile = folder / "profile"
    with closing(start(name, profile)) as browser:
        # A title that a script sets after the page was loaded is in the history too.
        page = browser.open(f"{rig.stack.pages_url}/style.css")
        tour = Tour(page, rig, folder)
        page.js("(title) => { document.title = title; }", tour.marks(CONTROL))
        for stop in stops:
            STOPS[stop](tour)
    traces = tour.marks.found_in(profile)
    assert CONTROL in {thing for thing, _ in traces}
    return {(thing, place) for thing, place in traces if thing != CONTROL}


@pytest.mark.browser
@pytest.mark.server
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_profile_has_nothing_of_what_parcels_and_mail_have_shown(
    name: Name, parcel_rig: ParcelRig, tmp_path: Path
) -> None:
    assert found_after(name, USUAL, parcel_rig, tmp_path) == set()


@pytest.mark.browser
@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_profile_has_nothing_of_what_any_view_of_the_pages_has_shown(
    name: Name, parcel_rig: ParcelRig, tmp_path: Path
) -> None:
    further = [stop for stop in STOPS if stop not in USUAL]
    assert found_after(name, further, parcel_rig, tmp_path) == set()


def test_each_view_of_the_pages_is_shown_by_the_tour_or_says_why_not() -> None:
    views = {path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*_view.js")}
    views |= {path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*_preview.js")}
    views |= {f"parcels/{folder}/parcel_{folder}.js" for folder in ("answer", "letter")}
    assert views == SHOWN_BY.keys() | NOT_SHOWN.keys()
    assert SHOWN_BY.keys() & NOT_SHOWN.keys() == set()
    assert set(SHOWN_BY.values()) == set(STOPS) - {"a printed message"}


def test_the_search_reads_what_is_compressed() -> None:
    text = b"a wax seal, a wax seal, a wax seal"
    # Twelve literals, then a copy of what is twelve bytes before in both formats.
    assert lz4_block(bytes([0xCF]) + text[:12] + b"\x0c\x00" + bytes([len(text) - 12 - 4 - 15])) == text
    assert snappy(bytes([len(text), 11 << 2]) + text[:12] + bytes([(len(text) - 13) << 2 | 2, 12, 0])) == text
