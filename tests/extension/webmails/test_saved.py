"""The adaptors of webmails that cannot run here, with pages made after the webmails' published structure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.saved_webmails import ENCRYPTED, GMAIL_COMPOSE, READING, Service
from tests.support.extension.webmail import Adaptor, WebmailProblem

IN_PAGE = page_scripts("extension/webmails/saved.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SIGNED = ENCRYPTED.replace(b"application/pkcs7-mime", b"multipart/signed")

OUTLOOK_COMPOSE = """<meta name="application-name" content="Outlook">
<div role="main"><div data-recipients="to"><span data-address="rsa@example.test">A friend</span></div>
  <input maxlength="255" value="The harbour"><input type="file">
  <div id="editorParent_1"><div role="textbox" contenteditable="true">Typed already.</div></div></div>"""
ROUNDCUBE_COMPOSE = """<script src="program/js/app.min.js"></script><script>
rcmail.set_env({"action":"compose","identities":{"1":{"email":"rsa2@example.test"}},"request_token":"t"});
</script><form><div id="composebodycontainer"><input name="_from" value="1"><input name="_to" value="rsa@example.test">
  <input name="_subject" value="The harbour"><input type="file">
  <textarea id="composebody" name="_message">Typed already.</textarea></div></form>
<script>document.body.className = "task-mail action-compose";</script>"""
SEALWAX_COMPOSE = """<div id="app"><div class="writing stack"><form>
  <input data-test="compose-subject" value="The harbour"><input type="file">
  <textarea data-test="compose-text">Typed already.</textarea></form></div></div><div id="announcer"></div>
