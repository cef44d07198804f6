"""A message of a ward in the pages: written by one of its people, and read by another person as "Ward 3, sent by …"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

import pytest

from roaming_keys.client import transport as client
from roaming_keys.protocol.groups.calls import store_group
from roaming_keys.protocol.groups.content import GroupContent, GroupMember, GroupVersion
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.session import Setting
from smime_core import blocking
from smime_core.ca.demo import Details, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.identity import Identity
from smime_core.mail import ProtectionMode
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.keys.people import PROVIDER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from tests.support.pages.strangers import wait_for_state
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/shared_address.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]
WARD: Final = "ward3@example.test"


@pytest.fixture(scope="module")
def stack() -> Iterator[DemoStack]:
    """A demonstration in which Alice owns the group Ward 3, from whose address the bridge lets people send."""
    with DemoStack(shared_addresses=(WARD,)) as stack:
        make_ward(stack)
        yield stack


_made: dict[str, Identity] = {}


def ward_identity(stack: DemoStack) -> Identity:
    """The identity of the ward, the same for one demonstration."""
    if stack.list_url not in _made:
        details = Details(common_name="Ward 3", crl_urls=(stack.list_url,))
        authority, at = stack.people.authority, datetime.now(UTC)
        _made[stack.list_url] = blocking.run(issue_identity(authority, WARD, provider=PROVIDER, at=at, details=details))
    return _made[stack.list_url]


def make_ward(stack: DemoStack) -> None:
    alice, at = stack.accounts[0], datetime.now(UTC)
    account = KeyAccount(server=stack.keys_url, user=alice.address, passphrase=alice.key_passphrase.encode())
    setting = Setting(transport=client.HttpTransport(stack.keys_url), provider=PROVIDER)
    device = Device(token=PROVIDER.random_bytes(32), name="the command")
    session = blocking.run(log_in(setting, account, LoginContext(device=device, known=None, at=at)))
    myself = GroupMember(user=alice.address, certificate=alice.identity.certificate)
    content = GroupContent(name="Ward 3", members=(myself,), identities=(ward_identity(stack),))
    version = GroupVersion(id="ward3", owner=alice.address, number=1)
    blocking.run(store_group(session, setting, version, content, at=at))


def unmarked(text: str) -> str:
    """A text without the marks of direction around its values."""
    return text.replace("\u2068", "").replace("\u2069", "")


def chosen_sender(pages: MailPages) -> str:
    selector = f"{named('compose-from')}:not([hidden])"
    pages.page.wait_for_selector(selector, timeout_seconds=OPERATION_SECONDS)
    chosen: str = pages.page.js("(from) => document.querySelector(from).selectedOptions[0].text", selector)
    return unmarked(chosen)


def choose_sender(pages: MailPages, address: str) -> None:
    chosen_sender(pages)
    pages.page.js(
        IN_PAGE["chooseSender"],
        named("compose-from"),
        address,
    )


@pytest.mark.thorough(False)
def test_a_message_of_a_ward_says_who_sent_it(alice: MailPages, browser: Browser, stack: DemoStack) -> None:
    writer, reader = stack.accounts
    before = {mail.uid for mail in stack.mail_server.messages(reader.address)}
    alice.write(to=reader.address, subject="Beds", text="Two are free.")
    assert chosen_sender(alice) == f"{writer.name} <{writer.address}>"
    choose_sender(alice, WARD)
    assert chosen_sender(alice) == f"Ward 3 <{WARD}>, sent by {writer.name} <{writer.address}>"
    alice.wait_until_sendable()
    assert f"Signed as {WARD}" in unmarked(alice.page.text(named("leaves")))
    alice.send()
    (message,) = [mail for mail in stack.mail_server.messages(reader.address) if mail.uid not in before]
    head = message.raw.partition(b"\r\n\r\n")[0].decode()
    assert f"From: Ward 3 <{WARD}>\r\nSender: {writer.name} <{writer.address}>\r\n" in head
    bob = MailPages(browser, stack.pages_url, reader)
    try:
        bob.enter()
        bob.open_message(message.uid)
        wait_for_state(bob, "verified")
        sentence = f"From Ward 3 <{WARD}>, unchanged. The message says that {writer.name} <{writer.address}> sent it."
        assert sentence in unmarked(bob.page.text(named("state")))
        assert bob.page.text("[data-code=sent-by]")
    finally:
        bob.close()


def test_an_answer_to_mail_of_the_ward_comes_from_the_ward(alice: MailPages, stack: DemoStack) -> None:
    writer, sender = stack.accounts
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender.address, WARD, "A question"
    message.set_content("Are there beds?\n")
    signed = blocking.sign_message(
        message.as_bytes().replace(b"\n", b"\r\n"),
        Signing(identities=[sender.identity], signing_time=datetime.now(UTC)),
        PROVIDER,
        ProtectionMode.CIPHER,
    )
    encrypting = Encrypting(recipients=[ward_identity(stack).certificate])
    # The key that the account got by the group opens it.
    stack.mail_server.append(writer.address, blocking.encrypt_message(signed, encrypting, PROVIDER))
    alice.open_message(stack.mail_server.messages(writer.address)[-1].uid)
    wait_for_state(alice, "verified")
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-text"))
    alice.page.wait_for_text(WARD, selector=named("from-note"))
    assert chosen_sender(alice) == f"Ward 3 <{WARD}>, sent by {writer.name} <{writer.address}>"


def test_nobody_without_the_key_is_offered_the_address(browser: Browser, stack: DemoStack) -> None:
    bob = MailPages(browser, stack.pages_url, stack.accounts[1])
    try:
        bob.enter()
        bob.write(to=stack.accounts[0].address, subject="Beds", text="None.")
        bob.wait_until_sendable()
        assert bob.page.js("(from) => document.querySelector(from).parentElement.hidden", named("compose-from"))
    finally:
        bob.close()


def for_the_ward(stack: DemoStack, *, is_signed: bool) -> int:
    """Encrypts a mail for Alice, with the ward in its unprotected To. Returns its UID."""
    writer, sender = stack.accounts
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender.address, WARD, "A question"
    message.set_content("Are there beds?\n")
    plain = message.as_bytes().replace(b"\n", b"\r\n")
    if is_signed:
        signing = Signing(identities=[sender.identity], signing_time=datetime.now(UTC))
        plain = blocking.sign_message(plain, signing, PROVIDER)
    encrypting = Encrypting(recipients=[writer.identity.certificate])
    return stack.mail_server.append(writer.address, blocking.encrypt_message(plain, encrypting, PROVIDER))


@pytest.mark.parametrize("is_signed", [False, True])
def test_an_unprotected_recipient_does_not_choose_the_sender_of_the_answer(
    alice: MailPages, stack: DemoStack, is_signed: bool
) -> None:
    writer, _ = stack.accounts
    alice.open_message(for_the_ward(stack, is_signed=is_signed))
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-text"))
    assert chosen_sender(alice) == f"{writer.name} <{writer.address}>"
    note = alice.page.wait_for_text("nothing proves it", selector=named("from-note"))
    assert WARD in unmarked(note)
    choose_sender(alice, WARD)
    assert alice.page.js("(note) => document.querySelector(note).hidden", named("from-note"))
    alice.discard()


def test_an_answer_that_comes_from_the_ward_says_so(alice: MailPages, stack: DemoStack) -> None:
    writer, sender = stack.accounts
    head = f"From: {sender.address}\r\nTo: {writer.address}, {WARD}\r\nSubject: A question\r\n\r\n"
    alice.open_message(stack.mail_server.append(writer.address, head.encode() + b"Are there beds?\r\n"))
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-text"))
    assert chosen_sender(alice) == f"Ward 3 <{WARD}>, sent by {writer.name} <{writer.address}>"
    note = alice.page.wait_for_text("This answer comes from that address", selector=named("from-note"))
    assert WARD in unmarked(note)
    alice.discard()
