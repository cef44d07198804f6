"""The extension in a real SOGo: the bytes that it reads, and what leaves when the person has pressed SOGo's button."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable, Iterator

import pytest

from smime_core import blocking
from smime_core.cms.recipients.keys import Keys
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.browser.page import ENTER, Page
from tests.support.extension.driver import Extension
from tests.support.extension.webmail import Adaptor, WebmailProblem
from tests.support.extension.webmail_letters import ME, PEER, as_attached_message, encrypted, plain, signed
from tests.support.peers.people import NOW, PROVIDER, identity, trust
from tests.support.servers import sogo
from tests.support.servers.mail_host import MailHost
from tests.support.servers.sogo import Sogo, run_sogo
from tests.support.servers.started import started

pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.thorough]

BUTTON = "(selector) => document.querySelector(selector)?.previousElementSibling?.getBoundingClientRect().height >= 44"
# SOGo shows this button only while the pointer is on another button, so a script clicks it.
CLICK_WRITE = """() => {
  const button = document.querySelector("button[ng-click='mailbox.newMessage($event)']");
  button?.click();
  return Boolean(button);
}"""
EDITOR = "md-dialog.sg-mail-editor"
LOGIN = """async (userName, password) => {
  const body = JSON.stringify({ userName, password, domain: null, language: "English", rememberLogin: 0 });
  const headers = { "content-type": "application/json" };
  return (await fetch("/SOGo/connect", { method: "POST", headers, body })).status;
}"""


@pytest.fixture(scope="module")
def webmail(mail: MailHost) -> Iterator[Sogo]:
    yield from started(sogo.absence(), run_sogo(mail))


@pytest.fixture(scope="module")
def page(extension: Extension, webmail: Sogo) -> Iterator[Page]:
    page = extension.browser.open(webmail.url)
    assert page.js(LOGIN, ME, webmail.mail.passwords[ME]) == 200
    yield page
    page.close()


@pytest.fixture(autouse=True)
def empty_mailboxes(mail: MailHost) -> None:
    for account in (ME, PEER):
        mail.empty(account)


def show(page: Page, webmail: Sogo, uid: int) -> None:
    # The addresses of two messages differ only in the fragment, and a new fragment would load nothing.
    page.goto("about:blank")
    page.goto(f"{webmail.url}so/{ME}/Mail/view#!/Mail/0/INBOX/{uid}")
    page.wait_for_selector(".msg-body", timeout_seconds=60)


@pytest.mark.parametrize("make", [signed, encrypted], ids=["signed", "encrypted"])
def test_a_protected_message_is_offered_and_read(
    page: Page, webmail: Sogo, adaptor: Adaptor, mail: MailHost, make: Callable[[], bytes]
) -> None:
    message = make()
    show(page, webmail, mail.append(ME, message))
    page.wait_for(BUTTON, ".msg-body")
    source = adaptor.source(page)
    # SOGo changes the line ends of a message to those of its own system.
    assert source.replace(b"\r\n", b"\n") == message.replace(b"\r\n", b"\n")
    report = blocking.examine_message(
        source, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=[identity("rsa2")])
    )
    assert report.state is State.VERIFIED


def test_an_attached_message_is_offered(page: Page, webmail: Sogo, mail: MailHost) -> None:
    show(page, webmail, mail.append(ME, as_attached_message(encrypted())))
    page.wait_for(BUTTON, ".msg-body")


def test_a_message_without_protection_is_left_alone(
    page: Page, webmail: Sogo, adaptor: Adaptor, mail: MailHost
) -> None:
    show(page, webmail, mail.append(ME, plain()))
    assert adaptor.source(page).startswith(b"From: ")
    assert not page.js(BUTTON, ".msg-body")


def test_a_letter_leaves_encrypted_when_the_person_sends_it(
    page: Page, webmail: Sogo, adaptor: Adaptor, mail: MailHost
) -> None:
    page.goto("about:blank")
    page.goto(f"{webmail.url}so/{ME}/Mail/view#!/Mail/0/INBOX")
    # Angular draws nothing in a tab that is not in front.
    page.activate()
    page.browser.expect_error('can.t access property "input", E is null')
    page.wait_for(CLICK_WRITE, timeout_seconds=60)
    page.wait_for(BUTTON, f"{EDITOR} textarea")
    page.fill(f"{EDITOR} input[type=text]:not([name=from], [name=subject])", PEER)
    page.press(ENTER)
    page.fill(f"{EDITOR} input[name=subject]", "The harbour")
    page.fill(f"{EDITOR} textarea", "Typed already.")
    assert adaptor.call(page, "fields") == {
        "kind": "new", "from": ME, "to": [PEER], "cc": [], "subject": "The harbour", "text": "Typed already.",
    }  # fmt: skip
    with pytest.raises(WebmailProblem, match="handed-over"):
        adaptor.send(page, encrypted("rsa2", "rsa", sender=ME, to=PEER), deliver="attachment", sender=ME, to=PEER)
    page.wait_for_text("smime.p7m.eml", selector=EDITOR)
    page.click("button[ng-click='editor.send()']")
    (arrived,) = wait_for_mail(mail)
    sentence, attached = email.message_from_bytes(arrived, policy=email.policy.default).iter_parts()
    assert sentence.get_content().strip() == "See the attachment."
    assert attached.get_filename() == "smime.p7m.eml"
    assert b"Typed already" not in arrived
    assert attached.get_content_type() == "message/rfc822"
    opened = blocking.decrypt_bytes(
        attached.get_content().get_payload(decode=True), Keys(identities=[identity("rsa")]), provider=PROVIDER
    )
    assert b"For nobody else." in opened.content


def wait_for_mail(mail: MailHost) -> list[bytes]:
    deadline = time.monotonic() + 30
    while not (arrived := mail.messages(PEER)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return arrived
