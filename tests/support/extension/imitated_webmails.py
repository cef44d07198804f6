"""Imitations of webmails in the browser: how Alice signs in."""

from __future__ import annotations

from tests.support.browser.page import Page
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from tests.support.webmails.serving import Webmail


def sign_in_to_framed(tab: Page, webmail: Webmail) -> None:
    _sign_in(tab, webmail, name="benutzer", password="kennwort")


def sign_in_to_menus(tab: Page, webmail: Webmail) -> None:
    _sign_in(tab, webmail, name="user", password="password")


def _sign_in(tab: Page, webmail: Webmail, *, name: str, password: str) -> None:
    """Fill in the form, whose fields have these names."""
    tab.goto(webmail.url)
    tab.fill(f"[name={name}]", ALICE)
    tab.fill(f"[name={password}]", PASSWORDS[ALICE])
    tab.click("[type=submit]")
