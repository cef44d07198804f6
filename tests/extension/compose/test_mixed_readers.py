"""Thunderbird opens no message for a password or an ML-KEM key beside a certificate: the window asks before."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.cms.recipients.keys import Keys
from smime_core.message import decrypt_message
from smime_core.provider import NewKey
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import Webmail, address, send, wait_for_obstacles, wait_until_sendable
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import NATIVE, People

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

BOB, KIM, NOBODY = "bob@example.test", "kim@example.test", "dora@nobody.test"
CONFIRM = "[data-test=mixed-confirm]"
BACK = f"dialog:has({CONFIRM}) button:first-child"
FOCUSED = "() => document.activeElement.getAttribute('data-test')"


@pytest.fixture(scope="module", autouse=True)
def kim(extension: Extension, people: People) -> None:
    """A person with an ML-KEM key is among the contacts."""
    now = datetime.datetime.now(datetime.UTC)
    identity = run(issue_identity(people.authority, KIM, provider=NATIVE, at=now, key=NewKey.ML_KEM_768))
    (people.folder / "kim.der").write_bytes(identity.certificate.der)
    extension.keep(people=[people.folder / "kim.der"])


@pytest.fixture
def window(webmail: Webmail) -> Iterator[Page]:
    window = webmail.write(subject="Thursday", text="At one?")
    yield window
    webmail.forget()


def choose_password(window: Page, password: str) -> None:
    window.click("[data-test=remedy-password]")
    wait_for_obstacles(window, "password")
    window.click("[data-test=letter-password] [data-test=passphrase]")
    window.type(password)
    wait_for_obstacles(window)


def ask(window: Page) -> str:
    """Press Send, and return the text of the question."""
    wait_until_sendable(window)
    window.click("[data-test=send]")
    window.wait_for_selector(CONFIRM, timeout_seconds=30)
    return window.text(f"dialog:has({CONFIRM})")


def test_a_password_beside_a_certificate_is_asked_about(window: Page, webmail: Webmail, people: People) -> None:
    address(window, "compose-to", BOB, NOBODY)
    choose_password(window, "drei Möwen")
    question = ask(window)
    assert f"cannot open this message for {BOB}" in question
    assert f"encrypted for {NOBODY}, with a password" in question
    assert "ML-KEM" not in question
    window.click(BACK)
    assert window.js(FOCUSED) == "compose-to"
    ask(window)
    window.click(CONFIRM)
    window.wait_for_selector("[data-test=sent]", timeout_seconds=90)
    (taken,) = webmail.taken()
    for keys in (Keys(identities=[people.bob]), Keys(identities=[], passwords=["drei Möwen".encode()])):
        assert b"At one?" in run(decrypt_message(taken.message, keys, provider=NATIVE))


def test_both_kinds_are_named_together(window: Page) -> None:
    address(window, "compose-to", BOB, KIM, NOBODY)
    choose_password(window, "drei Möwen")
    assert f"for {KIM} and {NOBODY}, with a password or an ML-KEM key" in ask(window)
    window.click(BACK)


def test_a_person_in_bcc_has_a_message_of_their_own(window: Page, webmail: Webmail) -> None:
    address(window, "compose-to", BOB)
    address(window, "compose-bcc", KIM)
    send(window)
    assert len(webmail.taken(2)) == 2
