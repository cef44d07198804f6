"""Forms are submitted as they were signed, whatever the names of controls, places of buttons and listeners are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask, request

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.form_server import serving

IN_PAGE = page_scripts("extension/in_pages/form_parts.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SIGNATURE = "smime_signature"
FORM = "<form id=form method=post action=/orders data-smime=sign data-smime-nonce=n>"
BUTTON = "<button id=go>Go</button>"
# Returns the names of all properties of a form.
_PROPERTIES = IN_PAGE["properties"]
_ADD_FIELDS = IN_PAGE["addFields"]
_LISTEN = """<script>
  // The page listens to a form that leaves, and tries to stop it.
  globalThis.navigation?.addEventListener("navigate", (event) => {
    sessionStorage.heard = JSON.stringify([...(event.formData ?? [])]);
    if (event.formData?.has("smime_signature")) event.preventDefault();
  });
</script>"""


class Shop:
    """A site with one page, which records the entries of the last form that it got."""

    def __init__(self) -> None:
        self.origin = ""
        self.markup = ""
        self.taken: list[tuple[str, str]] = []


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    app = Flask("shop")

    @app.get("/")
    def form() -> str:
        return f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{shop.markup}"

    @app.post("/orders")
    def take() -> str:
        shop.taken = [(name, value) for name, values in request.form.lists() for value in values]
        return "<!doctype html><link rel=icon href=data:,>Taken"

    with serving(app) as shop.origin:
        yield shop


def show(page: Page, shop: Shop, markup: str) -> None:
    shop.markup = markup
    shop.taken = []
    page.goto(f"{shop.origin}/")


def send(extension: Extension, page: Page, button: str = "#go") -> None:
    """Press a form's button and sign what the window shows."""
    extension.window_after_click(page, button)
    extension.answer()
    page.wait_for_text("Taken", timeout_seconds=30)


def test_no_name_of_a_control_keeps_a_form_from_leaving(unlocked: Extension, page: Page, shop: Shop) -> None:
    show(page, shop, f"{FORM}{BUTTON}</form>")
    names = page.js(_PROPERTIES)
    assert {"contains", "getRootNode", "after", "submit"} <= set(names)
    page.js(_ADD_FIELDS, names)
    send(unlocked, page)
    assert [name for name, _ in shop.taken] == [*names, SIGNATURE]


def test_a_button_outside_its_form_sends_it(unlocked: Extension, page: Page, shop: Shop) -> None:
    outside = "<button id=out form=form name=way value=fast>Out</button>"
    show(page, shop, f"{FORM}<input name=item value=Lamp></form>{outside}")
    send(unlocked, page, "#out")
    assert shop.taken[:2] == [("item", "Lamp"), ("way", "fast")]


def test_a_button_that_the_page_takes_from_its_form_meanwhile_sends_nothing(
    unlocked: Extension, page: Page, shop: Shop
) -> None:
    outside = "<button id=out form=form name=way value=fast>Out</button>"
    show(page, shop, f"{FORM}<input name=item value=Lamp></form>{outside}")
    window = unlocked.window_after_click(page, "#out")
    page.js("() => document.querySelector('#out').removeAttribute('form')")
    window.click("[data-test=agree]")
    window.wait_for_text("The page changed the form", timeout_seconds=30)
    assert shop.taken == []


def test_a_value_that_the_browser_would_fill_in_leaves_as_it_was_signed(
    unlocked: Extension, page: Page, shop: Shop
) -> None:
    show(page, shop, f"{FORM}<textarea name=_charset_>mine</textarea><input type=hidden name=_charset_>{BUTTON}</form>")
    send(unlocked, page)
    assert [value for name, value in shop.taken if name == "_charset_"] == ["mine", "UTF-8"]


def test_no_handler_of_a_navigation_gets_the_signature(unlocked: Extension, page: Page, shop: Shop) -> None:
    show(page, shop, f"{_LISTEN}{FORM}<input name=item value=Lamp>{BUTTON}</form>")
    send(unlocked, page)
    assert SIGNATURE in dict(shop.taken)
    assert SIGNATURE not in page.js("() => sessionStorage.heard ?? ''")
