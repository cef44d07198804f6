"""Messages that leave unencrypted: the line before, the ways, what is remembered, and the red question."""

from __future__ import annotations

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_all_along as alice_all_along
from webbridge.demo.accounts import EXPIRING, REVOKED, Account
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/unencrypted.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

PEOPLE = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"
COUNT = "(selector) => document.querySelectorAll(selector).length"
IS_ON = "() => document.querySelector('[data-test=switch-encrypt]').checked"
STRANGERS = [f"stranger{number}@example.test" for number in range(30)]


def begin(pages: MailPages, to: list[str]) -> None:
    pages.page.click(named("write"))
    pages.page.wait_for_selector(named("compose-form"))
    pages.page.fill(named("compose-to"), ",".join(to) + ",")
    pages.page.fill(named("compose-text"), "Every word of it.")


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """The messages to people without a mailbox, whom the mail server accepts while a test runs."""
    mails: list[tuple[str, bytes]] = []
    deliver, has_account = MemoryMailServer.deliver, MemoryMailServer.has_account

    async def note(server: MemoryMailServer, address: str, raw: bytes) -> None:
        if has_account(server, address):
            await deliver(server, address, raw)
        else:
            mails.append((address, raw))

    monkeypatch.setattr(MemoryMailServer, "has_account", lambda _server, _address: True)
    monkeypatch.setattr(MemoryMailServer, "deliver", note)
    return mails


def press_send(pages: MailPages) -> None:
    pages.wait_until_sendable()
    pages.page.click(named("send"))


def wait_until_sent(pages: MailPages) -> None:
    pages.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)


def question(pages: MailPages) -> str:
    """The text of the red question."""
    pages.page.wait_for_selector(named("unencrypted-confirm"), timeout_seconds=OPERATION_SECONDS)
    pages.page.wait_until_calm()
    return pages.page.text("dialog")


def discard(pages: MailPages) -> None:
    pages.page.click(named("discard"))


@pytest.mark.thorough
def test_thirty_missing_certificates_are_one_group(alice: MailPages, bob: Account) -> None:
    begin(alice, [bob.address, *STRANGERS])
    group = f'{named("obstacle")}[data-code="certificates"]'
    alice.page.wait_for_text("30", selector=group, timeout_seconds=OPERATION_SECONDS)
    assert alice.page.js(COUNT, named("obstacle")) == 1
    assert alice.page.js(COUNT, f"{group} button") == 4
    alice.page.click(named("remedy-look-up-all"))
    alice.page.wait_for_text("30", selector=group, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("remedy-remove-all"))
    assert alice.page.js(PEOPLE) == [bob.address]
    alice.wait_until_sendable()
    assert alice.page.value(named("compose-text")) == "Every word of it."
    discard(alice)


def test_a_stranger_is_written_to_unencrypted_and_the_line_above_send_says_so_before(
    alice: MailPages, posted: list[tuple[str, bytes]]
) -> None:
    stranger = STRANGERS[0]
    begin(alice, [stranger])
    alice.wait_until_sendable()
    line = alice.page.text(named("leaves"))
    assert "No certificate was ever found for" in line
    assert stranger in line
    assert "so the message is sent unencrypted" in line
    assert "anyone can read it" in line
    assert find_violations(alice.page) == []
    press_send(alice)
    wait_until_sent(alice)
    assert [address for address, _ in posted] == [stranger]
    assert b"Every word of it." in posted[0][1]


def test_send_unencrypted_sends(alice: MailPages, posted: list[tuple[str, bytes]]) -> None:
    begin(alice, STRANGERS[1:2])
    alice.page.click(named("remedy-encrypt-off"), timeout_seconds=OPERATION_SECONDS)
    wait_until_sent(alice)
    assert [address for address, _ in posted] == STRANGERS[1:2]


def test_a_press_before_the_look_up_has_ended_sends_nothing_unencrypted(
    alice: MailPages, posted: list[tuple[str, bytes]]
) -> None:
    begin(alice, [])
    alice.page.js(IN_PAGE["holdLookUps"])
    alice.page.fill(named("compose-to"), f"{STRANGERS[2]},")
    alice.page.wait_for("() => lookUps.length === 1")
    alice.page.click(named("send"))
    alice.page.js("() => lookUps.shift()()")
    alice.page.wait_for_text("so the message is sent unencrypted", selector=named("leaves"))
    assert posted == []
    press_send(alice)
    wait_until_sent(alice)
    assert [address for address, _ in posted] == STRANGERS[2:3]
    alice.page.js("() => releaseLookUps()")


def test_a_revoked_certificate_asks_in_red_with_the_cause(alice: MailPages, posted: list[tuple[str, bytes]]) -> None:
    begin(alice, [REVOKED])
    press_send(alice)
    asked = question(alice)
    assert REVOKED in asked
    assert "The certificate was revoked." in asked
    assert alice.page.js(IN_PAGE["sendingUnencryptedAsksInRed"], named("unencrypted-confirm"))
    alice.page.click("dialog button:not(.danger)")
    assert posted == []
    assert alice.page.value(named("compose-text")) == "Every word of it."
    press_send(alice)
    question(alice)
    alice.page.click(named("unencrypted-confirm"))
    wait_until_sent(alice)
    assert [address for address, _ in posted] == [REVOKED]
    assert b"Every word of it." in posted[0][1]


