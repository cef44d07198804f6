"""A full disk, in the extension: one sentence about the draft, and a letter that is sent once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.full_disk import full_background
from tests.support.extension.compose_driver import Webmail, send
from tests.support.extension.driver import Site, running_site

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

STATE = "[data-test=draft-state]"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.mark.thorough(False)
def test_a_letter_whose_draft_has_no_room_says_so_and_is_sent_once(webmail: Webmail) -> None:
    with full_background(webmail.extension):
        window = webmail.write(to=["bob@example.test"])
        window.fill("[data-test=compose-subject]", "The gate")
        window.fill("[data-test=compose-text]", "It opens at one.")
        window.wait_for_selector(f"{STATE}[data-state=failed]", timeout_seconds=60)
        sentence = window.text(STATE)
        assert sentence
        assert window.text().count(sentence) == 1
        send(window)
        (taken,) = webmail.taken()
        assert b"It opens at one." not in taken.message
    # No draft of what was sent is offered, and the next letter is kept again.
    window = webmail.write()
    window.wait_for("() => document.querySelector('[data-test=draft-continue]') === null")
    window.fill("[data-test=compose-text]", "Another letter")
    window.wait_for_selector(f"{STATE}[data-state=kept]", timeout_seconds=60)
    assert len(webmail.taken()) == 1
