"""The extension in a real Roundcube: where it offers itself, the bytes that it reads, and what leaves."""

from __future__ import annotations

import email
import email.policy
import email.utils

import pytest

from smime_core import blocking
from smime_core.cms.recipients.keys import Keys
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.browser.browsers import Browser
from tests.support.extension.driver import Extension
from tests.support.extension.webmail import Adaptor, RoundcubePages, WebmailProblem
from tests.support.extension.webmail_letters import ME, PEER, as_attachment, encrypted, plain, signed
from tests.support.peers.people import NOW, PROVIDER, identity, trust
from tests.support.servers import roundcube
from tests.support.servers.mail_host import MailHost
from tests.support.servers.roundcube import run_roundcube

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

BUTTON = "() => document.querySelector('%s')?.%sElementSibling?.getBoundingClientRect().height >= 44"
READ_BUTTON = BUTTON % ("#messagebody", "previous")
WRITE_BUTTON = BUTTON % ("#composebodycontainer", "previous")


@pytest.fixture(autouse=True)
def fonts_that_nobody_waits_for(browser: Browser) -> None:
    """Expect Firefox's message that it stopped loading a font of Roundcube because the next page came."""
    browser.expect_error("downloadable font")


@pytest.fixture(autouse=True)
def empty_mailboxes(request: pytest.FixtureRequest) -> None:
    mail: MailHost = request.getfixturevalue("mail")
    for account, folder in ((ME, "INBOX"), (ME, "Gesendet"), (ME, "Drafts"), (PEER, "INBOX")):
        mail.empty(account, folder)


MADE = {"signed": signed, "encrypted": encrypted, "attached": lambda: as_attachment(encrypted())}


@pytest.mark.thorough(False)
@pytest.mark.parametrize("kind", MADE)
def test_a_protected_message_is_offered_and_read_octet_for_octet(
    pages: RoundcubePages, adaptor: Adaptor, mail: MailHost, kind: str
) -> None:
    message = MADE[kind]()
    pages.show(mail.append(ME, message))
    pages.page.wait_for(READ_BUTTON)
    assert adaptor.source(pages.page) == message


@pytest.mark.thorough
def test_a_message_beside_the_list_is_offered_too(pages: RoundcubePages, mail: MailHost) -> None:
    frame = pages.preview(mail.append(ME, encrypted()))
    frame.wait_for(READ_BUTTON)


