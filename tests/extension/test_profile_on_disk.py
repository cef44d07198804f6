"""Nothing of what the extension has shown is in the browser's profile: neither in its history nor anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.browser.browsers import Name
from tests.support.browser.required import require_browser
from tests.support.browser.residue.lab import start
from tests.support.extension.compose_driver import add_fake_webmail
from tests.support.extension.driver import Extension
from tests.support.extension.stage import running_stage
from tests.support.extension.view_tour import NOT_SHOWN, SHOWN_BY, STOPS, ExtensionTour
from tests.support.pages.parcels import run_parcel_rig
from tests.support.project import ROOT

CONTROL = "title of a page of others"
USUAL = list(STOPS)[:2]
EXTENSION = ROOT / "browser_ext"
# Certificates of people are kept as they are, in the extension's own database: names and addresses are in them.
KEPT = {("person", "in the database")}
DATABASES = ("data/Default/IndexedDB/chrome-extension_", "storage/default/moz-extension+")


def found_after(name: Name, stops: Sequence[str], *, folder: Path, pages: Path, place: Path) -> set[tuple[str, str]]:
    """The traces of these stops in the profile, each with the file in which it is."""
    require_browser(name)
    profile, files = place / "profile", place / "files"
    files.mkdir()
    with run_parcel_rig(pages, place / "store") as rig, closing(start(name, profile)) as browser:
        extension = Extension(browser, add_fake_webmail(folder, place / "extension"))
        with running_stage(extension, files) as stage:
            tour = ExtensionTour(stage, rig, files)
            control = tour.open(stage.site.page_with("<p>control</p>"))
            control.js("(title) => { document.title = title; }", tour.marks(CONTROL))
            for stop in stops:
                STOPS[stop](tour)
    traces = tour.marks.found_in(profile)
    assert CONTROL in {thing for thing, _ in traces}
    return {
        (thing, "in the database" if file.startswith(DATABASES) else file) for thing, file in traces if thing != CONTROL
    }


@pytest.mark.browser
@pytest.mark.server
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_profile_has_nothing_of_a_parcel_and_a_letter_that_the_extension_has_shown(
    name: Name, folder: Path, pages_with_sources: Path, tmp_path: Path
) -> None:
    assert found_after(name, USUAL, folder=folder, pages=pages_with_sources, place=tmp_path) == set()


@pytest.mark.browser
@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_profile_has_nothing_of_what_any_view_of_the_extension_has_shown(
    name: Name, folder: Path, pages_with_sources: Path, tmp_path: Path
) -> None:
    further = [stop for stop in STOPS if stop not in USUAL]
    assert found_after(name, further, folder=folder, pages=pages_with_sources, place=tmp_path) == KEPT


def test_each_page_of_the_extension_is_shown_by_the_tour_or_says_why_not() -> None:
    assert {path.relative_to(EXTENSION).as_posix() for path in EXTENSION.rglob("*.html")} == {*SHOWN_BY, *NOT_SHOWN}
    assert SHOWN_BY.keys() & NOT_SHOWN.keys() == set()
    assert set(SHOWN_BY.values()) == set(STOPS)
