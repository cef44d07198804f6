"""Webmails that the extension does not know by name: each lists, opens and sends messages. The extension is absent."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Chromium
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.webmail_letters import ME, PEER, encrypted, plain
from tests.support.servers import ciderwebmail, horde, sqwebmail
from tests.support.servers.ciderwebmail import CiderWebmail, run_ciderwebmail
from tests.support.servers.horde import Horde, View, run_horde
from tests.support.servers.mail_host import MailHost
from tests.support.servers.sqwebmail import SqWebMail, run_sqwebmail
from tests.support.servers.visitor import Shown, Visitor

IN_PAGE = page_scripts("extension/webmails/unknown_webmails.js")

pytestmark = [pytest.mark.server, pytest.mark.thorough]

SUBJECT = "The harbour"
HORDE_PAGES = {View.BASIC: "basic", View.DYNAMIC: "dynamic", View.MINIMAL: "minimal"}
INBOX = "SU5CT1g"
# A browser that does not know the ending of the file's name sends this type.
UNKNOWN_TYPE = "application/octet-stream"
# Horde's list ignores clicks of a mouse that has not moved, so a script presses the row.
CLICK_ROW = IN_PAGE["clickRow"]


@pytest.fixture(scope="module")
def horde_webmail(mail: MailHost) -> Iterator[Horde]:
    if absence := horde.absence():
        pytest.skip(absence)
    with run_horde(mail) as running:
        yield running


@pytest.fixture(autouse=True)
def empty_mailboxes(request: pytest.FixtureRequest) -> None:
    mail: MailHost = request.getfixturevalue("mail")
    for account in (ME, PEER):
        mail.empty(account)


def log_in_to_horde(webmail: Horde, view: View) -> Visitor:
    visitor = Visitor()
    form = visitor.get(f"{webmail.url}login.php").form("horde_user")
    values = {"horde_user": ME, "horde_pass": webmail.mail.passwords[ME], "horde_select_view": view}
    visitor.submit(form, {**values, "login_post": "1", "new_lang": "en_US"})
    return visitor


def horde_inbox(visitor: Visitor, webmail: Horde, view: View) -> Shown:
    return visitor.get(f"{webmail.url}imp/{HORDE_PAGES[view]}.php?page=mailbox&mailbox={INBOX}")


@pytest.fixture(scope="module")
def smime_p7m(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with an encrypted message that the tests attach."""
    path = tmp_path_factory.mktemp("attached") / "smime.p7m"
    content = email.message_from_bytes(encrypted(), policy=email.policy.default).get_content()
    assert isinstance(content, bytes)
    path.write_bytes(content)
    return path


def check_sent(mail: MailHost, file: Path, *, kind: str = "application/pkcs7-mime") -> None:
    """Check that the other person has received the message with the file, which the webmail has sent as `kind`."""
    (raw,) = mail.messages(PEER)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == SUBJECT
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "See the attachment."
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == file.name
    assert attached.get_content() == file.read_bytes()
    assert attached.get_content_type() == kind


@pytest.mark.parametrize("view", [View.BASIC, View.MINIMAL])
def test_horde_lists_a_message_and_opens_it(horde_webmail: Horde, mail: MailHost, view: View) -> None:
    mail.append(ME, plain())
    visitor = log_in_to_horde(horde_webmail, view)
    shown = horde_inbox(visitor, horde_webmail, view)
    assert SUBJECT in shown.text
    assert "For nobody else." in visitor.get(shown.link("page=message")).text


def test_horde_gives_the_bytes_of_an_encrypted_message(horde_webmail: Horde, mail: MailHost) -> None:
    message = encrypted()
    mail.append(ME, message)
    visitor = log_in_to_horde(horde_webmail, View.BASIC)
    shown = visitor.get(horde_inbox(visitor, horde_webmail, View.BASIC).link("page=message"))
    assert "encrypted via S/MIME" in shown.text
    assert visitor.get(shown.link("actionID=save_message")).body == message
    assert visitor.get(shown.link("fn=%2Fsmime.p7m")).content_type == "application/pkcs7-mime"


