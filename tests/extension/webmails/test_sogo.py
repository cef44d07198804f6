"""The extension in a real SOGo: the bytes that it reads, and what leaves when the person has pressed SOGo's button."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator

import pytest

from smime_core import blocking
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.sogo_pages import EDITOR, SogoPages
from tests.support.extension.webmail import Adaptor, WebmailProblem
from tests.support.extension.webmail_letters import ME, PEER, as_attached_message, encrypted, plain, signed
from tests.support.peers.people import NOW, PROVIDER, identity, trust
from tests.support.servers import sogo
from tests.support.servers.mail_host import MailHost
from tests.support.servers.sogo import Sogo, run_sogo
from tests.support.servers.started import started

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

BUTTON = "(selector) => document.querySelector(selector)?.previousElementSibling?.getBoundingClientRect().height >= 44"


@pytest.fixture(scope="module")
def webmail(mail: MailHost) -> Iterator[Sogo]:
    yield from started(sogo.absence(), run_sogo(mail))


@pytest.fixture(scope="module")
def pages(extension: Extension, webmail: Sogo) -> Iterator[SogoPages]:
    pages = SogoPages(extension.browser.open("about:blank"), webmail, address=ME)
    pages.login()
    yield pages
    pages.page.close()


@pytest.fixture
def page(pages: SogoPages) -> Page:
    return pages.page


@pytest.fixture(autouse=True)
def empty_mailboxes(mail: MailHost) -> None:
    for account in (ME, PEER):
        mail.empty(account)


@pytest.mark.parametrize("make", [signed, encrypted], ids=["signed", "encrypted"])
def test_a_protected_message_is_offered_and_read(
    page: Page, pages: SogoPages, adaptor: Adaptor, mail: MailHost, make: Callable[[], bytes]
) -> None:
    message = make()
    pages.show(mail.append(ME, message))
    page.wait_for(BUTTON, ".msg-body")
    source = adaptor.source(page)
    # SOGo changes the line ends of a message to those of its own system.
    assert source.replace(b"\r\n", b"\n") == message.replace(b"\r\n", b"\n")
    report = blocking.examine_message(
        source, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=[identity("rsa2")])
    )
    assert report.state is State.VERIFIED


def test_one_press_opens_a_mail_whose_signature_sogo_has_opened(
    extension: Extension, page: Page, pages: SogoPages, mail: MailHost
) -> None:
    form = SignatureForm.OPAQUE
    signing = Signing(identities=[identity("rsa")], signing_time=NOW, form=form)
    pages.show(mail.append(ME, blocking.sign_message(plain(), signing, provider=PROVIDER)))
    page.wait_for_text("For nobody else.", selector=".msg-body")
    extension.browser.click_toolbar_button(extension.id, page)
    page.wait_for_frame("mail_frame.html").wait_for_selector(".state-statement[data-state]", timeout_seconds=60)


def test_an_attached_message_is_offered(page: Page, pages: SogoPages, mail: MailHost) -> None:
    pages.show(mail.append(ME, as_attached_message(encrypted())))
    page.wait_for(BUTTON, ".msg-body")


def test_a_message_without_protection_is_left_alone(
    page: Page, pages: SogoPages, adaptor: Adaptor, mail: MailHost
) -> None:
    pages.show(mail.append(ME, plain()))
    assert adaptor.source(page).startswith(b"From: ")
    assert not page.js(BUTTON, ".msg-body")


def test_a_letter_leaves_encrypted_when_the_person_sends_it(
    page: Page, pages: SogoPages, adaptor: Adaptor, mail: MailHost
) -> None:
    pages.compose(PEER, "The harbour")
    page.wait_for(BUTTON, f"{EDITOR} textarea")
    page.fill(f"{EDITOR} textarea", "Typed already.")
    # The texts of the page, because only the core reads addresses: SOGo draws blanks around each.
    fields = adaptor.call(page, "fields")
    assert ["".join(text.split()) for text in fields.pop("to")] == [PEER]
    assert fields == {
        "kind": "new", "from": f"{ME} <{ME}>", "cc": [], "subject": "The harbour", "text": "Typed already.",
    }  # fmt: skip
    with pytest.raises(WebmailProblem, match="handed-over"):
        adaptor.send(page, encrypted("rsa2", "rsa", sender=ME, to=PEER), deliver="attachment", sender=ME, to=PEER)
    page.wait_for_text("smime.p7m.eml", selector=EDITOR)
    pages.send()
    (arrived,) = mail.wait_for_messages(PEER)
    sentence, attached = email.message_from_bytes(arrived, policy=email.policy.default).iter_parts()
    assert sentence.get_content().strip() == "See the attachment."
    assert attached.get_filename() == "smime.p7m.eml"
    assert b"Typed already" not in arrived
    assert attached.get_content_type() == "message/rfc822"
    opened = blocking.decrypt_bytes(
        attached.get_content().get_payload(decode=True), Keys(identities=[identity("rsa")]), provider=PROVIDER
    )
    assert b"For nobody else." in opened.content
