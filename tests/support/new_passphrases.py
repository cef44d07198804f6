"""Types new passphrases into forms of the pages and the extension, and looks whether what they answer is in sight."""

from __future__ import annotations

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import named

IN_PAGE = page_scripts("support/new_passphrases.js")
# The first field, and the field in which the passphrase is typed again.
FIELDS = ("div:first-child", ".field")
LIST_WORDS = IN_PAGE["listWords"]

NEXT = "five other words on paper"
# The last has nine code points, which are eighteen units of UTF-16 and 36 bytes of UTF-8.
SHORT = ("abcde", "nine char", "\N{CANDLE}\N{GRINNING FACE}" * 4 + "\N{GRINNING FACE}")
TOO_SHORT = "fewer than 10 characters"


def type_twice(page: Page, form: str, passphrase: str, *, before: int, current: str) -> None:
    """Type `current` into the first `before` fields of a form, and a new passphrase into the two that follow."""
    find = IN_PAGE["find"]
    for number, text in enumerate([current] * before + [passphrase] * 2):
        page.js(find, named(form), number)
        page.type(text)


def submit(page: Page, form: str) -> None:
    """Send a form by its button."""
    page.js("(form) => document.querySelector(form).requestSubmit()", named(form))


def is_in_sight(page: Page, selector: str) -> bool:
    """Whether the element is shown inside the window."""
    inside: bool = page.js(
        IN_PAGE["isInSight"],
        selector,
    )
    return inside
