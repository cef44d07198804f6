"""A sealed mail in a page that the extension takes for a webmail, opened in its place."""

from __future__ import annotations

from tests.browser.extension_driver import Extension, Frame
from tests.browser.field_pages import agree_if_asked
from tests.browser.page import Page
from tests.browser.test_webmail_saved import READING, Service

MAIL = ".a3s"


def show_mail(page: Page, service: Service, message: bytes, *, origin: str = "") -> None:
    """A page made after Gmail's, which shows this message."""
    path, service.markup, fragment = READING["Gmail"]
    service.source = message
    page.goto((origin or service.origin) + path + fragment)


def open_mail(extension: Extension, page: Page) -> Frame:
    """Click the extension's button above the mail; agree if the extension asks."""
    extension.click_button_above(page, MAIL)
    return agree_if_asked(extension, page)
