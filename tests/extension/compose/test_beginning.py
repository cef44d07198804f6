"""The beginning of a letter: people are completed from the known ones, and sending waits for the answered message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.page import ENTER
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import (
    Webmail,
    address,
    focus_line,
    quote_original,
    readiness,
    send,
    wait_for_obstacles,
)
from tests.support.extension.driver import Site, running_site
from tests.support.extension.field_pages import People
from tests.support.extension.letters_from_bob import SECRET_WORDS, mail_from_bob

IN_PAGE = page_scripts("extension/compose/beginning.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Holds the request that opens the original back until `letGo` is called.
HOLD_ORIGINAL = IN_PAGE["holdOriginal"]
FOCUS_TEXT = "() => { document.querySelector('[data-test=compose-text]').focus(); }"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.mark.thorough(False)
def test_the_quotation_that_comes_later_leaves_the_caret_in_the_typed_words(webmail: Webmail, people: People) -> None:
    window = webmail.write(kind="reply", mail=mail_from_bob(people, encrypted=True), to=["bob@example.test"])
    window.wait_for("() => document.activeElement?.matches('[data-test=compose-text]')")
    window.type("Turn left")
    quote_original(window)
    window.js(FOCUS_TEXT)
    window.type(" here")
    written = window.value("[data-test=compose-text]")
    assert written.startswith("Turn left here")
    assert f"> {SECRET_WORDS}" in written


def test_a_recipient_is_completed_by_two_letters(webmail: Webmail) -> None:
    window = webmail.write()
    focus_line(window, "compose-cc")
    window.type("bo")
    window.wait_for_selector("[data-test=suggestion][data-address='bob@example.test'][aria-selected=true]")
    window.press(ENTER)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    assert readiness(window) == {"bob@example.test": "ready"}


def test_a_letter_waits_until_the_forwarded_message_is_open(webmail: Webmail, people: People) -> None:
    window = webmail.write(kind="forward", mail=mail_from_bob(people, encrypted=True))
    window.js(HOLD_ORIGINAL)
    address(window, "compose-to", "bob@example.test")
    wait_for_obstacles(window)
    window.click("[data-test=read-original]")
    wait_for_obstacles(window, "original")
    window.click("[data-test=send]")
    window.js("() => { globalThis.letGo(); }")
    wait_for_obstacles(window)
    assert SECRET_WORDS in window.value("[data-test=compose-text]")
    send(window)
    assert len(webmail.taken()) == 1


def test_the_focus_stays_where_the_person_writes_when_the_answered_message_names_the_people(
    webmail: Webmail, people: People
) -> None:
    window = webmail.write(kind="reply", mail=mail_from_bob(people, encrypted=True), to=["bob@example.test"])
    window.js(HOLD_ORIGINAL)
    window.click("[data-test=read-original]")
    window.click("[data-test=compose-text]")
    window.type("Turn left")
    window.js("() => { globalThis.letGo(); }")
    window.wait_for_selector("[data-test=original-state]", timeout_seconds=60)
    window.type(" here")
    assert window.value("[data-test=compose-text]").startswith("Turn left here")


@pytest.mark.parametrize("kind", ["reply", "replyAll"])
def test_a_reply_to_what_came_through_a_parcel_service_names_nobody(
    webmail: Webmail, people: People, kind: str
) -> None:
    # The service encrypts a reply and cannot sign it.
    mail = b"Sealwax-Service: parcel-reply\r\n" + mail_from_bob(people, encrypted=True, signed=False)
    # The page of the webmail proposes the sender of the mail, who is the service.
    window = webmail.write(kind=kind, mail=mail, to=["bob@example.test"])
    window.click("[data-test=read-original]")
    window.wait_for_text("nothing proves who wrote it", selector="[data-test=service-note]", timeout_seconds=60)
    assert readiness(window) == {}
    wait_for_obstacles(window, "nobody")