<script type="module" src="main.js"></script>"""

# Roundcube's page with the list of messages: its program, its settings, and a row for each message.
ROUNDCUBE_LIST = (
    '<script type="text/plain" src="program/js/app.min.js"></script>'
    "<script>rcmail = { set_env() {} };\nrcmail.set_env("
    + json.dumps(
        {"task": "mail", "action": "", "labels": {f"label{n}": "A text of some words. " * 5 for n in range(400)}}
    )
    + ");\n</script><body class='task-mail'><table id=messagelist><tbody>"
    + "".join(f"<tr id=row{n}><td class=subject>Subject {n}</td></tr>" for n in range(200))
    + "</tbody></table>"
)
MAX_MILLISECONDS_OF_A_LOOK = 3

WRITING = {
    "Gmail": ("/mail/u/0/", GMAIL_COMPOSE, ""),
    "Outlook": ("/mail/compose", OUTLOOK_COMPOSE, ""),
}
ALL_WRITING = {
    **WRITING,
    "Roundcube": ("/?_task=mail&_action=compose", ROUNDCUBE_COMPOSE, ""),
    "Sealwax": ("/", SEALWAX_COMPOSE, ""),
}
# The signs by which each adaptor recognises a window for writing, in order.
WRITING_SIGNS = {
    "Gmail": (
        "subjectbox",
        'name="from"',
        'name="to"',
        "data-hovercard-id",
        'role="dialog"',
        'role="textbox"',
        'type="file"',
    ),
    "Outlook": ("data-recipients", "data-address", 'maxlength="255"', "editorParent", 'role="textbox"', 'type="file"'),
    "Roundcube": (
        "rcmail.set_env",
        '"action"',
        '"_message"',
        "composebodycontainer",
        "_from",
        "_to",
        "_subject",
        "<form",
    ),
    "Sealwax": ("compose-text", "compose-subject"),
}


@pytest.fixture
def page(extension: Extension, service: Service) -> Iterator[Page]:
    service.sources.clear()
    service.posted.clear()
    service.source = ENCRYPTED
    page = extension.browser.open("about:blank")
    yield page
    page.close()


def show(page: Page, service: Service, place: tuple[str, str, str]) -> None:
    path, service.markup, fragment = place
    page.goto(service.origin + path + fragment)


@pytest.mark.parametrize("webmail", READING)
def test_the_source_is_fetched_by_the_webmails_own_way(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, READING[webmail])
    assert adaptor.source(page) == ENCRYPTED
    assert len(service.sources) == 1


@pytest.mark.parametrize(
    "imitation",
    ['<div data-legacy-message-id="evil"><div class=a3s>Words</div></div>', '<p data-legacy-message-id="2">Words'],
)
def test_the_text_of_a_mail_names_no_other_message(
    adaptor: Adaptor, page: Page, service: Service, imitation: str
) -> None:
    path, markup, fragment = READING["Gmail"]
    show(page, service, (path, markup.replace("An encrypted attachment.", imitation), fragment))
    assert adaptor.source(page) == ENCRYPTED
    assert ["th=18c0ffee" in source for source in service.sources] == [True]


@pytest.mark.parametrize("webmail", READING)
def test_a_page_instead_of_the_source_is_no_message(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, READING[webmail])
    service.source = b"<!doctype html><title>Sign in</title>"
    with pytest.raises(WebmailProblem, match="source-not-found"):
        adaptor.source(page)


@pytest.mark.parametrize("webmail", READING)
def test_a_message_view_of_another_markup_is_not_understood(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    path, markup, fragment = READING[webmail]
    for known in ("a3s", "UniqueMessageBody_1", 'role="document"'):
        markup = markup.replace(known, "new")
    show(page, service, (path, markup, fragment))
    with pytest.raises(WebmailProblem, match="page-not-understood"):
        adaptor.source(page)


def test_a_note_on_a_page_goes_for_good_once_the_page_is_understood(
    adaptor: Adaptor, page: Page, service: Service
) -> None:
    path, markup, fragment = READING["Gmail"]
    show(page, service, (path, markup.replace("a3s", "later"), fragment))
    wait_for_notes(adaptor, page, lambda notes: "does not understand this page of Gmail" in notes)
    page.js("() => { document.querySelector('.later').classList.add('a3s'); document.body.append('Drawn.'); }")
    wait_for_notes(adaptor, page, lambda notes: notes == "")
    for _ in range(3):
        page.js("() => { document.body.lastChild.remove(); document.body.append('Drawn anew.'); }")
        time.sleep(0.5)
        assert adaptor.notes(page) == ""


@pytest.mark.parametrize("webmail", WRITING)
def test_the_fields_of_a_letter_are_found(adaptor: Adaptor, page: Page, service: Service, webmail: str) -> None:
    show(page, service, WRITING[webmail])
    fields = adaptor.call(page, "fields")
    letter = (fields["to"], fields["subject"], fields["text"], adaptor.call(page, "delivery"))
    assert letter == (["rsa@example.test"], "The harbour", "Typed already.", "attachment")
    # The texts of the page as they are: only the core reads addresses.
    assert fields["from"] in ("", "rsa2@example.test", "Me <rsa2@example.test>")


@pytest.mark.parametrize("webmail", WRITING)
def test_an_encrypted_message_is_attached_and_left_to_the_person_to_send(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, WRITING[webmail])
    with pytest.raises(WebmailProblem, match="handed-over"):
        adaptor.send(page, ENCRYPTED, deliver="attachment", sender="rsa2@example.test", to="rsa@example.test")
    attached, shown = page.js(IN_PAGE["anEncryptedMessageIsAttachedAndLeftToThePersonToSend"])
    assert attached == ["smime.p7m.eml", len(ENCRYPTED)]
    assert shown == "See the attachment."


@pytest.mark.parametrize("webmail", WRITING)
def test_a_message_that_can_be_read_on_the_way_is_not_attached(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    show(page, service, WRITING[webmail])
    with pytest.raises(WebmailProblem, match="needs-raw-sending"):
        adaptor.send(page, SIGNED, deliver="attachment", sender="rsa2@example.test", to="rsa@example.test")
    assert page.js("() => document.querySelector('input[type=file]').files.length") == 0


def test_a_webmail_that_changes_a_thousand_times_is_looked_at_now_and_then_and_quickly(
    adaptor: Adaptor, page: Page, service: Service
) -> None:
    show(page, service, ("/roundcube/", ROUNDCUBE_LIST, ""))
    adaptor.count_offers(page)
    page.js(IN_PAGE["aWebmailThatChangesAThousandTimesIsLookedAtNowAndThenAndQuickly"])
    looks = adaptor.offers(page)
    # The scripts examine the page at most once in 300 ms, however much changes meanwhile.
    assert 1 <= len(looks) <= 50
    assert sorted(looks)[len(looks) // 2] < MAX_MILLISECONDS_OF_A_LOOK


@pytest.mark.parametrize("webmail", ALL_WRITING)
def test_a_letter_in_the_known_markup_is_understood(
    adaptor: Adaptor, page: Page, service: Service, webmail: str
) -> None:
    page.browser.expect_error("rcmail")
    show(page, service, ALL_WRITING[webmail])
    assert adaptor.call(page, "fields")["text"] == "Typed already."


@pytest.mark.parametrize(("webmail", "sign"), [(name, sign) for name, signs in WRITING_SIGNS.items() for sign in signs])
def test_a_letter_in_another_markup_is_not_understood_or_leaves_encrypted(
    adaptor: Adaptor, page: Page, service: Service, webmail: str, sign: str
) -> None:
    path, markup, fragment = ALL_WRITING[webmail]
    changed = markup.replace(sign, re.sub(r"\w+(?=\W*$)", "renewed", sign))
    assert changed != markup
    page.browser.expect_error("rcmail")
    show(page, service, (path, changed, fragment))
    refused = ""
    try:
        assert adaptor.call(page, "fields")["text"] == "Typed already."
        adaptor.send(page, ENCRYPTED, deliver="attachment", sender="rsa2@example.test", to="rsa@example.test")
        # Our own pages send a line with the envelope before the message.
        (posted,) = service.posted
        assert posted.endswith(ENCRYPTED)
    except WebmailProblem as problem:
        refused = str(problem)
    assert refused in ("", "page-not-understood", "handed-over", "sender-unknown", "webmail-refused")
    assert not any(b"Typed already" in body for body in service.posted)
    # The form has either the letter as it was typed, or the extension's sentence with the encrypted file.
    attached, shown = page.js("""() => {
      const text = document.querySelector("textarea, [contenteditable=true]");
      return [document.querySelector("[type=file]")?.files.length ?? 0, text.value ?? text.innerText];
    }""")
    assert (attached, shown) in ((0, "Typed already."), (1, "See the attachment."))


def wait_for_notes(adaptor: Adaptor, page: Page, fits: Callable[[str], bool]) -> None:
    """Wait until the extension's notes in the page are as expected."""
    deadline = time.monotonic() + 20
    while not fits(adaptor.notes(page)):
        assert time.monotonic() < deadline, adaptor.notes(page)
        time.sleep(0.1)
