"""The service worker of notifications, as the build makes it."""

from __future__ import annotations

from typing import Final

from tests.support.node_tests import check_in_node
from webbridge.pages_app import BUILT_PAGES

WORKER: Final = str(BUILT_PAGES / "new_mail_worker.js")


def test_a_push_message_shows_the_kept_title_and_nothing_of_its_content() -> None:
    check_in_node("new_mail_worker", "a push message shows the kept title and nothing of its content", WORKER)


def test_without_a_kept_title_the_notification_has_one_all_the_same() -> None:
    check_in_node("new_mail_worker", "without a kept title the notification has one all the same", WORKER)


def test_a_click_leads_to_the_open_page() -> None:
    check_in_node("new_mail_worker", "a click leads to the open page", WORKER)


def test_a_push_message_shows_nothing_while_a_page_is_visible() -> None:
    check_in_node("new_mail_worker", "a push message shows nothing while a page is visible", WORKER)
