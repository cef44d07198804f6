"""Formatting in the writing view: a few tags, always with plain text beside them, and nothing else in what leaves."""

from __future__ import annotations

import email
import email.policy
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from smime_core.identity import Identity
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page import BACKSPACE, CONTROL, ENTER, SHIFT, TAB
from tests.support.pages.draft_driver import SUBJECT, in_mailbox, wait_for_draft, wait_until
from tests.support.pages.draft_messages import PAGES_FIELDS, build_draft, read_draft
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.received import stack as stack
from webbridge.demo.accounts import certificate_pem
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

SWITCH, FIELD, TEXT = named("switch-formatting"), named("compose-formatted"), named("compose-text")
ARROW_LEFT, ARROW_RIGHT = "\ue012", "\ue014"
MARKUP = "(field) => document.querySelector(field).innerHTML.replaceAll('&nbsp;', ' ')"
PRESSED = """() => [...document.querySelectorAll("[data-test=format-bar] button")]
  .filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.test)"""
FOCUSED = "() => document.activeElement.dataset.test"
# The next copying gives this, as another program would.
COPIES = """(type, text) => document.addEventListener("copy", (event) => {
  event.clipboardData.setData(type, text);
  event.preventDefault();
}, { once: true })"""
HOSTILE = """<meta charset="utf-8"><style>p { color: red }</style><script>window.caught = true</script>
  <p onclick="window.caught = true" style="position:fixed">Dear <b style="font-size:90px">Bob</b>
  <img src="https://evil.test/x.png" onerror="window.caught = true"></p>
  <ul><li>one <a href="javascript:window.caught=true">two</a></li></ul>
  <iframe srcdoc="three"></iframe><svg onload="window.caught = true"></svg>"""


