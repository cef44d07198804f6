"""The sections of the page with keys and people: one is shown, links and Back lead to it, and questions come first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import PASSPHRASE, Rig, show_section

pytestmark = pytest.mark.browser

SECTIONS = ("identities", "people", "trust", "sites", "settings", "writing", "backup")
SHOWN = """() => [...document.querySelectorAll(".panel")].filter((panel) => panel.getClientRects().length)
  .map(({ id }) => id.replace("-section", "")).join()"""
CURRENT = "() => [...document.querySelectorAll('#sections [aria-current=page]')].map(({ hash }) => hash).join()"
OPEN = "(section) => chrome.runtime.sendMessage({ type: 'options.open', body: { section } })"
MAX_PIXELS = 1100
# A window in which a question has no room below the head of the page.
SMALL = (780, 440)


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, rig: Rig) -> Iterator[Extension]:
    extension = Extension(browser, folder)
    extension.import_keys(rig.file, PASSPHRASE, expect="are ready")
    yield extension
    extension.uninstall()


@pytest.fixture
def options(extension: Extension) -> Iterator[Page]:
    page = extension.open_options()
    yield page
    page.close()


def wait_until_shown(page: Page, section: str) -> None:
    page.wait_for(f"(section) => ({SHOWN})() === section", section)


def test_one_section_is_shown_and_back_leads_to_the_one_before(options: Page) -> None:
    assert options.js(SHOWN) == "identities"
    for name in SECTIONS[1:]:
        show_section(options, name)
        assert options.js(SHOWN) == name
        assert options.js(CURRENT) == f"#{name}-section"
        assert options.js("() => document.activeElement.localName") == "h2"
        assert options.js("() => document.title.startsWith(document.activeElement.textContent.split(' ')[0])") or (
            name == "trust"
        )
    options.js("() => history.back()")
    wait_until_shown(options, SECTIONS[-2])


@pytest.mark.thorough
def test_an_address_leads_to_its_section_and_an_unknown_one_to_the_first(extension: Extension) -> None:
    for fragment, section in (("#settings-section", "settings"), ("#nothing", "identities"), ("#p12", "identities")):
        page = extension.browser.open(f"{extension.base}options/options.html{fragment}")
        wait_until_shown(page, section)
        page.close()


@pytest.mark.thorough
def test_a_window_leads_to_the_section_that_it_names(extension: Extension, options: Page) -> None:
    show_section(options, "backup")
    asking = extension.browser.open(extension.base + "guide/help.html")
    for section, shown in (("identities", "identities"), ("people", "people"), ("", "people")):
        asking.activate()
        asking.js(OPEN, section)
        options.activate()
        wait_until_shown(options, shown)
    asking.close()


@pytest.mark.thorough
def test_no_section_needs_long_scrolling(options: Page) -> None:
    options.set_viewport(1280, 700)
    for name in SECTIONS:
        show_section(options, name)
        height = options.js("() => document.querySelector('.sectioned').scrollHeight")
        assert height < MAX_PIXELS, name


@pytest.mark.thorough
@pytest.mark.parametrize("width", [320, 1280])
def test_every_section_fits_the_page(options: Page, width: int) -> None:
    options.set_viewport(width, 700)
    for name in SECTIONS:
        show_section(options, name)
        assert options.js("() => document.documentElement.scrollWidth") <= width, name


def test_a_late_question_moves_no_button_above_it(extension: Extension) -> None:
    page = extension.browser.open("about:blank")
    page.set_viewport(*SMALL)
    page.goto(extension.base + "options/options.html")
    page.wait_for_selector("[data-test=own-authority]", timeout_seconds=60)
    # This part is drawn last.
    page.wait_for_selector("[data-test=key-server-open]")
    assert page.js("() => document.querySelector('#own-authority').getBoundingClientRect().bottom > innerHeight")
    assert page.js("() => scrollY") == 0
    page.close()


def test_a_new_question_comes_into_view(options: Page) -> None:
    options.set_viewport(*SMALL)
    options.wait_for_selector("[data-test=own-authority]", timeout_seconds=60)
    options.wait_for_selector("[data-test=key-server-open]")
    # Without its heading, the question is new to the page.
    options.js("""() => {
      document.querySelector("#questions-title").textContent = "";
      scrollTo(0, document.documentElement.scrollHeight);
    }""")
    assert options.js("() => scrollY") > SMALL[1]
    options.js("() => dispatchEvent(new Event('focus'))")
    options.wait_for("""() => {
      const { top, bottom } = document.querySelector("#questions-title").getBoundingClientRect();
      return top >= 0 && bottom > top && bottom <= innerHeight;
    }""")


def test_a_question_is_shown_above_every_section_until_it_is_answered(options: Page) -> None:
    options.wait_for_text("Trust the authority", selector="[data-test=own-authority]", timeout_seconds=60)
    for name in SECTIONS:
        show_section(options, name)
        assert "Waiting for your decision" in options.text("[data-test=questions]")
        above = options.js("""() => {
          const [question, section] = [document.querySelector("#own-authority"), document.querySelector(".sectioned")];
          return question.getBoundingClientRect().bottom <= section.getBoundingClientRect().top;
        }""")
        assert above, name
    options.click("[data-test=authority-not]")
    options.wait_for("() => document.querySelector('[data-test=questions]').getClientRects().length === 0")


def test_a_press_of_lock_as_soon_as_it_is_possible_locks(extension: Extension) -> None:
    page = extension.browser.open(extension.base + "options/options.html")
    page.click("[data-test=lock]")
    page.wait_for_text("Your keys are locked")
    page.close()
