"""Messages that leave unencrypted from the extension: the line before, what is remembered, and the red question."""

from __future__ import annotations

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import Webmail, address, send, wait_for_obstacles
from tests.support.extension.field_pages import People
from tests.support.extension.letters_from_bob import SECRET_WORDS

IN_PAGE = page_scripts("pages/unencrypted.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


def leaves(window: Page) -> str:
    """The sentence above Send."""
    return window.text("[data-test=leaves]")


@pytest.mark.thorough(False)
def test_a_stranger_is_written_to_unencrypted_and_the_line_says_so_before(webmail: Webmail) -> None:
    window = webmail.write(text=SECRET_WORDS)
    address(window, "compose-to", "fremder@example.net")
    wait_for_obstacles(window, "certificate-none")
    assert "for fremder@example.net, so the message is sent unencrypted" in leaves(window)
    assert "anyone can read it" in leaves(window)
    assert find_violations(window) == []
    send(window)
    (taken,) = webmail.taken()
    assert "Leuchtturm" in taken.message.decode()


def test_send_unencrypted_sends(webmail: Webmail) -> None:
    window = webmail.write(text=SECRET_WORDS)
    address(window, "compose-to", "fremder@example.net")
    window.click("[data-test=remedy-encrypt-off]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    assert "Leuchtturm" in webmail.taken()[0].message.decode()


def test_the_way_is_remembered_for_everyone_at_a_domain(webmail: Webmail) -> None:
    window = webmail.write(text=SECRET_WORDS)
    address(window, "compose-to", "anna@gemerkt.example")
    wait_for_obstacles(window, "certificate-none")
    window.js(IN_PAGE["choose"], "[data-test=remember-way]", "domains")
    send(window)
    webmail.taken()
    later = webmail.write(text=SECRET_WORDS)
    address(later, "compose-to", "bert@gemerkt.example")
    later.wait_for_text("so the message is sent unencrypted", selector="[data-test=leaves]", timeout_seconds=60)
    wait_for_obstacles(later)
    assert not later.js(IN_PAGE["isShown"], "[data-test=remember-way]")


def test_a_certificate_that_cannot_be_used_asks_in_red_with_the_cause(webmail: Webmail, people: People) -> None:
    window = webmail.write(text=SECRET_WORDS)
    address(window, "compose-to", "fritz@example.net")
    wait_for_obstacles(window, "certificate-none")
    # A certificate for somebody else cannot be used for Fritz, and nothing leaves without a question now.
    (people.folder / "bob.der").write_bytes(people.bob.certificate.der)
    window.choose_files("input[data-test=remedy-choose-file]", [people.folder / "bob.der"])
    wait_for_obstacles(window, "certificate-unusable")
    assert "Sending asks you first" in leaves(window)
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=unencrypted-confirm]")
    assert "This certificate is for another address" in window.text("dialog")
    window.click("dialog button:not(.danger)")
    assert not webmail.page.js("() => document.documentElement.dataset.taken ?? null")
    window.click("[data-test=send]")
    window.wait_until_calm()
    window.click("[data-test=unencrypted-confirm]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    assert "Leuchtturm" in webmail.taken()[0].message.decode()
