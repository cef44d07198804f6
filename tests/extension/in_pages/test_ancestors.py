"""The pages around a frame: the window names each, an opening counts for each, and none may hide its origin."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, running_site, textarea
from tests.support.extension.field_pages import PASSPHRASE, TEXT, People, open_and_agree

IN_PAGE = page_scripts("extension/in_pages/ancestors.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SPENT = IN_PAGE["spent"]
FORGET = IN_PAGE["forget"]
FRAMES = """async () => {
  const { session } = (globalThis.browser ?? chrome).storage;
  return Object.keys(await session.get(null)).filter((name) => name.startsWith("frame:"));
}"""
AROUND = "() => [...document.querySelectorAll('[data-test=top-origin]')].map(({ textContent }) => textContent)"
NOTE = "() => document.querySelector('#letter')?.nextElementSibling?.getBoundingClientRect().height ?? 0"


@pytest.fixture
def unlocked(extension: Extension, people: People) -> Extension:
    """The extension with Alice's keys unlocked, without the frames and counted openings of earlier tests."""
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    ask_in_options(extension, FORGET)
    return extension


@pytest.fixture(scope="module")
def third() -> Iterator[Site]:
    """Another server, whose pages have origins that no other page here has."""
    with running_site() as site:
        yield site


def frame(address: str) -> str:
    return f'<iframe style="inline-size:600px;block-size:500px" src="{html.escape(address)}"></iframe>'


def assert_the_button_opens_nothing(extension: Extension, page: Page, frame: Page) -> None:
    before = frame.wait_for(NOTE)
    extension.click_button(frame, "#letter")
    frame.wait_for(f"(before) => ({NOTE})() > before", before)
    assert ask_in_options(extension, FRAMES) == []
    assert not extension.has_window()
    assert not [child for child in page.frames() if "broker" in child.url]


def ask_in_options(extension: Extension, function: str, *arguments: object) -> object:
    options = extension.open_options()
    answer: object = options.js(function, *arguments)
    options.close()
    return answer


def test_all_pages_around_a_frame_are_named_and_pay(
    unlocked: Extension, page: Page, site: Site, third: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=third.origin, to=people.alice)
    inner = third.page_with(textarea("letter", text=armored))
    middle = site.page_with(frame(inner), origin=site.other_origin)
    page.goto(site.page_with(frame(middle)))
    unlocked.click_button(page.wait_for_frame(inner), "#letter")
    window = unlocked.window()
    assert window.text("[data-test=origin]") == third.origin
    around = window.js(AROUND)
    assert [site.other_origin in around[0], site.origin in around[1], len(around)] == [True, True, 2]
    unlocked.answer()
    page.wait_for_frame("view.html").wait_for_text(TEXT, selector=".text", timeout_seconds=30)
    spent = ask_in_options(unlocked, SPENT, [third.origin, site.other_origin, site.origin])
    assert spent == [1, 1, 1]


def test_a_site_that_the_person_knows_is_asked_about_anew_in_a_frame_of_another_inside_itself(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    inner = site.page_with(textarea("letter", text=armored))
    page.goto(inner)
    open_and_agree(unlocked, page)
    # The person knows the site in the address bar. The page between it and the frame belongs to another site.
    page.goto(site.page_with(frame(site.page_with(frame(inner), origin=site.other_origin))))
    unlocked.click_button(page.wait_for_frame(inner), "#letter")
    window = unlocked.window()
    (named,) = window.js(AROUND)
    assert site.other_origin in named
    with window.closing():
        window.click("[data-test=refuse]")
    unlocked.wait_until_window_is_gone()


@pytest.mark.parametrize("hidden", ["top", "between"])
def test_nothing_opens_inside_a_page_that_hides_its_origin(
    unlocked: Extension, page: Page, site: Site, people: People, tmp_path: Path, hidden: str
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    inner = site.page_with(textarea("letter", text=armored))
    file = tmp_path / "top.html"
    file.write_text(frame(inner))
    between = site.page_with(frame("data:text/html," + urllib.parse.quote(frame(inner))))
    page.goto(file.as_uri() if hidden == "top" else between)
    page.activate()
    assert_the_button_opens_nothing(unlocked, page, page.wait_for_frame(inner))


def test_a_page_without_an_origin_of_its_own_gets_nothing_opened(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    page.goto(site.page_with(textarea("letter", text=armored), policy="sandbox allow-scripts"))
    assert page.js("() => self.origin") == "null"
    assert_the_button_opens_nothing(unlocked, page, page)


def test_a_page_that_alters_what_scripts_see_of_its_ancestors_is_named_all_the_same(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    lies = """<script>
      window.origin = "https://bank.example";
      for (const [object, name] of [[Location.prototype, "ancestorOrigins"], [location, "ancestorOrigins"],
        [window, "parent"], [window, "top"], [window, "origin"]]) {
        try { Object.defineProperty(object, name, { get: () => ({ length: 0 }), configurable: true }); } catch {}
      }
      Array.from = () => ["https://bank.example"];
    </script>"""
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    inner = site.page_with(lies + textarea("letter", text=armored))
    page.goto(site.page_with(frame(inner), origin=site.other_origin))
    unlocked.click_button(page.wait_for_frame("127.0.0.1"), "#letter")
    window = unlocked.window()
    assert window.text("[data-test=origin]") == site.origin
    (named,) = window.js(AROUND)
    assert site.other_origin in named
    with window.closing():
        window.click("[data-test=refuse]")
    unlocked.wait_until_window_is_gone()