@pytest.mark.parametrize("view", [View.BASIC, View.MINIMAL])
def test_horde_sends_a_file(horde_webmail: Horde, mail: MailHost, smime_p7m: Path, view: View) -> None:
    visitor = log_in_to_horde(horde_webmail, view)
    form = visitor.get(f"{horde_webmail.url}imp/{HORDE_PAGES[view]}.php?page=compose").form("subject")
    button = {"actionID": "send_message"} if view == View.BASIC else {"a": "Send"}
    values = {"to": PEER, "subject": SUBJECT, "message": "See the attachment.", **button}
    visitor.submit(form, values, file=("upload_1", smime_p7m.name, smime_p7m.read_bytes(), UNKNOWN_TYPE))
    check_sent(mail, smime_p7m)


@pytest.fixture(scope="module")
def horde_tab(horde_webmail: Horde, chromium: Chromium) -> Iterator[Page]:
    page = chromium.open(f"{horde_webmail.url}login.php")
    page.wait_for_selector("#horde_select_view")
    page.js("(view) => { document.querySelector('#horde_select_view').value = view; }", View.DYNAMIC)
    page.fill("#horde_user", ME)
    page.fill("#horde_pass", horde_webmail.mail.passwords[ME])
    page.click("#login-button")
    page.wait_for_selector("#portal")
    yield page
    page.close()


@pytest.fixture
def horde_page(horde_tab: Page) -> Page:
    """Horde's dynamic view in a browser."""
    # Horde's scripts report the requests that they have begun when the browser goes to another page.
    horde_tab.browser.expect_error("Unexpected end of JSON input")
    return horde_tab


@pytest.mark.browser
def test_horde_lists_a_message_and_opens_it_by_scripts(horde_webmail: Horde, horde_page: Page, mail: MailHost) -> None:
    mail.append(ME, plain())
    horde_page.goto(f"{horde_webmail.url}imp/dynamic.php?page=mailbox#mbox:{INBOX}")
    horde_page.wait_for_text(SUBJECT)
    horde_page.wait_for(CLICK_ROW)
    horde_page.wait_for_text("For nobody else.", selector="#previewPane")


@pytest.mark.browser
def test_horde_sends_a_file_by_scripts(horde_webmail: Horde, horde_page: Page, mail: MailHost, smime_p7m: Path) -> None:
    horde_page.goto(f"{horde_webmail.url}imp/dynamic.php?page=compose")
    horde_page.wait_for_selector("#to")
    horde_page.fill("#to", PEER)
    horde_page.fill("#subject", SUBJECT)
    horde_page.fill("#composeMessage", "See the attachment.")
    horde_page.choose_files("#upload", [smime_p7m])
    horde_page.wait_for_text(smime_p7m.name, selector="#attach_list")
    horde_page.click("#send_button")
    horde_page.wait_for_text("Compose action completed")
    check_sent(mail, smime_p7m)


@pytest.mark.browser
def test_horde_sends_a_file_by_the_buttons_of_its_basic_form(
    horde_webmail: Horde, horde_page: Page, mail: MailHost, smime_p7m: Path
) -> None:
    # Horde's scripts for this form look for an element that is not there, and for the editor of HTML.
    horde_page.browser.expect_error("tagName|CKEDITOR is not defined")
    horde_page.goto(f"{horde_webmail.url}imp/basic.php?page=compose")
    horde_page.fill("#to", PEER)
    horde_page.fill("#subject", SUBJECT)
    horde_page.fill("#composeMessage", "See the attachment.")
    horde_page.choose_files("#upload_1", [smime_p7m])
    horde_page.click("[name=btn_send_message]")
    horde_page.wait_for("() => !document.querySelector('#composeMessage')")
    check_sent(mail, smime_p7m)


@pytest.fixture(scope="module")
def sqwebmail_webmail(mail: MailHost) -> Iterator[SqWebMail]:
    if absence := sqwebmail.absence():
        pytest.skip(absence)
    with run_sqwebmail(mail) as running:
        yield running


def log_in_to_sqwebmail(webmail: SqWebMail) -> tuple[Visitor, Shown]:
    """Log in. Returns the visitor, and the page with the list of folders."""
    visitor = Visitor()
    form = visitor.get(visitor.get(webmail.url).link("noframes=1")).form("password")
    values = {"username": ME, "password": webmail.mail.passwords[ME]}
    frames = visitor.submit(form, values, button="do.login")
    return visitor, visitor.get(frames.link("form=folders"))


