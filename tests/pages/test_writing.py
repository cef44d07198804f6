"""Writing in the pages: the first focus, the recipients of a reply, the sender's name, and spoken announcements."""

from __future__ import annotations

import email
import email.policy

import pytest

from smime_core.blocking import encrypt_bytes
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.mime.assemble import build_pkcs7_mime
from smime_core.providers.native import NativeProvider
from tests.support.browser.page import CONTROL, ENTER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_all_along as alice_all_along
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

PEOPLE = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"
FOCUSED = "() => document.activeElement.dataset.test ?? document.activeElement.localName"
SPOKEN = "() => document.getElementById('announcer').textContent"
OPENED = """() => document.querySelector('[data-test="reading"]').getAttribute("aria-busy") === "false"
  && document.querySelector('[data-test="reply"]') !== null"""
SHOW_SENT = """() => { location.hash = "#/folder/Sent"; }"""
NEWEST_ROW = (
    """() => document.querySelector('[data-test="messages"][aria-busy=false] [data-test="message-row"]')?.dataset.uid"""
)


@pytest.fixture(scope="module")
def bob(demo_stack: DemoStack) -> Account:
    return demo_stack.accounts[1]


def open_welcome(pages: MailPages, demo_stack: DemoStack) -> None:
    pages.open_message(demo_stack.mail_server.messages(pages.account.address)[0].uid)
    pages.page.wait_for_selector(f"{named('state')}[data-state=verified]", timeout_seconds=OPERATION_SECONDS)


def test_writing_begins_with_the_recipients(alice: MailPages) -> None:
    alice.show_inbox()
    alice.page.click(named("write"))
    alice.page.wait_for_selector(named("compose-form"))
    assert alice.page.js(FOCUSED) == "compose-to"
    alice.discard()


@pytest.mark.thorough
def test_control_and_enter_send_from_the_text(alice: MailPages, bob: Account) -> None:
    alice.show_inbox()
    alice.write(to=bob.address, subject="By keys", text="Turn right at the lighthouse.")
    alice.page.press(CONTROL, ENTER)
    alice.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_a_message_leaves_for_an_address_that_was_just_typed(alice: MailPages, bob: Account) -> None:
    alice.show_inbox()
    alice.send_at_once()
    alice.page.click(named("write"))
    alice.page.wait_for_selector(named("compose-form"))
    alice.page.fill(named("compose-text"), "Turn left at the lighthouse.")
    alice.page.click(named("compose-to"))
    alice.page.type(bob.address)
    alice.page.click(named("send"))
    alice.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    assert alice.page.text(named("act-notice-text")) == "Sent, encrypted."
    assert alice.page.js("() => location.hash").startswith("#/folder/")
    alice.page.click(named("sent"))
    assert bob.address in alice.page.text(named("left"))
    assert alice.page.js(f"() => document.querySelector('{named('sent-dialog')} {named('encrypted-block')}') !== null")
    alice.page.click(named("dialog-close"))


@pytest.mark.thorough
def test_nothing_moves_under_a_press_of_the_pointer(alice: MailPages, bob: Account) -> None:
    alice.show_inbox()
    alice.page.click(named("write"))
    alice.page.wait_for_selector(named("compose-form"))
    alice.page.click(named("compose-to"))
    alice.page.type(bob.address)
    alice.page.js("() => { dispatchEvent(new PointerEvent('pointerdown')); document.activeElement.blur(); }")
    assert alice.page.js(f"() => new Promise((done) => setTimeout(() => done(({PEOPLE})()), 200))") == []
    alice.page.js("() => { dispatchEvent(new PointerEvent('pointerup')); }")
    alice.page.wait_for(f"() => ({PEOPLE})().length === 1")
    alice.discard()


def test_a_reply_begins_above_what_it_quotes(alice: MailPages, demo_stack: DemoStack) -> None:
    open_welcome(alice, demo_stack)
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-form"))
    assert alice.page.js(FOCUSED) == "compose-text"
    assert alice.page.js("() => document.activeElement.selectionEnd") == 0
    alice.discard()


def test_the_verdict_on_a_mail_is_spoken_with_that_mail_only(alice: MailPages, demo_stack: DemoStack) -> None:
    open_welcome(alice, demo_stack)
    alice.page.wait_for("() => document.getElementById('announcer').textContent.includes('Verified')")
    alice.page.click(named("write"))
    alice.page.wait_for_selector(named("compose-form"))
    assert alice.page.js(SPOKEN) == ""
    alice.discard()
    open_welcome(alice, demo_stack)
    alice.page.wait_for("() => document.getElementById('announcer').textContent.includes('Verified')")
    alice.show_inbox()
    assert alice.page.js(SPOKEN) == ""


def test_mail_leaves_under_the_persons_name_and_a_reply_in_sent_goes_to_its_reader(
    alice: MailPages, bob: Account, demo_stack: DemoStack
) -> None:
    alice.write(to=bob.address, subject="Lunch", text="At one?")
    alice.send()
    raw = demo_stack.mail_server.messages(alice.account.address, "Sent")[-1].raw
    (sender,) = email.message_from_bytes(raw, policy=email.policy.SMTP)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Alice", alice.account.address)

    alice.page.js(SHOW_SENT)
    uid = alice.page.wait_for(NEWEST_ROW, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(f'{named("message-row")}[data-uid="{uid}"]')
    alice.page.wait_for(OPENED, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-form"))
    assert alice.page.js(PEOPLE) == [bob.address]
    alice.discard()


def test_a_reply_in_sent_goes_to_nobody_whom_only_an_unprotected_field_names(
    alice: MailPages, bob: Account, demo_stack: DemoStack
) -> None:
    encrypted = encrypt_bytes(
        b"Content-Type: text/plain\r\n\r\nThe third lighthouse.\r\n",
        Encrypting(recipients=[alice.account.identity.certificate]),
        provider=NativeProvider(),
    )
    heads = f"From: {alice.account.address}\r\nTo: {bob.address}\r\nSubject: Old\r\n".encode()
    uid = demo_stack.mail_server.append(
        alice.account.address, build_pkcs7_mime(heads, encrypted, "enveloped-data"), folder="Sent"
    )
    # Another folder is shown first, because the page does not load the shown folder again by itself.
    alice.show_inbox()
    alice.page.js(SHOW_SENT)
    row = f'{named("message-row")}[data-uid="{uid}"]'
    alice.page.wait_for_selector(row, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(row)
    alice.page.wait_for(OPENED, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-form"))
    assert "> The third lighthouse." in alice.page.value(named("compose-text"))
    assert alice.page.js(PEOPLE) == []
    alice.discard()


@pytest.mark.thorough
def test_the_authorities_that_the_mail_service_trusts_are_listed(alice: MailPages, demo_stack: DemoStack) -> None:
    alice.page.js("() => { location.hash = '#/settings/people'; }")
    alice.page.wait_for_selector(named("operator-authority"), timeout_seconds=OPERATION_SECONDS)
    text = alice.page.text(named("operator"))
    authority = demo_stack.people.authority_certificate
    assert authority.common_name in text
    assert authority.fingerprint.upper()[:4] in text.upper()
    alice.page.click(named("operator-authority-details"))
    dialog = named("certificate-dialog")
    alice.page.wait_for_text(authority.common_name, selector=dialog, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("dialog-close"))