def test_a_message_without_protection_is_left_alone(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    message = plain()
    pages.show(mail.append(ME, message))
    # The scripts have examined the page before they answer.
    assert adaptor.source(pages.page) == message
    assert not pages.page.js(READ_BUTTON)


@pytest.mark.thorough
def test_a_session_that_is_over_gives_no_message(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    pages.show(mail.append(ME, encrypted()))
    pages.page.js("() => fetch('?_task=logout&_token=' + rcmail.env.request_token)")
    pages.page.browser.expect_error("401|403|Failed to load")
    with pytest.raises(WebmailProblem, match=r"source-not-found|webmail-silent"):
        adaptor.source(pages.page)
    pages.page.goto(pages.roundcube.url)
    pages.login()


def test_a_new_message_is_offered_with_what_was_typed(pages: RoundcubePages, adaptor: Adaptor) -> None:
    pages.compose()
    pages.page.wait_for(WRITE_BUTTON)
    pages.page.fill("#compose-subject", "The harbour")
    pages.page.fill("#composebody", "Typed already.")
    assert adaptor.call(pages.page, "fields") == {
        "kind": "new", "from": ME, "to": [""], "cc": [""], "subject": "The harbour", "text": "Typed already.",
    }  # fmt: skip
    assert adaptor.original(pages.page) is None


@pytest.mark.parametrize(
    ("query", "kind", "subject"),
    [
        ({"_reply_uid": "%s"}, "reply", "Re: The harbour"),
        ({"_reply_uid": "%s", "_all": "all"}, "replyAll", "Re: The harbour"),
        ({"_forward_uid": "%s"}, "forward", "Fwd: The harbour"),
    ],
    ids=["reply", "reply to all", "forward"],
)
def test_the_message_that_is_answered_or_forwarded_is_found(
    pages: RoundcubePages, adaptor: Adaptor, mail: MailHost, query: dict[str, str], kind: str, subject: str
) -> None:
    message = encrypted().replace(b"Subject:", b"Cc: carol@example.test\r\nSubject:", 1)
    uid = mail.append(ME, message)
    pages.compose(**{name: value.replace("%s", str(uid)) for name, value in query.items()})
    fields = adaptor.call(pages.page, "fields")
    assert (fields["kind"], fields["subject"], fields["text"]) == (kind, subject, "")
    # The texts of the fields as the page has them, because only the core reads addresses.
    assert fields["to"] == ["" if kind == "forward" else f"{PEER},"]
    assert fields["cc"] == ["carol@example.test," if kind == "replyAll" else ""]
    assert adaptor.original(pages.page) == message


def test_an_answer_to_one_person_stays_so_when_somebody_is_added_under_cc(
    pages: RoundcubePages, adaptor: Adaptor, mail: MailHost
) -> None:
    pages.compose(_reply_uid=str(mail.append(ME, encrypted())))
    pages.page.wait_for(WRITE_BUTTON)
    pages.page.js("() => { document.querySelector('[name=_cc]').value = 'carol@example.test'; }")
    fields = adaptor.call(pages.page, "fields")
    assert (fields["kind"], fields["to"], fields["cc"]) == ("reply", [f"{PEER},"], ["carol@example.test"])


def test_an_answered_message_without_a_name_is_found_by_its_number(
    pages: RoundcubePages, adaptor: Adaptor, mail: MailHost
) -> None:
    """Its number in the folder is not its UID, and the message with that UID is another one."""
    nameless = encrypted().replace(b"Message-ID: <plain@example.test>\r\n", b"", 1)
    mail.append(ME, signed(message_id="deleted"))
    mail.empty(ME, "INBOX")
    mail.append(ME, signed(message_id="first"))
    uid = mail.append(ME, nameless)
    assert uid > len(mail.messages(ME))
    pages.compose(_reply_uid=str(uid))
    assert adaptor.original(pages.page) == nameless


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["reply", "forward"])
def test_the_answer_to_what_is_shown_opens_roundcubes_own_form(
    pages: RoundcubePages, adaptor: Adaptor, mail: MailHost, kind: str
) -> None:
    message = encrypted()
    pages.show(mail.append(ME, message))
    pages.page.wait_for(READ_BUTTON)
    adaptor.call(pages.page, "answer", kind)
    pages.page.wait_for("() => document.querySelector('body.action-compose') !== null")
    pages.page.wait_for(WRITE_BUTTON)
    assert adaptor.call(pages.page, "fields")["kind"] == kind
    assert adaptor.original(pages.page) == message


def test_the_answered_message_is_found_among_others(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    mail.append(ME, signed(message_id="before"))
    message = encrypted(message_id="answered")
    uid = mail.append(ME, message)
    mail.append(ME, signed(message_id="after"))
    pages.compose(_reply_uid=str(uid))
    assert adaptor.original(pages.page) == message


def test_a_second_message_of_the_same_name_does_not_choose_what_is_quoted(
    pages: RoundcubePages, adaptor: Adaptor, mail: MailHost
) -> None:
    uid = mail.append(ME, signed(message_id="twice"))
    mail.append(ME, encrypted(message_id="twice"))
    pages.compose(_reply_uid=str(uid))
    assert adaptor.original(pages.page) is None


def test_the_encrypted_message_itself_is_sent(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    message = encrypted("rsa2", "rsa", sender=ME, to=PEER)
    pages.compose()
    assert adaptor.call(pages.page, "delivery") == "raw"
    adaptor.send(pages.page, message, deliver="raw", sender=ME, to=PEER)
    (arrived,) = mail.messages(PEER)
    assert email.message_from_bytes(arrived).get_content_type() == "application/pkcs7-mime"
    report = blocking.examine_message(
        arrived, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=[identity("rsa")])
    )
    assert report.state is State.VERIFIED
    assert [len(mail.messages(ME, folder)) for folder in ("Drafts", "Gesendet")] == [0, 1]
    assert mail.unread(ME, "Gesendet") == 0


def test_a_receipt_is_sent_from_the_page_of_its_mail(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    pages.show(mail.append(ME, signed()))
    shown = pages.page.url
    assert adaptor.call(pages.page, "delivery") == "raw"
    adaptor.send(pages.page, signed("rsa2", sender=ME, to=PEER), deliver="raw", sender=ME, to=PEER)
    assert [len(mail.messages(*box)) for box in ((PEER, "INBOX"), (ME, "Drafts"), (ME, "Gesendet"))] == [1, 0, 1]
    assert pages.page.url == shown


def test_a_signature_in_the_open_arrives_whole(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    message = signed("rsa2", sender=ME, to=PEER, text="From the harbour:\r\n\r\nno dot\r\n.\r\n")
    pages.compose()
    adaptor.send(pages.page, message, deliver="raw", sender=ME, to=PEER)
    (arrived,) = mail.messages(PEER)
    report = blocking.examine_message(arrived, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    assert report.state is State.VERIFIED


def test_nothing_is_sent_that_the_webmail_would_alter(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    # Roundcube takes a line "From …" after an empty one for the beginning of another message.
    message = plain(sender=ME, to=PEER, text="One.\r\n\r\nFrom the harbour\r\n")
    pages.compose()
    with pytest.raises(WebmailProblem, match="webmail-altered-message"):
        adaptor.send(pages.page, message, deliver="raw", sender=ME, to=PEER)
    assert mail.messages(PEER) == []


@pytest.mark.thorough
def test_a_refused_message_is_said_to_be_so(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    pages.compose()
    with pytest.raises(WebmailProblem, match="webmail-refused"):
        adaptor.send(pages.page, encrypted("rsa2", sender=ME), deliver="raw", sender=ME, to="nobody@example.test")
    assert [mail.messages(ME, folder) for folder in ("Drafts", "Gesendet")] == [[], []]


@pytest.mark.thorough
def test_nobody_sends_as_somebody_else(pages: RoundcubePages, adaptor: Adaptor, mail: MailHost) -> None:
    pages.compose()
    with pytest.raises(WebmailProblem, match="sender-unknown"):
        adaptor.send(pages.page, encrypted("rsa2", sender=ME), deliver="raw", sender="carol@example.test", to=PEER)
    assert mail.messages(PEER) == []


# From here on each test starts its own Roundcube, whose cookie ends the session of the shared one.
@pytest.mark.parametrize("skin", ["larry", "classic"])
def test_another_skin_is_read_and_written_in(extension: Extension, adaptor: Adaptor, mail: MailHost, skin: str) -> None:
    if absence := roundcube.absence(skin):
        pytest.skip(absence)
    message = encrypted()
    with run_roundcube(mail, skin=skin) as other:
        pages = RoundcubePages(extension.browser.open("about:blank"), other, address=ME)
        pages.show(mail.append(ME, message))
        pages.page.wait_for(READ_BUTTON)
        assert adaptor.source(pages.page) == message
        pages.compose()
        assert adaptor.call(pages.page, "fields")["kind"] == "new"
        pages.close()


@pytest.mark.thorough
def test_where_sending_on_is_switched_off_the_encrypted_message_is_attached(
    extension: Extension, adaptor: Adaptor, mail: MailHost
) -> None:
    if absence := roundcube.absence():
        pytest.skip(absence)
    with run_roundcube(mail, disabled_actions=("mail.bounce",)) as limited:
        pages = RoundcubePages(extension.browser.open("about:blank"), limited, address=ME)
        pages.compose()
        assert adaptor.call(pages.page, "delivery") == "attachment"
        pages.page.browser.expect_error("404")
        adaptor.send(pages.page, encrypted("rsa2", "rsa", sender=ME), deliver="attachment", sender=ME, to=PEER)
        pages.close()
    arrived = email.message_from_bytes(mail.messages(PEER)[0], policy=email.policy.default)
    sentence, attached = arrived.iter_parts()
    assert sentence.get_content().strip() == "See the attachment."
    assert attached.get_filename() == "smime.p7m.eml"
    assert attached.get_content_type() == "message/rfc822"
    assert b"For nobody else." not in mail.messages(PEER)[0]
    cms = attached.get_content().get_payload(decode=True)
    opened = blocking.decrypt_bytes(cms, Keys(identities=[identity("rsa")]), provider=PROVIDER)
    assert b"For nobody else." in opened.content


def test_a_skin_that_changed_is_said_not_to_be_understood(
    extension: Extension, adaptor: Adaptor, mail: MailHost
) -> None:
    if absence := roundcube.absence():
        pytest.skip(absence)
    uid = mail.append(ME, encrypted())
    changes = {'name="composeBody"': 'name="letterBody"', 'id="messagebody"': 'id="letter"'}
    with run_roundcube(mail, skin_changes=changes) as changed:
        # Roundcube's own script misses its editor.
        extension.browser.expect_error("rcube_text_editor is not defined")
        pages = RoundcubePages(extension.browser.open("about:blank"), changed, address=ME)
        pages.compose()
        with pytest.raises(WebmailProblem, match="page-not-understood"):
            adaptor.call(pages.page, "fields")
        # The scripts examine the page again when it changes, but show the sentence only once.
        pages.page.js("() => { for (let n = 0; n < 3; n += 1) document.body.append(document.createElement('p')); }")
        pages.page.js("() => new Promise((done) => setTimeout(done, 1000))")
        assert adaptor.notes(pages.page).count("does not understand this page of Roundcube") == 1
        pages.show(uid)
        with pytest.raises(WebmailProblem, match="page-not-understood"):
            adaptor.source(pages.page)
        pages.close()
    assert mail.messages(PEER) == []