def test_sqwebmail_lists_a_message_and_opens_it(sqwebmail_webmail: SqWebMail, mail: MailHost) -> None:
    mail.append(ME, plain())
    visitor, folders = log_in_to_sqwebmail(sqwebmail_webmail)
    shown = visitor.get(folders.link("form=folder&folder=INBOX"))
    assert SUBJECT.replace(" ", "&nbsp;") in shown.text
    assert "For nobody else." in visitor.get(shown.link("form=readmsg")).text


def test_sqwebmail_gives_the_bytes_of_an_encrypted_message(sqwebmail_webmail: SqWebMail, mail: MailHost) -> None:
    message = encrypted()
    mail.append(ME, message)
    visitor, folders = log_in_to_sqwebmail(sqwebmail_webmail)
    shown = visitor.get(visitor.get(folders.link("form=folder&folder=INBOX")).link("form=readmsg"))
    assert "Attachment: smime.p7m" in shown.text
    assert visitor.get(shown.link("form=fetch&download=1")).body == message.replace(b"\r\n", b"\n")
    assert visitor.get(shown.link("mimeid=1")).content_type.startswith("application/pkcs7-mime")


def test_sqwebmail_sends_a_file_from_its_second_page(
    sqwebmail_webmail: SqWebMail, mail: MailHost, smime_p7m: Path
) -> None:
    visitor, folders = log_in_to_sqwebmail(sqwebmail_webmail)
    form = visitor.get(folders.link("newmsg=1")).form("headersubject")
    values = {"headerto": PEER, "headersubject": SUBJECT, "message": "See the attachment."}
    second = visitor.submit(form, values, button="doattachments")
    file = ("uploadfile", smime_p7m.name, smime_p7m.read_bytes(), UNKNOWN_TYPE)
    second = visitor.submit(second.form("uploadfile"), {}, button="upload", file=file)
    assert "has been sent" in visitor.submit(second.form("uploadfile"), {}, button="sendmsg").text
    check_sent(mail, smime_p7m)


@pytest.fixture(scope="module")
def ciderwebmail_webmail(mail: MailHost) -> Iterator[CiderWebmail]:
    if absence := ciderwebmail.absence():
        pytest.skip(absence)
    with run_ciderwebmail(mail) as running:
        yield running


def log_in_to_ciderwebmail(webmail: CiderWebmail) -> tuple[Visitor, Shown]:
    """Log in. Returns the visitor, and the page with the list of messages."""
    visitor = Visitor()
    form = visitor.get(webmail.url).form("password")
    return visitor, visitor.submit(form, {"username": ME, "password": webmail.mail.passwords[ME]})


def test_ciderwebmail_lists_a_message_and_opens_it(ciderwebmail_webmail: CiderWebmail, mail: MailHost) -> None:
    uid = mail.append(ME, plain())
    visitor, shown = log_in_to_ciderwebmail(ciderwebmail_webmail)
    assert SUBJECT in shown.text
    assert "For nobody else." in visitor.get(shown.link(f"INBOX/{uid}")).text


def test_ciderwebmail_gives_the_bytes_of_an_encrypted_message(
    ciderwebmail_webmail: CiderWebmail, mail: MailHost
) -> None:
    message = encrypted()
    uid = mail.append(ME, message)
    visitor, shown = log_in_to_ciderwebmail(ciderwebmail_webmail)
    shown = visitor.get(shown.link(f"INBOX/{uid}"))
    assert "smime.p7m" in shown.text
    assert visitor.get(shown.link("view_source")).body == message
    assert visitor.get(shown.link("part/download")).content_type == "application/pkcs7-mime"


def test_ciderwebmail_sends_a_file(ciderwebmail_webmail: CiderWebmail, mail: MailHost, smime_p7m: Path) -> None:
    visitor, shown = log_in_to_ciderwebmail(ciderwebmail_webmail)
    form = visitor.get(shown.link("compose")).form("subject")
    values = {"to": PEER, "subject": SUBJECT, "body": "See the attachment."}
    visitor.submit(form, values, file=("attachment", smime_p7m.name, smime_p7m.read_bytes(), UNKNOWN_TYPE))
    check_sent(mail, smime_p7m, kind=UNKNOWN_TYPE)
