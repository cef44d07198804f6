"""The pages in five languages: which one they take, how a person chooses another, and how they look in two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.languages import MENU, ROOT_STATE, asking_for, choose
from tests.support.servers.pages_server import run_pages_server
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/languages.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

KEPT = "() => [localStorage, sessionStorage].map((storage) => storage.getItem('sealwax-language'))"
# Controls and headings whose text is cut at the side.
CLIPPED = IN_PAGE["clipped"]


@pytest.mark.thorough(False)
@pytest.mark.parametrize(("asked", "language"), [(("it", "de-AT", "en"), "de"), (("ar-EG",), "ar"), (("it",), "en")])
def test_takes_the_first_language_of_the_browser_that_it_speaks(
    browser: Browser, demo_stack: DemoStack, alice: Account, asked: tuple[str, ...], language: str
) -> None:
    with asking_for(browser, *asked):
        visitor = MailPages(browser, demo_stack.pages_url, alice)
        visitor.page.wait_for_selector(MENU)
        assert visitor.page.js(ROOT_STATE) == [language, "rtl" if language == "ar" else "ltr"]
        visitor.close()


def test_keeps_the_choice_and_what_was_typed(visitor: MailPages) -> None:
    page = visitor.page
    page.wait_for_selector(MENU)
    page.fill(named("sign-in-address"), "anna@example.test")
    page.click(named("foreign-computer"))
    choose(page, "fr")
    assert page.text("h1") == "Se connecter à votre messagerie"
    assert page.value(named("sign-in-address")) == "anna@example.test"
    assert page.js(f"() => document.querySelector('{named('foreign-computer')}').checked") is True
    # This is not the person's computer: only the tab keeps the choice.
    assert page.js(KEPT) == [None, "fr"]
    page.click(named("foreign-computer"))
    choose(page, "es")
    assert page.js(KEPT) == ["es", None]
    page.reload()
    page.wait_for_text("Iniciar sesión en su correo", selector="h1")
    choose(page, "en")
    # The browser asks for English anyway.
    assert page.js(KEPT) == [None, None]


def test_an_open_account_changes_its_language_and_stays_unlocked(visitor: MailPages) -> None:
    page = visitor.page
    visitor.enter()
    visitor.write(to="bob@example.test", subject="Thursday", text="At one.")
    page.js("() => { location.hash = '#/settings/language'; }")
    choose(page, "de")
    assert page.text("h1") == "Sprache"
    assert visitor.is_unlocked()
    page.wait_for_text("Nachricht fortsetzen", selector=named("write"))
    page.click(named("write"))
    page.wait_for_selector(named("compose-text"))
    assert page.value(named("compose-text")) == "At one."
    # A column of the bar of a phone has room for one word.
    page.js("() => { location.hash = '#/folder/inbox'; }")
    page.wait_for_selector(named("messages"))
    page.set_viewport(320, 640)
    page.wait_for("(write) => document.querySelector(write).innerText === 'Fortsetzen'", named("write"))


def test_a_public_computer_keeps_no_language(visitor: MailPages) -> None:
    page = visitor.page
    page.wait_for_selector(MENU)
    choose(page, "de")
    assert page.js(KEPT) == ["de", None]
    page.click(named("foreign-computer"))
    visitor.sign_in()
    page.wait_for_selector(named("unlock-form"))
    assert page.js(KEPT) == [None, "de"]


def test_a_page_loads_the_texts_of_its_own_language_only(browser: Browser, pages_with_sources: Path) -> None:
    browser.expect_error("502|unreachable|refused|CORS|Failed to|NetworkError")
    with run_pages_server(pages_with_sources) as server, asking_for(browser, "de"):
        page = browser.open_private(server.origin)
        # The servers of this test do not exist.
        page.wait_for_text("Der Server antwortet nicht", selector=named("start-error"))
        loaded = {path for path, _ in server.asked if "messages." in path}
        page.close()
    assert loaded == {"/messages.de.json", "/runtime/ui/messages.de.json"}


@pytest.mark.parametrize("language", ["de", "ar"])
def test_every_view_is_sound_in_long_words_and_from_right_to_left(
    visitor: MailPages, bob: Account, welcome: int, language: str
) -> None:
    page = visitor.page
    wrong: list[str] = []

    def look(view: str) -> None:
        for width in (320, 390, 1100):
            page.set_viewport(width, 844)
            faults = find_violations(page) + (["runs off sideways"] if page.overflows_sideways() else [])
            wrong.extend(f"{view}, {width} px: {fault}" for fault in [*faults, *page.js(CLIPPED)])

    choose(page, language)
    look("sign-in")
    visitor.sign_in()
    page.wait_for_selector(named("unlock-form"))
    look("unlock")
    visitor.unlock()
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    look("inbox")
    visitor.open_message(welcome)
    look("reading")
    visitor.page.set_viewport(1100, 844)
    sections = ("account", "keys", "devices", "people", "reading", "writing", "notifications", "language", "expert")
    for view in ("people", "settings", *(f"settings/{section}" for section in sections)):
        page.js("(view) => { location.hash = `#/${view}`; }", view)
        page.wait_for_selector("main :is(.narrow, .settings)")
        look(view)
    page.set_viewport(1100, 844)
    visitor.write(to=f"{bob.address},stranger@example.test", subject="Thursday", text="At one.")
    page.wait_for_text("stranger@example.test", selector=named("writing-bar"), timeout_seconds=OPERATION_SECONDS)
    look("writing")
    assert not wrong, "\n".join(wrong)
