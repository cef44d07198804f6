"""The navigation of the mail on a phone, at the bottom of the screen: the folders, the list, and the way back."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.pages.driver import named
from tests.support.pages.mail_rig import SETTLED

pytestmark = [pytest.mark.browser, pytest.mark.server]

PHONE = (390, 844)
MENU = "(state) => document.querySelector('.mail').dataset.menu === state"
MAIL = ".bar-nav a"


@pytest.mark.parametrize("link", [f'{named("folder")}[aria-current="page"]', MAIL])
def test_a_press_on_the_shown_folder_hides_the_folders(inbox: Page, link: str) -> None:
    inbox.set_viewport(*PHONE)
    if link == MAIL:
        # The page then has the address of this link.
        inbox.click(link)
    inbox.click(named("nav-menu"))
    inbox.wait_for(MENU, "open")
    inbox.click(link)
    inbox.wait_for(MENU, "closed")
    inbox.wait_for_selector(SETTLED)