def test_nobody_who_can_read_it_encrypted_is_written_to_unencrypted_for_a_stranger_without_a_question(
    alice: MailPages, bob: Account, posted: list[tuple[str, bytes]]
) -> None:
    begin(alice, [bob.address, STRANGERS[3]])
    press_send(alice)
    asked = question(alice)
    assert "can be encrypted for" in asked
    assert bob.address in asked
    assert STRANGERS[3] in asked
    alice.page.click("dialog button:not(.danger)")
    assert posted == []
    discard(alice)


def test_a_look_up_that_fails_now_asks_in_red(alice: MailPages, posted: list[tuple[str, bytes]]) -> None:
    begin(alice, [])
    alice.page.js(IN_PAGE["failLookUps"])
    alice.page.fill(named("compose-to"), f"{STRANGERS[4]},")
    press_send(alice)
    assert "could not be looked up" in question(alice)
    alice.page.click("dialog button:not(.danger)")
    assert posted == []
    alice.page.js("() => releaseLookUps()")
    discard(alice)


def test_a_person_to_whom_encrypted_mail_was_sent_is_asked_about_when_the_certificate_is_gone(
    alice: MailPages, posted: list[tuple[str, bytes]]
) -> None:
    begin(alice, [EXPIRING])
    press_send(alice)
    wait_until_sent(alice)
    assert b"pkcs7-mime" in posted[0][1]
    begin(alice, [])
    alice.page.js(IN_PAGE["forgetPeople"])
    alice.page.fill(named("compose-to"), f"{EXPIRING},")
    press_send(alice)
    assert "could read encrypted mail before" in question(alice)
    alice.page.click("dialog button:not(.danger)")
    assert len(posted) == 1
    alice.page.js("() => releaseLookUps()")
    discard(alice)


def test_the_way_is_remembered_for_everyone_at_a_domain(alice: MailPages, posted: list[tuple[str, bytes]]) -> None:
    begin(alice, ["ann@remembered.test"])
    alice.wait_until_sendable()
    alice.page.js(IN_PAGE["choose"], named("remember-way"), "domains")
    assert "For everyone at" in alice.page.text(named("remember-way"))
    press_send(alice)
    wait_until_sent(alice)
    begin(alice, ["ben@remembered.test"])
    alice.page.wait_for_text("so the message is sent unencrypted", selector=named("leaves"))
    assert alice.page.js(COUNT, named("obstacle")) == 0
    assert not alice.page.js(IN_PAGE["isShown"], named("remember-way"))
    discard(alice)
    assert [address for address, _ in posted] == ["ann@remembered.test"]


def test_a_reply_to_an_encrypted_message_stays_encrypted_until_the_person_agrees(
    alice: MailPages, demo_stack: DemoStack, posted: list[tuple[str, bytes]]
) -> None:
    alice.open_message(demo_stack.mail_server.messages(alice.account.address)[0].uid)
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-form"))
    alice.page.click(named("switch-encrypt"))
    alice.page.wait_for_selector(named("unencrypted-confirm"))
    assert alice.page.js(IS_ON)
    alice.page.click("dialog button:not(.danger)")
    assert alice.page.js(IS_ON)
    # A stranger would make the reply unencrypted, and is named in the question.
    alice.page.fill(named("compose-to"), f"{STRANGERS[5]},")
    press_send(alice)
    asked = question(alice)
    assert STRANGERS[5] in asked
    assert "The message that you reply to was encrypted" in asked
    alice.page.click("dialog button:not(.danger)")
    assert posted == []
    alice.page.click(named("discard"))


def test_a_domain_to_which_the_person_never_writes_unencrypted_is_offered_no_way(
    alice: MailPages, posted: list[tuple[str, bytes]]
) -> None:
    page = alice.page
    page.js("() => { location.hash = '#/settings/writing'; }")
    page.wait_for_selector(named("clear-never"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("clear-never"), "not a domain")
    page.click(named("clear-never-add"))
    page.wait_for_text("neither an address nor a domain", selector=named("clear-error"))
    page.fill(named("clear-never"), "Closed.test")
    page.click(named("clear-never-add"))
    card = f"{named('clear-choice')}[data-name='@closed.test'][data-way=never]"
    page.wait_for_selector(card)
    assert find_violations(page) == []
    begin(alice, ["frank@closed.test"])
    page.wait_for_selector(f"{named('obstacle')}[data-code=clear-refused]", timeout_seconds=OPERATION_SECONDS)
    assert page.js(COUNT, named("remedy-encrypt-off")) == 0
    page.click(named("switch-encrypt"))
    page.click(named("send"))
    # Send offers the parcel, which is the only way left, and no other.
    page.click(named("parcel-back"), timeout_seconds=OPERATION_SECONDS)
    assert "never to write unencrypted to" in page.text(f"{named('obstacle')}[data-code=clear-refused]")
    assert posted == []
    discard(alice)
    page.js("() => { location.hash = '#/settings/writing'; }")
    page.click(f"{card} {named('clear-remove')}", timeout_seconds=OPERATION_SECONDS)
    page.wait_for("(card) => document.querySelector(card) === null", card)
