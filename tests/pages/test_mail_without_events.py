"""New mail where the bridge has no process of events: the page asks for the folders, and the list shows the mail."""

from __future__ import annotations

import pytest

from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/events.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_a_person_who_comes_back_to_the_page_sees_new_mail(
    visitor: MailPages, demo_stack: DemoStack, alice: Account
) -> None:
    visitor.sign_in()
    visitor.page.wait_for("() => location.hash === '#/keys'")
    visitor.page.js("() => { location.hash = '#/folder/inbox'; }")
    visitor.page.wait_for_selector(named("message-row"))
    uid = demo_stack.mail_server.append(alice.address, b"From: bob@example.test\r\nSubject: New\r\n\r\nHello\r\n")
    visitor.page.js(IN_PAGE["comeBackAfterAnHour"])
    visitor.page.wait_for_selector(f'{named("message-row")}[data-uid="{uid}"]')
    visitor.page.wait_for("() => document.title.startsWith('(')")
