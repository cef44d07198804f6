"""Shows an encrypted mail in a page that imitates Gmail, and decrypts it there with the extension."""

from __future__ import annotations

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Frame
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.saved_webmails import READING, Service

MAIL = ".a3s"


def show_mail(page: Page, service: Service, message: bytes, *, origin: str = "") -> None:
    """Go to a page that imitates Gmail and shows this message."""
    path, service.markup, fragment = READING["Gmail"]
    service.source = message
    page.goto((origin or service.origin) + path + fragment)


def open_mail(extension: Extension, page: Page) -> Frame:
    """Click the extension's button above the mail; agree if the extension asks."""
    extension.click_button_above(page, MAIL)
    return agree_if_asked(extension, page)
