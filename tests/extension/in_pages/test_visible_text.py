"""Text to be signed is shown in full, with the characters that are invisible or change the order of letters."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from tests.support.browser.browsers import Firefox
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, textarea

IN_PAGE = page_scripts("extension/in_pages/visible_text.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Letters and marks that Unicode draws as nothing (DerivedCoreProperties, Default_Ignorable_Code_Point).
DRAWN_AS_NOTHING = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0} | set(range(0xFE00, 0xFE10))
# Blanks of braille, hieroglyphs and music, letters that only join or fill, and the object replacement character.
DRAWN_AS_NOTHING |= {0x2800, 0x13441, 0x13442, 0x1D159, 0x2D7F, 0x1107F, 0x16FE4, 0xFFFC}
ALLOWED_CONTROLS = "\t\n\r"
SHOWN_AS_LETTERS = """async (points) => {
  const { visibleText } = await import("/source/browser_ext/shared/visible_text.js");
  return points.filter((point) => typeof visibleText(String.fromCodePoint(point))[0] === "string");
}"""


MANY = IN_PAGE["many"]


def unseen_points() -> list[int]:
    """The code points of the categories that have no visible shape, by Python's tables."""
    every = (chr(point) for point in range(sys.maxunicode + 1))
    points = {ord(it) for it in every if unicodedata.category(it) in {"Cc", "Cf", "Zl", "Zp"}}
    return sorted((points | DRAWN_AS_NOTHING | set(range(0xE0100, 0xE01F0))) - {ord(it) for it in ALLOWED_CONTROLS})


def test_every_character_without_a_shape_is_drawn_by_its_number(extension: Extension) -> None:
    options = extension.open_options()
    points = unseen_points()
    assert len(points) > 400
    assert [hex(point) for point in options.js(SHOWN_AS_LETTERS, points)] == []
    letters = [ord(it) for it in "aß€ñعא中😀 \t\n"]
    assert options.js(SHOWN_AS_LETTERS, letters) == letters
    options.close()


def test_hundreds_of_thousands_of_unseen_characters_take_few_boxes_and_are_all_told(extension: Extension) -> None:
    options = extension.open_options()
    result = options.js(MANY)
    assert result["same"] == [1, "aU+200B ×900000b", " ×900000b"]
    boxes, _, end = result["turns"]
    assert (boxes, end) == (1_000, "v[U+200B]")
    assert result["form"] == 1_000
    options.close()


def test_a_field_to_be_signed_shows_what_turns_or_hides_and_all_of_it(
    unlocked: Extension, page: Page, site: Site
) -> None:
    lines = "".join(f"{number}. I agree.\n" for number in range(200))
    page.goto(site.page_with(textarea("answer", text=f"{lines}1\u202e000\u200b euros", data_smime="sign")))
    unlocked.click_button(page, "#answer")
    frame = unlocked.frame_in(page)
    frame.around.click("[data-test=encrypt]")
    window = unlocked.window()
    shown = window.text("[data-test=covered]")
    # Firefox's editor returns its text without marks of direction, so they are not signed there.
    turning = () if isinstance(unlocked.browser, Firefox) else ("U+202E",)
    assert [it for it in (*turning, "U+200B", "199. I agree.") if it not in shown] == [], shown[-80:]
    content = window.js("() => document.querySelector('[data-test=covered]').textContent")
    assert not {"\u202e", "\u200b"} & set(content)
    covered = (
        "() => { const it = document.querySelector('[data-test=covered]'); return [it.scrollHeight, it.clientHeight]; }"
    )
    whole, visible = window.js(covered)
    assert whole == visible, "no part of it has to be scrolled to inside the window"
    with window.closing():
        window.click("[data-test=refuse]")
    unlocked.wait_until_window_is_gone()