@pytest.fixture(scope="module")
def alice(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    yield pages
    pages.close()


def begin(pages: MailPages, subject: str = SUBJECT) -> None:
    pages.show_inbox()
    pages.page.click(named("write"))
    pages.page.fill(named("compose-subject"), subject)
    pages.page.click(SWITCH)
    pages.page.wait_for_selector(FIELD)
    assert pages.page.js(FOCUSED) == "compose-formatted"


def markup(pages: MailPages) -> str:
    written: str = pages.page.js(MARKUP, FIELD)
    return written


def paste(pages: MailPages, kind: str, text: str) -> None:
    """Paste what another program has copied."""
    pages.page.js(COPIES, kind, text)
    pages.page.press(CONTROL, "a")
    pages.page.press(CONTROL, "c")
    pages.page.press(CONTROL, "v")


def discard(pages: MailPages) -> None:
    pages.page.click(named("discard"))
    pages.page.wait_for(f"() => document.querySelector('{named('compose-form')}') === null")


def opened_by_openssl(message: bytes, reader: Identity, folder: Path) -> EmailMessage:
    """The signed content of an encrypted message, as another program reads it."""
    (folder / "message.eml").write_bytes(message)
    key = subprocess.run(
        ["openssl", "pkey", "-inform", "DER", "-out", "key.pem"],
        cwd=folder, input=reader.private_key.pkcs8_der, check=True,
    )  # fmt: skip
    assert key.returncode == 0
    (folder / "reader.pem").write_text(certificate_pem(reader.certificate))
    decrypt = ["openssl", "cms", "-decrypt", "-in", "message.eml", "-recip", "reader.pem", "-inkey", "key.pem"]
    signed = subprocess.run(decrypt, cwd=folder, capture_output=True, check=True).stdout
    (folder / "signed.eml").write_bytes(signed)
    verify = ["openssl", "cms", "-verify", "-noverify", "-in", "signed.eml"]
    content = subprocess.run(verify, cwd=folder, capture_output=True, check=True).stdout
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_formatted_message_arrives_as_text_and_as_html(alice: MailPages, stack: DemoStack, tmp_path: Path) -> None:
    page, bob = alice.page, stack.accounts[1]
    begin(alice, "Formatted")
    page.type("Hello ")
    page.press(CONTROL, "b")
    page.type("Bob")
    assert page.js(PRESSED) == ["format-bold"]
    page.press(CONTROL, "b")
    page.press(ENTER)
    page.click(named("format-bullets"))
    page.type("one\ntwo")
    assert page.js(PRESSED) == ["format-bullets"]
    page.fill(named("compose-to"), bob.address + ",")
    alice.send()

    raw = stack.mail_server.messages(bob.address)[-1].raw
    assert b"Bob</" not in raw
    body = opened_by_openssl(raw, bob.identity, tmp_path)
    assert body.get_content_type() == "multipart/alternative"
    plain, rich = body.iter_parts()
    assert [part.get_content_type() for part in (plain, rich)] == ["text/plain", "text/html"]
    assert isinstance(plain, EmailMessage)
    assert isinstance(rich, EmailMessage)
    # The copy of the Subject is for readers without RFC 9788.
    assert plain.get_content().split() == ["Subject:", "Formatted", "Hello", "Bob", "-", "one", "-", "two"]
    copy = '<div class="header-protection-legacy-display"><pre>Subject: Formatted\r\n</pre></div>'
    assert rich.get_content().count(copy) == 1
    sent = rich.get_content().replace(copy, "").replace("\N{NO-BREAK SPACE}", " ")
    assert '<p dir="auto">Hello <strong>Bob</strong></p><ul dir="auto"><li dir="auto">one</li>' in sent
    assert not any(word in sent for word in ("style", "class", "<b>", "contenteditable"))


def test_pasted_markup_is_reduced_to_few_tags(alice: MailPages) -> None:
    page = alice.page
    begin(alice)
    page.type("x")
    paste(alice, "text/html", HOSTILE)
    page.wait_for("(field) => document.querySelector(field).textContent.includes('Dear')", FIELD)
    shown = markup(alice)
    assert "Dear <strong>Bob</strong>" in shown
    assert "<li>one two</li>" in shown
    for word in ("script", "style", "onclick", "onerror", "img", "svg", "iframe", "evil", "three", "red"):
        assert word not in shown
    assert page.js("() => window.caught") is None
    # The browser takes it back as it takes back typing.
    page.press(CONTROL, "z")
    page.wait_for("(field) => !document.querySelector(field).textContent.includes('Dear')", FIELD)
    paste(alice, "text/plain", "a <b>\n\nb")
    page.wait_for("(field) => document.querySelector(field).textContent.includes('a <b>')", FIELD)
    assert page.js("(field) => document.querySelector(field).innerText", FIELD).split() == ["a", "<b>", "b"]
    page.press(CONTROL, "u")
    page.type("c")
    assert "<u>" not in markup(alice)
    discard(alice)


@pytest.mark.thorough
def test_the_draft_keeps_the_formatting_with_its_text(alice: MailPages, stack: DemoStack) -> None:
    page = alice.page
    begin(alice)
    page.type("Turn ")
    page.press(CONTROL, "i")
    page.type("left")
    wait_for_draft(alice)
    wait_until(lambda: len(in_mailbox(stack)) == 1)
    draft = read_draft(stack.accounts[0].identity, in_mailbox(stack)[0])
    assert draft.text == "Turn left"
    assert draft.fields["html"] == "<p>Turn <em>left</em></p>"
    page.reload()
    alice.unlock()
    page.wait_for_selector(named("draft-continue"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("draft-continue"))
    page.wait_for_selector(FIELD, timeout_seconds=OPERATION_SECONDS)
    assert markup(alice) == "<p>Turn <em>left</em></p>"
    discard(alice)
    wait_until(lambda: not in_mailbox(stack))


@pytest.mark.thorough
def test_a_text_that_the_extension_has_changed_keeps_its_other_formatting(alice: MailPages, stack: DemoStack) -> None:
    fields: dict[str, Any] = {
        **PAGES_FIELDS,
        "from": alice.account.address,
        "to": [],
        "subject": SUBJECT,
        "html": "<p>Turn <strong>left</strong></p><p><em>Alice</em></p><script>x</script>",
    }
    raw = build_draft(stack.accounts[0].identity, str(uuid4()), fields, "Turn right\n\nAlice")
    stack.mail_server.append(alice.account.address, raw, "Drafts")
    alice.page.js("() => { location.hash = '#/folder/Drafts'; }")
    alice.page.wait_for_text("Drafts", selector="h1.list-title", timeout_seconds=OPERATION_SECONDS)
    row = f"{named('messages')}[aria-busy=false] {named('message-row')}"
    alice.page.wait_for_selector(row, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("message-row"))
    alice.page.wait_for_selector(FIELD, timeout_seconds=OPERATION_SECONDS)
    assert markup(alice) == "<p>Turn right</p><p><em>Alice</em></p>"
    discard(alice)
    wait_until(lambda: not in_mailbox(stack))


def test_the_switch_asks_before_formatting_is_dropped(alice: MailPages) -> None:
    page = alice.page
    begin(alice)
    page.type("Turn\n")
    # Without formatting, nothing is lost.
    page.click(SWITCH)
    page.wait_for_selector(TEXT)
    assert page.value(TEXT).strip() == "Turn"
    page.click(SWITCH)
    page.press(CONTROL, "a")
    page.press(CONTROL, "b")
    page.click(SWITCH)
    page.wait_for_selector(named("formatting-off-confirm"))
    page.js("() => document.querySelector('dialog button:not([data-agrees])').click()")
    assert "Turn" in markup(alice)
    page.click(SWITCH)
    page.click(named("formatting-off-confirm"))
    page.wait_for_selector(TEXT)
    assert page.value(TEXT).strip() == "Turn"
    assert page.js(FOCUSED) == "compose-text"
    discard(alice)


@pytest.mark.thorough
def test_a_message_with_the_switch_only_is_not_begun_and_leaves_as_plain_text(
    alice: MailPages, stack: DemoStack
) -> None:
    page, bob = alice.page, stack.accounts[1]
    page.js("() => { location.hash = '#/folder/inbox'; }")
    alice.show_inbox()
    page.click(named("write"))
    page.click(SWITCH)
    page.wait_for_selector(FIELD)
    discard(alice)
    begin(alice, "Plain")
    page.type("Turn left")
    page.click(named("switch-sign"))
    page.click(named("switch-encrypt"))
    page.fill(named("compose-to"), bob.address + ",")
    alice.send()
    raw = stack.mail_server.messages(bob.address)[-1].raw
    assert email.message_from_bytes(raw).get_content_type() == "text/plain"
    assert b"Turn left" in raw


def test_links_and_the_bar_work_by_keyboard(alice: MailPages) -> None:
    page = alice.page
    begin(alice)
    page.type("Map")
    page.press(CONTROL, "a")
    page.press(CONTROL, "k")
    page.wait_for_selector(named("link-dialog"))
    assert find_violations(page) == []
    page.type("javascript:alert(1)" + ENTER)
    page.wait_for_text("no web address", selector=named("link-error"))
    page.fill(named("link-address"), "map.example.test/a?b=1")
    page.press(ENTER)
    page.wait_for("(field) => document.querySelector(field).querySelector('a') !== null", FIELD)
    assert '<a href="https://map.example.test/a?b=1">Map</a>' in markup(alice)
    assert page.js(FOCUSED) == "compose-formatted"
    page.click(f"{FIELD} a")
    assert "#/" in page.url

    page.press(SHIFT, TAB)
    assert page.js(FOCUSED) == "format-bold"
    page.press(ARROW_RIGHT)
    assert page.js(FOCUSED) == "format-italic"
    page.press(ARROW_LEFT)
    page.press(ARROW_LEFT)
    assert page.js(FOCUSED) == "format-link"
    assert find_violations(page) == []
    page.set_viewport(390, 844)
    assert not page.overflows_sideways()
    page.set_viewport(1100, 800)
    discard(alice)


def test_a_quotation_is_made_and_ended(alice: MailPages) -> None:
    page = alice.page
    begin(alice)
    page.type("Before\nSaid")
    page.press(CONTROL, SHIFT, "9")
    page.wait_for("(field) => document.querySelector(field).querySelector('blockquote') !== null", FIELD)
    assert page.js(PRESSED) == ["format-quote"]
    assert "style" not in markup(alice)
    page.click(named("format-quote"))
    page.wait_for("(field) => document.querySelector(field).querySelector('blockquote') === null", FIELD)
    page.press(CONTROL, "a")
    page.press(BACKSPACE)
    page.type("again")
    assert page.js("(field) => document.querySelector(field).textContent", FIELD) == "again"
    discard(alice)
