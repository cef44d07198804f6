"""The extension in other people's editors: what is called encrypted is what the editor's own model sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.editors.kits import KITS, Posting
from tests.support.editors.meeting import SECRET, Meeting, meet, send_mail
from tests.support.extension.driver import Extension
from tests.support.project import ROOT
from tools.bench.machine import describe_machine
from tools.bench.results import Limit, write_results

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Editors of code. They draw the lines in view only, so nobody can read back what was written there. Monaco has no field
# in Chromium, where the toolbar's window opens.
TOLD: Final = ("ace", "codemirror5", "easymde", "monaco")
SENTENCES: Final = ("cannot check what this editor sends", "Sealwax found nothing to open")
# Editors that refuse in one of the browsers: what they give to copy is not all of the text.
MAY_REFUSE: Final = ("codemirror5_editable", "lexical")
# Words of the messages that editors write into the console themselves, as tests set them up.
OWN_ERRORS: Final = {"froala": "Cookie", "sceditor": "stylesheet"}


@pytest.fixture
def page(page: Page, kit: str) -> Page:
    if kit in OWN_ERRORS:
        page.browser.expect_error(OWN_ERRORS[kit])
    return page


# The least editors that take the encrypted text.
LEAST_WORKING: Final = 24


@pytest.fixture(scope="module")
def meetings(browser: Browser) -> Iterator[dict[str, Meeting]]:
    """The meeting in each editor. Writes build/editors_BROWSER.json once it is known of all."""
    met: dict[str, Meeting] = {}
    yield met
    if len(met) == len(KITS):
        silent = sum(meeting.is_silent for meeting in met.values())
        others = sum(meeting.way != "works" for meeting in met.values())
        limits = [
            Limit(where=browser.name, what=f"editors of {len(KITS)}: silent", value=silent, limit=0, unit="count"),
            Limit(
                where=browser.name,
                what=f"editors of {len(KITS)}: refused or left alone, with words",
                value=others,
                limit=len(KITS) - LEAST_WORKING,
                unit="count",
            ),
        ]
        write_results(ROOT / f"build/editors_{browser.name}.json", describe_machine(), [], limits)


@pytest.mark.parametrize("kit", KITS)
def test_an_editor_takes_the_encrypted_text_or_the_person_is_told(
    extension: Extension, page: Page, editors: Posting, meetings: dict[str, Meeting], kit: str
) -> None:
    meeting = meetings[kit] = meet(extension, page, editors, kit)
    assert not meeting.is_silent, meeting
    if kit in TOLD:
        assert meeting.way == "none", meeting
        assert any(sentence in meeting.said for sentence in SENTENCES), meeting
        assert SECRET in meeting.model, "nothing was changed there"
    else:
        assert meeting.way == "works" or kit in MAY_REFUSE, meeting


@pytest.mark.parametrize("kit", [kit for kit in KITS if kit not in TOLD])
def test_no_mail_leaves_with_its_text_in_clear_beside_the_encrypted_file(
    extension: Extension, page: Page, editors: Posting, kit: str
) -> None:
    posted, sentence = send_mail(extension, page, editors, kit)
    assert not (SECRET in posted and "FILES 1" in posted), posted
    assert "FILES 1" in posted or sentence
