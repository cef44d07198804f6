"""A verdict is out of sight while the page covers the text to which it belongs, or cuts it off."""

from __future__ import annotations

import time
from typing import Final

import pytest

from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Chromium
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Site
from tests.support.extension.field_pages import TEXT, People, open_and_agree
from tests.support.extension.letters_from_bob import mail_from_bob
from tests.support.extension.mail_in_page import MAIL, open_mail, show_mail
from tests.support.extension.saved_webmails import Service

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

LIE: Final = "Pay 900 crowns to Mallory."
READING: Final = f"""<style>#lie {{ background: #fff }}</style><div id=app><h2>Order</h2>
<div id=letter data-smime=decrypt>%s</div></div><p id=lie>{LIE}</p>"""
# `host` is the element of the extension's frame.
HOST: Final = "scrollTo(0, 0); const host = letter.nextElementSibling, box = host.getBoundingClientRect();"
# Draws other words exactly where the frame draws the opened text, below the state and the person's own pattern.
COVER: Final = """lie.style.cssText = `position:fixed;margin:0;padding:12px;box-sizing:border-box;z-index:2147483647;
  border:1px solid #777;border-radius:6px;left:${box.x + 13}px;top:${box.y + 65}px;inline-size:${box.width - 26}px;
  block-size:290px;background:#fff;color:#111;%s`;"""
COVERS: Final = {
    "a cover over the text": COVER % "",
    "a cover that lets clicks through": COVER % "pointer-events:none",
    "a popover": "lie.popover = 'manual'; lie.showPopover();" + COVER % "",
}
CUTS: Final = {
    "an ancestor that cuts the frame below the state": """app.style.cssText =
      `overflow:hidden;block-size:${box.y + 64 - app.getBoundingClientRect().y}px`;""",
    "a frame that is cut below the state": """host.style.setProperty("clip-path", `inset(0 0 ${box.height - 64}px 0)`,
      "important");""",
}
FRAMES: Final = ("broker.html", "mail_frame.html")
_BACK: Final = "() => { lie.style.cssText = app.style.cssText = ''; lie.hidden = true; }"


def is_verified(page: Page) -> bool:
    """Whether a frame in the page shows "Verified"."""
    try:
        return any("Verified" in frame.text() for frame in page.frames() if frame.url.endswith(FRAMES))
    except BidiError:
        # A frame went while it was asked.
        return True


def wait_until(page: Page, *, verified: bool) -> None:
    deadline = time.monotonic() + 10
    while is_verified(page) != verified:
        assert time.monotonic() < deadline, "the verdict stays" if not verified else "the verdict does not come back"
        time.sleep(0.1)


@pytest.mark.parametrize("name", [*COVERS, *CUTS])
def test_no_verdict_is_seen_over_other_words(
    unlocked: Extension, page: Page, site: Site, people: People, name: str
) -> None:
    if name in COVERS and not isinstance(unlocked.browser, Chromium):
        pytest.skip("Firefox tells no document what lies over it")
    page.goto(site.page_with(READING % people.encrypt(TEXT, origin=site.origin, to=people.alice)))
    around = open_and_agree(unlocked, page)
    wait_until(page, verified=True)
    page.js(f"() => {{ {HOST} {(COVERS | CUTS)[name]} }}")
    wait_until(page, verified=False)
    around.wait_for_text("The page covers or hides this text", selector="[data-test=covered]")
    if "clip" not in CUTS.get(name, ""):
        page.js(_BACK)
        wait_until(page, verified=True)
        assert around.text("[data-test=covered]") == ""


def test_no_verdict_of_a_mail_is_seen_over_other_words(
    unlocked: Extension, page: Page, service: Service, people: People
) -> None:
    if not isinstance(unlocked.browser, Chromium):
        pytest.skip("Firefox tells no document what lies over it")
    show_mail(page, service, mail_from_bob(people, encrypted=True))
    frame = open_mail(unlocked, page)
    wait_until(page, verified=True)
    page.js(f"""() => {{ scrollTo(0, 0); const text = document.querySelector("{MAIL}");
      const height = (one) => one.getBoundingClientRect().height;
      const [host] = [text.previousElementSibling, text.nextElementSibling].filter(Boolean).sort((a, b) =>
        height(b) - height(a)), box = host.getBoundingClientRect();
      const lie = document.body.appendChild(document.createElement("p")); lie.textContent = "{LIE}";
      {COVER % ""} }}""")
    wait_until(page, verified=False)
    frame.around.wait_for_text("The page covers or hides this text", selector="[data-test=covered]")


def test_a_cover_that_is_there_before_the_text_counts_too(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    if not isinstance(unlocked.browser, Chromium):
        pytest.skip("Firefox tells no document what lies over it")
    page.goto(site.page_with(READING % people.encrypt(TEXT, origin=site.origin, to=people.alice)))
    page.js(f"""() => {{ setInterval(() => {{
      const host = letter.nextElementSibling, box = host?.getBoundingClientRect();
      if (box?.height > 100) {COVER % ""}
    }}, 20); }}""")
    around = open_and_agree(unlocked, page)
    wait_until(page, verified=False)
    time.sleep(3)
    assert not is_verified(page)
    assert "The page covers or hides this text" in around.text("[data-test=covered]")


def test_a_verdict_stays_while_the_person_scrolls_and_moves_the_frame_by_less_than_its_text(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    page.goto(
        site.page_with(
            "<div id=pane style='block-size:420px;overflow:auto'>"
            + READING % people.encrypt(TEXT, origin=site.origin, to=people.alice)
            + "<div style='block-size:900px'></div></div>"
        )
    )
    open_and_agree(unlocked, page)
    page.js("() => { pane.scrollTop = letter.nextElementSibling.offsetTop - pane.offsetTop; }")
    wait_until(page, verified=True)
    for _ in range(4):
        page.js("() => { pane.scrollTop += 8; }")
        time.sleep(0.3)
        assert is_verified(page)
